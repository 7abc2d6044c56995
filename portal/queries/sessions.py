"""Log-ins of browsers as the account's pages show them, and the one behind a request."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from portal import clock, tokens
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Role, Setting, User, UserSession
from portal.policies.second_factor import SETTING


@dataclass(frozen=True)
class Limits:
    """How long a session may be ``idle``, and how long it lasts ``at_most``, used or not."""

    idle: timedelta
    at_most: timedelta


def session_behind(secret: str) -> tuple[UserSession, frozenset[Role]] | None:
    """Return the session whose secret a cookie holds, with its account, and the roles of which
    a second factor is demanded, in one statement.

    It may be over: see services.sessions.is_live.
    """
    demanded = sa.select(Setting.value).where(Setting.name == SETTING).scalar_subquery()
    found = db.session.execute(
        sa.select(UserSession, demanded).where(UserSession.token_hash == tokens.fingerprint(secret))
    ).one_or_none()
    if found is None:
        return None
    return found[0], frozenset(role for role in Role if role.value in (found[1] or []))


def live_sessions(user: User, *, limits: Limits) -> list[UserSession]:
    """Return the sessions of ``user`` that still open the portal, last seen first."""
    return list(
        db.session.scalars(
            sa.select(UserSession)
            .where(
                UserSession.user_id == user.id,
                UserSession.ended_at.is_(None),
                UserSession.seen_at >= clock.now() - limits.idle,
                UserSession.created_at >= clock.now() - limits.at_most,
            )
            .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
            .limit(100)
        )
    )


def get_own_session(session_id: int, *, viewer: User) -> UserSession:
    """Return one of the viewer's own sessions. Raises NotVisible for anybody else's."""
    found = db.session.scalar(
        sa.select(UserSession).where(UserSession.id == session_id, UserSession.user_id == viewer.id)
    )
    if found is None:
        raise NotVisible()
    return found
