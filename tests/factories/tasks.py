"""Lines of a task list, in whatever state a test needs."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from portal import clock
from portal.clock import add_months
from portal.extensions import db
from portal.models import Area, EvidenceRequirement, Plan, Task, TaskState, User


def make_task(
    plan: Plan,
    *,
    area: Area = Area.DEPARTMENT,
    state: TaskState = TaskState.NOT_STARTED,
    starts_on: date | None = None,
    due_on: date | None = None,
    weight: int = 1,
    year: int = 1,
    title: str = "",
    code: str = "",
    evidence: Sequence[str] = ("成立文件",),
    supporting_owner: User | None = None,
    supported_owner: User | None = None,
    **more: Any,
) -> Task:
    """Add a task row; by default due six months into the plan. ``more`` sets other columns.

    Only the row and its evidence requirements: no notes, evidence or rounds of closure.
    One that is closed or cancelled became so today unless ``more`` says otherwise.
    """
    highest = db.session.scalar(sa.select(sa.func.max(Task.number)).where(Task.plan_id == plan.id))
    number = (highest or 0) + 1
    due = due_on or add_months(plan.starts_on, 6)
    beside: dict[TaskState, dict[str, Any]] = {
        TaskState.CLOSED: {"closed_on": clock.today()},
        TaskState.CANCELLED: {"cancelled_on": clock.today()},
        TaskState.SUSPENDED: {"suspended_from": TaskState.IN_PROGRESS.value},
    }
    columns: dict[str, Any] = {
        "state_since": clock.now(),
        "created_at": clock.now(),
        "first_due_on": due,
        **beside.get(state, {}),
        **more,
    }
    task = Task(
        plan=plan,
        pairing_id=plan.pairing_id,
        number=number,
        code=code or f"{'ABCDE'[area.number - 1]}-{number:02d}",
        area=area,
        title=title or f"{area.short}任务{number}",
        criteria="达到双方商定的标准。",
        weight=weight,
        year=year,
        starts_on=starts_on or min(plan.starts_on, due),
        due_on=due,
        state=state,
        supporting_owner=supporting_owner,
        supported_owner=supported_owner,
        requirements=[
            EvidenceRequirement(position=at, name=name) for at, name in enumerate(evidence, 1)
        ],
        **columns,
    )
    db.session.add(task)
    db.session.flush()
    return task
