"""What every service that changes a plan shares: the lock, the guard and the record."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from portal import clock
from portal.errors import StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Area,
    EvidenceRequirement,
    Plan,
    PlanState,
    Task,
    User,
)
from portal.policies.decision import require
from portal.policies.plans import can_edit_plan
from portal.workflow import record, transition
from portal.workflow.plans import PLAN

NEEDS_AMENDMENT = (
    "计划已经执行，任务和目标不能直接改动。确需调整的，应由双方协商办理计划调整，原计划予以保留。"
)
LOCKED_BY_AGREEMENT = "帮扶协议已提交省中心备案，计划随协议锁定。如需改动，请先由省中心退回协议。"


def lock(plan: Plan) -> None:
    """Hold the plan's row until the end of the transaction and read it anew."""
    db.session.flush()
    db.session.execute(sa.select(Plan.id).where(Plan.id == plan.id).with_for_update())
    db.session.refresh(plan)


def touch(plan: Plan) -> None:
    """Raise the plan's version: whoever is about to endorse has seen something else."""
    flag_modified(plan, "created_at")


def open_for_change(plan: Plan, *, actor: User) -> None:
    """Lock the plan for a change by a coordinator. Raises Forbidden or StepRefused."""
    require(can_edit_plan(actor, plan))
    lock(plan)
    refuse_unless_open(plan)


def refuse_unless_open(plan: Plan) -> None:
    """Raise StepRefused once the plan is in force or goes with a submitted agreement."""
    if plan.state not in (PlanState.DRAFTING, PlanState.AGREED):
        raise StepRefused(NEEDS_AMENDMENT)
    submitted = sa.select(Agreement.id).where(
        Agreement.pairing_id == plan.pairing_id, Agreement.state == AgreementState.SUBMITTED
    )
    if db.session.scalar(submitted.limit(1)) is not None:
        raise StepRefused(LOCKED_BY_AGREEMENT)


def note_change(plan: Plan, title: str, details: Sequence[tuple[str, str]], *, actor: User) -> bool:
    """Write what changed; return whether standing endorsements fell with it.

    What the leaders endorsed is no longer what stands there, so both must look again.
    """
    record(plan, "plan", action="changed", title=title, actor=actor, details=details)
    fallen = bool(plan.endorsements)
    if plan.state is PlanState.AGREED:
        transition(PLAN, plan, "reopen", actor=actor)
    elif fallen:
        record(
            plan,
            "plan",
            action="endorsement_fell",
            title="计划有改动，已有的认可作废",
            actor=actor,
            tone="warning",
        )
    plan.endorsements.clear()
    touch(plan)
    db.session.flush()
    return fallen


def next_number(plan: Plan) -> int:
    """Return the number of the plan's next task; the plan is locked."""
    highest = db.session.scalar(sa.select(sa.func.max(Task.number)).where(Task.plan_id == plan.id))
    return (highest or 0) + 1


def new_task(plan: Plan, number: int, *, area: Area, title: str, criteria: str) -> Task:
    """Return a task of ``plan`` that still wants its code and dates; not in the session yet."""
    return Task(
        plan_id=plan.id,
        pairing_id=plan.pairing_id,
        number=number,
        area=area,
        title=title,
        criteria=criteria,
        state_since=clock.now(),
        created_at=clock.now(),
    )


def requirements_of(names: Sequence[str]) -> list[EvidenceRequirement]:
    """Return the evidence a task must show, in order."""
    return [EvidenceRequirement(position=at, name=name) for at, name in enumerate(names, 1)]


def area_letter(area: Area) -> str:
    """Return the letter that opens the codes of an area's tasks: A to E."""
    return "ABCDE"[area.number - 1]
