"""What the rows of a workbook do not say: who else was at work, which tasks recur each year."""

from collections.abc import Sequence

import sqlalchemy as sa

from portal import clock
from portal.extensions import db
from portal.models import AuditEntry, AuditKind, Event, LibraryTask, Recurrence, Task, User
from portal.queries.events import midnight


def yearly_standards() -> set[int | None]:
    """Return the standard tasks that stand in a plan once for each year."""
    yearly = LibraryTask.recurrence == Recurrence.YEARLY
    return set(db.session.scalars(sa.select(LibraryTask.id).where(yearly)))


def changed_today(pairing_ids: Sequence[int], *, by_others_than: User) -> set[int]:
    """Return the tasks of these pairings that others than one person changed today.

    By the histories of the tasks, and by the audit log: what is changed while a plan is drawn up
    stands in the history of the plan.
    """
    since = midnight(clock.today())
    told = sa.select(Event.object_id).where(
        Event.object_type == "task",
        Event.pairing_id.in_(pairing_ids),
        Event.at >= since,
        Event.actor_id != by_others_than.id,
    )
    found = set(db.session.scalars(told))
    logged = sa.select(AuditEntry.changes).where(
        AuditEntry.kind == AuditKind.CHANGE,
        AuditEntry.pairing_id.in_(pairing_ids),
        AuditEntry.at >= since,
        AuditEntry.actor_id != by_others_than.id,
    )
    for changes in db.session.scalars(logged):
        found |= {
            int(one["id"])
            for one in changes
            if one["object"] == Task.__tablename__ and one.get("id")
        }
    return found
