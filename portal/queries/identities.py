"""Who somebody is at a hospital's own log-in service."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import User, UserIdentity
from portal.policies.accounts import visible_users


def identities_of(user: User) -> Sequence[UserIdentity]:
    """Return the identities linked to ``user``, oldest first."""
    return db.session.scalars(
        sa.select(UserIdentity).where(UserIdentity.user_id == user.id).order_by(UserIdentity.id)
    ).all()


def get_identity(identity_id: int, *, viewer: User) -> UserIdentity:
    """Return an identity of the viewer, or of an account they keep. Raises NotVisible."""
    identity = db.session.scalar(
        sa.select(UserIdentity)
        .join(User, User.id == UserIdentity.user_id)
        .where(
            UserIdentity.id == identity_id,
            sa.or_(User.id == viewer.id, visible_users(viewer)),
        )
        .options(joinedload(UserIdentity.user))
    )
    if identity is None:
        raise NotVisible()
    return identity


def identity_at(provider: str, subject: str) -> UserIdentity | None:
    """Return the identity that the service ``provider`` calls ``subject``."""
    return db.session.scalar(
        sa.select(UserIdentity)
        .where(UserIdentity.provider == provider, UserIdentity.subject == subject)
        .options(joinedload(UserIdentity.user))
    )
