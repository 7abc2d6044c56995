"""Which tasks of a plan still being drawn up have a newer standard text."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import aliased, selectinload

from portal.extensions import db
from portal.models import EditionState, LibraryEdition, LibraryTask, Plan, PlanState, Task
from portal.policies.library_fields import Difference
from portal.policies.library_updates import renewed


@dataclass(frozen=True)
class Newer:
    """A task, the standard task it would follow now, and what differs."""

    task: Task
    standard: LibraryTask
    fields: list[Difference]


def newer_of(plan: Plan) -> list[Newer]:
    """Return the tasks whose standard task has another text in the published edition.

    None once the plan is in force: its tasks change by amendment only. One query while the plan
    was picked from the published edition.
    """
    if plan.state not in (PlanState.DRAFTING, PlanState.AGREED):
        return []
    picked, current = aliased(LibraryTask), aliased(LibraryTask)
    rows = db.session.execute(
        sa.select(Task, current)
        .join(picked, picked.id == Task.library_task_id)
        .join(current, current.code == picked.code)
        .join(LibraryEdition, LibraryEdition.edition == current.edition)
        .where(
            Task.plan_id == plan.id,
            LibraryEdition.state == EditionState.PUBLISHED,
            current.edition != picked.edition,
        )
        .options(selectinload(Task.requirements), selectinload(Task.milestones))
        .order_by(Task.number)
    )
    found = [Newer(task, standard, renewed(task, standard)) for task, standard in rows]
    return [one for one in found if one.fields]
