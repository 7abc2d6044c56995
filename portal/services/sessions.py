"""Log-ins of browsers: begun, kept alive, ended here or from elsewhere.

The cookie holds a secret, the table its fingerprint. A session that has ended, or in which
nothing was asked for too long, opens nothing any more.
"""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from portal import clock, tokens
from portal.extensions import db
from portal.models import User, UserSession
from portal.policies import accounts as policy
from portal.policies.decision import require
from portal.workflow import record

REFRESHED = timedelta(minutes=5)
"""A session that was seen so lately need not be written again."""


@dataclass(frozen=True)
class Visit:
    """From where somebody comes: the network address, and what the browser calls itself."""

    address: str = ""
    agent: str = ""


def begin_session(user: User, *, visit: Visit, way: str = "password") -> str:
    """Begin a session of ``user`` and return its secret, which goes into the cookie.

    ``way`` says how the person came in: ``password``, or the name of a provider.
    """
    now, secret = clock.now(), tokens.new_secret()
    db.session.add(
        UserSession(
            token_hash=tokens.fingerprint(secret),
            user_id=user.id,
            created_at=now,
            seen_at=now,
            address=visit.address[:45],
            agent=visit.agent[:200],
            way=way,
        )
    )
    db.session.flush()
    return secret


def is_live(session: UserSession, idle: timedelta) -> bool:
    """Whether ``session`` still opens the portal: not ended, and used within ``idle``."""
    return session.ended_at is None and clock.now() - session.seen_at <= idle


def needs_refresh(session: UserSession, idle: timedelta) -> bool:
    """Whether it is time to write that ``session`` is in use; seldom, for it is in every request.

    Where little idleness is allowed it is written more often, or people at work would be
    logged out.
    """
    return clock.now() - session.seen_at >= min(REFRESHED, idle / 4)


def refresh(session: UserSession) -> None:
    """Write that ``session`` is in use. One that was ended meanwhile stays so."""
    session.seen_at = clock.now()
    db.session.flush()


def end_session(session: UserSession, *, why: str) -> None:
    """End one session; one that is over already stays as it was."""
    if session.ended_at is None:
        session.ended_at, session.ended_why = clock.now(), why
        db.session.flush()


def end_sessions(user: User, *, why: str, but: UserSession | None = None) -> int:
    """End every session of ``user`` except ``but``; return how many were open."""
    open_ones = db.session.scalars(
        sa.select(UserSession).where(UserSession.user_id == user.id, UserSession.ended_at.is_(None))
    )
    others = [one for one in open_ones if but is None or one.id != but.id]
    for one in others:
        end_session(one, why=why)
    return len(others)


def leave_elsewhere(user: User, *, here: UserSession, there: UserSession | None = None) -> int:
    """Let ``user`` log out one session ``there``, or all but the one ``here``; return how many."""
    if there is None:
        ended = end_sessions(user, why="elsewhere", but=here)
    else:
        ended = int(there.ended_at is None)
        end_session(there, why="elsewhere")
    if ended:
        record(user, "user", action="session_ended", title="退出其他设备上的登录", actor=user)
    return ended


def put_out(user: User, *, actor: User) -> int:
    """Let the security administrator end every session of ``user``; return how many.

    Raises Forbidden.
    """
    require(policy.can_end_sessions(actor, user))
    ended = end_sessions(user, why="keeper")
    if ended:
        title = "由安全管理员退出全部登录"
        record(user, "user", action="session_ended", title=title, actor=actor, tone="warning")
    return ended
