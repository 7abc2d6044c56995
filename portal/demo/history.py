"""Writes the demonstration's history in order of time, though it was played pairing by pairing.

Events and audit entries are only ever added, so their order must be right from the start: both
are held back while the steps are played, and written once all are known.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from portal import audit
from portal.extensions import db
from portal.models import AuditKind


@dataclass
class Step:
    """What happened at one moment, in one pairing or in none."""

    at: datetime
    trace: audit.Trace = field(default_factory=audit.Trace)


Steps = dict[tuple[datetime, int | None], Step]


@contextmanager
def in_order_of_time() -> Iterator[None]:
    """Hold back what is recorded inside; write it, oldest first, at the end."""
    session, steps = db.session(), Steps()
    session.flush()
    trace = audit.trace_of(session)
    before, trace.changes = trace.changes, audit.Changes()

    def hold(_session: Any, _context: Any, _instances: Any) -> None:
        _hold(steps)

    sa.event.listen(session, "before_flush", hold)
    try:
        yield
        session.flush()
    finally:
        sa.event.remove(session, "before_flush", hold)
    trace.changes.extend(before)
    _write(sorted(steps.values(), key=lambda step: step.at))


def _hold(steps: Steps) -> None:
    """Take the events of this flush, and what changed with them, away from the transaction."""
    trace = audit.trace_of(db.session())
    for event in trace.events:
        step = steps.setdefault((event.at, event.pairing_id), Step(event.at))
        event.audit_uid = step.trace.uid
        step.trace.events.append(event)
        # What changed before its event was written goes with the first one that follows.
        step.trace.changes.extend(trace.changes)
        trace.changes = audit.Changes()
        db.session.expunge(event)
    trace.events = []


def _write(steps: list[Step]) -> None:
    """Add all events, then one entry for each step that somebody took."""
    db.session.add_all([event for step in steps for event in step.trace.events])
    db.session.flush()
    for step in steps:
        events = step.trace.events
        audit.append(db.session(), _entry(step.trace), step.trace.uid, events, step.at)


def _entry(trace: audit.Trace) -> audit.Entry:
    """Describe one step as the request would have been described that took it."""
    first = trace.events[0]
    return audit.Entry(
        AuditKind.CHANGE,
        action=first.action,
        title="、".join(dict.fromkeys(event.title for event in trace.events)),
        object_type=first.object_type,
        object_id=first.object_id,
        pairing_id=first.pairing_id,
        actor_id=first.actor_id,
        actor_name=first.actor_name,
        actor_role=first.actor_role,
        actor_org=first.actor_org,
        changes=trace.told(),
    )
