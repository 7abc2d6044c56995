"""The links that were sent for an account."""

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import clock, tokens
from portal.errors import Gone, NotVisible
from portal.extensions import db
from portal.models import Invitation, User
from portal.policies.invitations import why_closed

UNKNOWN = "没有找到这个邀请链接，可能复制时少了几个字符。"


def open_invitation(secret: str) -> Invitation:
    """Return the invitation whose address carries ``secret``.

    Raises NotVisible for a secret that none has, Gone for one that is used, revoked or too old.
    """
    return _still_open(Invitation.token_hash == tokens.fingerprint(secret))


def open_invitation_by_id(invitation_id: int) -> Invitation:
    """Return an invitation that a signed session remembers. Raises NotVisible or Gone."""
    return _still_open(Invitation.id == invitation_id)


def _still_open(condition: sa.ColumnElement[bool]) -> Invitation:
    """Return the invitation that meets ``condition``, with its account."""
    invitation = db.session.scalar(
        sa.select(Invitation).where(condition).options(joinedload(Invitation.user))
    )
    if invitation is None:
        raise NotVisible(UNKNOWN)
    if sentence := why_closed(invitation, clock.now()):
        raise Gone(sentence)
    return invitation


def latest_invitation(user: User) -> Invitation | None:
    """Return the newest link sent for ``user``, whatever became of it."""
    return db.session.scalar(
        sa.select(Invitation)
        .where(Invitation.user_id == user.id)
        .order_by(Invitation.id.desc())
        .limit(1)
        .options(joinedload(Invitation.created_by), joinedload(Invitation.user))
    )
