"""What was parked when a log-in ran out, for its owner alone."""

from datetime import timedelta

import sqlalchemy as sa

from portal import clock, tokens
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import ParkedForm, User

KEPT = timedelta(hours=24)
"""How long somebody has to come back for it."""


def find_parked(secret: str, *, viewer: User) -> ParkedForm | None:
    """Return what the viewer parked under ``secret``, if it is still kept."""
    return db.session.scalar(
        sa.select(ParkedForm).where(
            ParkedForm.token_hash == tokens.fingerprint(secret),
            ParkedForm.user_id == viewer.id,
            ParkedForm.created_at >= clock.now() - KEPT,
        )
    )


def get_parked(secret: str, *, viewer: User) -> ParkedForm:
    """Return what the viewer parked under ``secret``. Raises NotVisible."""
    found = find_parked(secret, viewer=viewer)
    if found is None:
        raise NotVisible()
    return found
