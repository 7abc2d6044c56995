"""What waits for a reviewer: the queue of closures, oldest first, one keyset page at a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from portal import clock
from portal.extensions import db
from portal.models import (
    ClosureRequest,
    Event,
    EvidenceUse,
    LabelledEnum,
    Pairing,
    Role,
    Task,
    TaskState,
    User,
)
from portal.policies.scope import visible_tasks
from portal.workdays import workdays_between
from portal.workflow.closure import rejected_since

PAGE = 50
COUNT_LIMIT = 1000
"""Counting stops here: an exact count of a long queue costs more than it tells."""
LOOK_BACK_AFTER_DAYS = 90
"""A look-back is due from three months after closure on (domain-facts §9.1.8)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Queue(LabelledEnum):
    """The queues there are; a reviewer works on one at a time."""

    CONFIRM = "confirm", "待确认"
    VERIFY = "verify", "待核验"
    LOOK_BACK = "look-back", "回头看"

    @property
    def state(self) -> TaskState:
        """The state of the tasks in it."""
        return _STATES[self]


_STATES = {
    Queue.CONFIRM: TaskState.CLOSURE_REQUESTED,
    Queue.VERIFY: TaskState.CONFIRMED,
    Queue.LOOK_BACK: TaskState.CLOSED,
}


@dataclass(frozen=True)
class Mark:
    """A place in a queue: since when a task has been there, and its id."""

    since: datetime
    task_id: int

    @classmethod
    def of(cls, task: Task) -> "Mark":
        """Return where ``task`` stands. Take it before a step moves the task."""
        return cls(task.state_since, task.id)

    @classmethod
    def read(cls, text: str | None) -> "Mark | None":
        """Return the mark written in an address, or None for anything else."""
        found = re.fullmatch(r"(\d{1,17})-(\d{1,9})", text or "")
        if found is None:
            return None
        return cls(_EPOCH + timedelta(microseconds=int(found[1])), int(found[2]))

    def __str__(self) -> str:
        return f"{(self.since - _EPOCH) // timedelta(microseconds=1)}-{self.task_id}"


@dataclass(frozen=True)
class QueueRow:
    """One task in the queue."""

    task: Task
    request: ClosureRequest
    waiting_days: int
    look_back_due: bool
    rejected: int
    """How many pieces of the waiting round were not accepted: it can only be returned."""


@dataclass(frozen=True)
class QueuePage:
    """One page of a queue. ``total`` counts up to COUNT_LIMIT + 1; ``after`` opens the next."""

    queue: Queue
    rows: list[QueueRow]
    total: int
    after: Mark | None

    @property
    def total_words(self) -> str:
        """The count as the page says it."""
        return f"{COUNT_LIMIT}+" if self.total > COUNT_LIMIT else str(self.total)


@dataclass(frozen=True)
class Neighbours:
    """The tasks before and after one in its queue; None at the ends."""

    before: int | None
    after: int | None


def queues_of(viewer: User) -> list[Queue]:
    """Return the queues ``viewer`` works on."""
    if viewer.role is Role.CENTRE_REVIEWER:
        return [Queue.VERIFY, Queue.LOOK_BACK]
    return [Queue.CONFIRM] if viewer.role is Role.BASE_LEADER else []


def queue_page(queue: Queue, viewer: User, after: Mark | None = None) -> QueuePage:
    """Return the tasks that wait in ``queue`` for ``viewer``, oldest first: four queries."""
    conditions = [*_waiting(queue, viewer), *([_later(after)] if after else [])]
    tasks = db.session.scalars(
        sa.select(Task)
        .where(*conditions)
        .options(
            joinedload(Task.pairing).joinedload(Pairing.supporting),
            joinedload(Task.pairing).joinedload(Pairing.supported),
            selectinload(Task.closure_requests).joinedload(ClosureRequest.requested_by),
            selectinload(Task.evidence_uses).joinedload(EvidenceUse.evidence),
        )
        .order_by(Task.state_since, Task.id)
        .limit(PAGE + 1)
    ).all()
    return QueuePage(
        queue,
        [_row(task, clock.today()) for task in tasks[:PAGE]],
        count_waiting(queue, viewer),
        Mark.of(tasks[PAGE - 1]) if len(tasks) > PAGE else None,
    )


