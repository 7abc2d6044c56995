"""The history of one object: the events written when its state changed."""

from collections.abc import Sequence

import sqlalchemy as sa

from portal.extensions import db
from portal.models import Event


def history_of(
    object_type: str, object_id: int, *, more: Sequence[str] = (), limit: int = 200
) -> list[Event]:
    """Return the object's events, newest first. The caller has loaded the object in scope.

    ``more`` names further kinds of event about the same object that the viewer may read.
    """
    return list(
        db.session.scalars(
            sa.select(Event)
            .where(Event.object_type.in_([object_type, *more]), Event.object_id == object_id)
            .order_by(Event.id.desc())
            .limit(limit)
        )
    )
