"""Log-ins of browsers: begun, kept alive, ended here or from elsewhere.

The cookie holds a secret, the table its fingerprint. A session that has ended, or in which
nothing was asked for too long, opens nothing any more.
"""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from portal import clock, sealing, tokens
from portal.extensions import db
from portal.models import UploadLink, User, UserIdentity, UserSession
from portal.policies import accounts as policy
from portal.policies.decision import require
from portal.queries.sessions import Limits
from portal.workflow import record

REFRESHED = timedelta(minutes=5)
"""A session that was seen so lately need not be written again."""

OWN_ENDS = ("log_out", "replaced")
"""Ends that say nothing against the person who is about to come in."""


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


def has_run_out(session: UserSession, limits: Limits) -> bool:
    """Whether ``session`` was left idle, or lasts, too long. Nobody has ended it."""
    now = clock.now()
    late = now - session.seen_at > limits.idle or now - session.created_at > limits.at_most
    return session.ended_at is None and late


def is_live(session: UserSession, limits: Limits) -> bool:
    """Whether ``session`` still opens the portal: not ended, and not run out."""
    return session.ended_at is None and not has_run_out(session, limits)


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
    """End every session of ``user`` except ``but``, and the links of their phones; return how
    many were open."""
    open_ones = db.session.scalars(
        sa.select(UserSession).where(UserSession.user_id == user.id, UserSession.ended_at.is_(None))
    )
    others = [one for one in open_ones if but is None or one.id != but.id]
    for one in others:
        end_session(one, why=why)
    # What a phone was let in by is a way in as well.
    db.session.execute(
        sa.update(UploadLink)
        .where(UploadLink.user_id == user.id, UploadLink.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    return len(others)


def standing_of(user: User, way: str) -> str:
    """Return a mark that changes with whatever takes a log-in in progress its ground away.

    A new password, an identity of the provider ``way`` unlinked, sessions ended by somebody.
    """
    ended = sa.select(sa.func.max(UserSession.ended_at)).where(
        UserSession.user_id == user.id, UserSession.ended_why.not_in(OWN_ENDS)
    )
    linked = sa.select(sa.func.max(UserIdentity.id)).where(
        UserIdentity.user_id == user.id, UserIdentity.provider == way
    )
    facts = db.session.execute(sa.select(ended.scalar_subquery(), linked.scalar_subquery())).one()
    return sealing.mark("\x1f".join(map(str, (user.password_hash, *facts))))


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
