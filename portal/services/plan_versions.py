"""The whole plan as it stood, kept at filing and with each amendment."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import clock
from portal.extensions import db
from portal.models import Plan, PlanAmendment, PlanVersion, Task, User
from portal.policies.plan_snapshot import snapshot_of

AT_FILING = "协议备案、计划生效"
BEFORE_FIRST = "首次调整之前"


def take_version(
    plan: Plan, title: str, *, actor: User | None, amendment: PlanAmendment | None = None
) -> PlanVersion:
    """Keep ``plan`` as it stands under the next number. The caller has locked the plan."""
    db.session.flush()
    db.session.expire(plan, ["tasks", "goals", "figures"])
    highest = db.session.scalar(
        sa.select(sa.func.max(PlanVersion.number)).where(PlanVersion.plan_id == plan.id)
    )
    tasks = _tasks_with_parts(plan)
    version = PlanVersion(
        plan_id=plan.id,
        number=(highest or 0) + 1,
        amendment=amendment,
        title=title,
        taken_by=actor,
        taken_at=clock.now(),
        content=snapshot_of(plan, tasks),
    )
    db.session.add(version)
    db.session.flush()
    return version


def _tasks_with_parts(plan: Plan) -> Sequence[Task]:
    """Return the tasks with everything a snapshot says about them, in a few queries."""
    return db.session.scalars(
        sa.select(Task)
        .where(Task.plan_id == plan.id)
        .order_by(Task.number)
        .options(
            selectinload(Task.requirements),
            selectinload(Task.milestones),
            selectinload(Task.supporting_owner),
            selectinload(Task.supported_owner),
        )
    ).all()


def ensure_version(plan: Plan, *, actor: User) -> None:
    """Keep a plan that came in force before versions were kept. The caller has locked it."""
    known = sa.select(PlanVersion.id).where(PlanVersion.plan_id == plan.id).limit(1)
    if db.session.scalar(known) is None:
        take_version(plan, BEFORE_FIRST, actor=actor)
