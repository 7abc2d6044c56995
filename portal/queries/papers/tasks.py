"""The tasks of a plan with everything that papers tell of them, in a constant number of queries."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal.extensions import db
from portal.models import Plan, Problem, ProblemTask, Task
from portal.queries.papers.common import dotted
from portal.queries.plans import OWNERS


def tasks_of(plan: Plan) -> list[Task]:
    """Return the plan's tasks in their order, with evidence, steps, owners and problems."""
    return list(
        db.session.scalars(
            sa.select(Task)
            .where(Task.plan_id == plan.id)
            .order_by(Task.number)
            .options(
                selectinload(Task.requirements),
                selectinload(Task.milestones),
                selectinload(Task.problem_links).joinedload(ProblemTask.problem),
                *OWNERS,
            )
        )
    )


def problems_of(pairing_id: int) -> Sequence[Problem]:
    """Return the pairing's problems that the plan is to answer, in their order."""
    return db.session.scalars(
        sa.select(Problem)
        .where(Problem.pairing_id == pairing_id, Problem.dismissed_at.is_(None))
        .order_by(Problem.area, Problem.number)
    ).all()


def steps_of(task: Task) -> str:
    """Return the milestones, one in a line."""
    return "\n".join(f"{dotted(step.due_on)} {step.title}" for step in task.milestones)


def evidence_of(task: Task) -> str:
    """Return the evidence that the task must show."""
    return "、".join(one.name for one in task.requirements)
