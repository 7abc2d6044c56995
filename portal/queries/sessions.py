"""Log-ins of browsers as the account's pages show them, and the one behind a request."""

from datetime import timedelta

import sqlalchemy as sa

from portal import clock, tokens
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import User, UserSession


def session_behind(secret: str) -> UserSession | None:
    """Return the session whose secret a cookie holds, with its account, in one statement.

    It may be over: see services.sessions.is_live.
    """
    return db.session.scalar(
        sa.select(UserSession).where(UserSession.token_hash == tokens.fingerprint(secret))
    )


def live_sessions(user: User, *, idle: timedelta) -> list[UserSession]:
    """Return the sessions of ``user`` that still open the portal, last seen first."""
    return list(
        db.session.scalars(
            sa.select(UserSession)
            .where(
                UserSession.user_id == user.id,
                UserSession.ended_at.is_(None),
                UserSession.seen_at >= clock.now() - idle,
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
