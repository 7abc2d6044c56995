"""Examples beside standard tasks: the centre's summary and a few figures, nothing else."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, load_only

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    ClosureRequest,
    Evidence,
    EvidenceStatus,
    EvidenceUse,
    LibraryExample,
    LibraryTask,
    Pairing,
    Task,
    User,
)
from portal.policies.library import can_manage_examples
from portal.policies.scope import visible_tasks


@dataclass(frozen=True)
class Example:
    """What others read of a good closed task. No file and no person leaves its pairing."""

    id: int
    code: str
    summary: str
    hospitals: str
    closed_on: date
    days: int
    papers: int
    rounds: int


def examples_for(codes: Collection[str]) -> dict[str, list[Example]]:
    """Return the examples shown beside each standard task of ``codes``, newest first.

    Whoever may read the standard task may read them: they hold only what the centre wrote,
    figures, and the hospitals' names where the centre said so.
    """
    if not codes:
        return {}
    papers = (
        sa.select(sa.func.count(sa.distinct(EvidenceUse.evidence_id)))
        .join(Evidence, Evidence.id == EvidenceUse.evidence_id)
        .where(EvidenceUse.task_id == Task.id, Evidence.status == EvidenceStatus.ACCEPTED)
        .correlate(Task)
        .scalar_subquery()
    )
    rounds = (
        sa.select(sa.func.count())
        .select_from(ClosureRequest)
        .where(ClosureRequest.task_id == Task.id)
        .correlate(Task)
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(LibraryExample, Task.starts_on, Task.closed_on, papers, rounds)
        .join(LibraryExample.task)
        .where(
            LibraryExample.code.in_(codes),
            LibraryExample.withdrawn_at.is_(None),
            # One that a look-back reopened is no example while it is open.
            Task.closed_on.is_not(None),
        )
        .options(
            contains_eager(LibraryExample.task).options(
                load_only(Task.pairing_id),
                joinedload(Task.pairing).options(
                    joinedload(Pairing.supporting), joinedload(Pairing.supported)
                ),
            )
        )
        .order_by(LibraryExample.promoted_at.desc(), LibraryExample.id.desc())
    )
    found: dict[str, list[Example]] = {}
    for one, starts_on, closed_on, paper_count, round_count in rows:
        example = Example(
            id=one.id,
            code=one.code,
            summary=one.summary,
            hospitals=one.task.pairing.title if one.names_hospitals else "",
            closed_on=closed_on,
            days=(closed_on - starts_on).days,
            papers=paper_count,
            rounds=round_count,
        )
        found.setdefault(one.code, []).append(example)
    return found


def standard_of(task: Task) -> LibraryTask:
    """Return the standard task that ``task`` was made from. Raises NotVisible for an own one."""
    if task.library_task_id is None:
        raise NotVisible()
    return db.session.get_one(
        LibraryTask, task.library_task_id, options=[joinedload(LibraryTask.of_edition)]
    )


def example_of(task: Task, *, viewer: User) -> LibraryExample | None:
    """Return the example that ``task`` itself serves as, for the centre that manages it."""
    if not can_manage_examples(viewer):
        return None
    return db.session.scalar(
        sa.select(LibraryExample)
        .where(LibraryExample.task_id == task.id)
        .order_by(LibraryExample.id.desc())
        .limit(1)
    )


def get_example(example_id: int, *, viewer: User) -> LibraryExample:
    """Return an example whose task the viewer may see. Raises NotVisible for any other id."""
    example = db.session.scalar(
        sa.select(LibraryExample)
        .join(LibraryExample.task)
        .where(LibraryExample.id == example_id, visible_tasks(viewer))
        .options(joinedload(LibraryExample.task))
    )
    if example is None:
        raise NotVisible()
    return example