def count_waiting(queue: Queue, viewer: User) -> int:
    """Return how many tasks wait for ``viewer``, at most COUNT_LIMIT + 1."""
    some = sa.select(Task.id).where(*_waiting(queue, viewer)).limit(COUNT_LIMIT + 1)
    return db.session.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0


def neighbours(queue: Queue, viewer: User, mark: Mark) -> Neighbours:
    """Return the ids of the tasks just before and just after ``mark``."""
    before = db.session.scalar(
        sa.select(Task.id)
        .where(*_waiting(queue, viewer), _earlier(mark))
        .order_by(Task.state_since.desc(), Task.id.desc())
        .limit(1)
    )
    return Neighbours(before, _first(queue, viewer, _later(mark)))


def next_in_queue(queue: Queue, viewer: User, mark: Mark) -> int | None:
    """Return the task to open after the one at ``mark`` is done: the next one, else the oldest."""
    return _first(queue, viewer, _later(mark)) or _first(queue, viewer, Task.id != mark.task_id)


def tasks_to_decide(task_ids: Sequence[int], viewer: User) -> list[Task]:
    """Return those of ``task_ids`` that ``viewer`` may see, with what deciding needs."""
    return list(
        db.session.scalars(
            sa.select(Task)
            .where(Task.id.in_(task_ids), visible_tasks(viewer))
            .options(joinedload(Task.pairing).joinedload(Pairing.programme))
            .order_by(Task.id)
        )
    )


def _waiting(queue: Queue, viewer: User) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on Task under which it waits in ``queue`` for ``viewer``."""
    if queue not in queues_of(viewer):
        return [sa.false()]
    conditions = [Task.state == queue.state, visible_tasks(viewer)]
    if queue is Queue.CONFIRM:
        ours = sa.select(Pairing.id).where(Pairing.supporting_id == viewer.organisation_id)
        conditions.append(Task.pairing_id.in_(ours))
    if queue is Queue.LOOK_BACK:
        conditions.append(~_looked_back())
    return conditions


def _looked_back() -> sa.Exists:
    """Return whether the centre has found the task in order since it was closed."""
    return (
        sa.exists()
        .where(
            Event.object_type == "task",
            Event.object_id == Task.id,
            Event.action == "pass_lookback",
            Event.at >= Task.state_since,
        )
        .correlate(Task)
    )


def _later(mark: Mark) -> sa.ColumnElement[bool]:
    return sa.tuple_(Task.state_since, Task.id) > sa.tuple_(
        sa.literal(mark.since, Task.state_since.type), sa.literal(mark.task_id)
    )


def _earlier(mark: Mark) -> sa.ColumnElement[bool]:
    return sa.tuple_(Task.state_since, Task.id) < sa.tuple_(
        sa.literal(mark.since, Task.state_since.type), sa.literal(mark.task_id)
    )


def _first(queue: Queue, viewer: User, condition: sa.ColumnElement[bool]) -> int | None:
    return db.session.scalar(
        sa.select(Task.id)
        .where(*_waiting(queue, viewer), condition)
        .order_by(Task.state_since, Task.id)
        .limit(1)
    )


def _row(task: Task, today: date) -> QueueRow:
    since = clock.local_date(task.state_since)
    return QueueRow(
        task,
        task.closure_requests[-1],
        workdays_between(since, today),
        task.closed_on is not None and (today - task.closed_on).days >= LOOK_BACK_AFTER_DAYS,
        len(rejected_since(task)),
    )
