"""The three-year plan: started, endorsed by both sides, put in force, completed."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import Area, LibraryTask, Pairing, Plan, PlanEndorsement, PlanState, Task, User
from portal.policies.decision import require
from portal.policies.plans import (
    can_add_resolution_task,
    can_endorse_plan,
    can_start_plan,
    leads_side,
)
from portal.policies.recurrence import year_of
from portal.services.picking import Names, pick_from_library, refuse_bad_choice
from portal.services.plan_changes import (
    area_letter,
    lock,
    new_task,
    next_number,
    note_change,
    refuse_unless_open,
    requirements_of,
    touch,
)
from portal.services.plan_versions import AT_FILING, take_version
from portal.workflow import check_version, record, transition
from portal.workflow.plans import PLAN, missing_for_agreement

__all__ = [
    "add_resolution_task",
    "complete_plan",
    "endorse_plan",
    "pick_for_pairings",
    "pick_from_library",
    "put_in_force",
    "start_plan",
    "withdraw_endorsement",
]


def start_plan(pairing: Pairing, *, actor: User) -> Plan:
    """Start the pairing's plan; its term is the programme's. Returns the one there already is.

    Raises Forbidden.
    """
    require(can_start_plan(actor, pairing))
    # The pairing's row is the lock: two people who start at once get one plan.
    db.session.execute(
        sa.select(Pairing.id).where(Pairing.id == pairing.id).with_for_update(key_share=True)
    )
    plan = db.session.scalar(sa.select(Plan).where(Plan.pairing_id == pairing.id))
    if plan is not None:
        return plan
    plan = Plan(
        pairing=pairing,
        state=PlanState.DRAFTING,
        starts_on=pairing.programme.starts_on,
        ends_on=pairing.programme.ends_on,
        created_by_id=actor.id,
        created_at=clock.now(),
        state_since=clock.now(),
    )
    db.session.add(plan)
    db.session.flush()
    record(plan, "plan", action="started", title="开始制定三年计划", actor=actor)
    return plan


def pick_for_pairings(
    pairings: Sequence[Pairing],
    picked: Sequence[LibraryTask],
    *,
    starts_on: date | None,
    people: Names | None = None,
    actor: User,
) -> int:
    """Pick for several pairings at once, starting the plans that do not exist yet.

    Raises as :func:`portal.services.picking.pick_from_library` does, before anything is
    written where the input is at fault.
    """
    refuse_bad_choice(
        [(one.programme.starts_on, one.programme.ends_on) for one in pairings], picked, starts_on
    )
    plans = [start_plan(one, actor=actor) for one in pairings]
    return pick_from_library(plans, picked, starts_on=starts_on, people=people, actor=actor)


def endorse_plan(plan: Plan, *, seen_version: int | None = None, actor: User) -> Plan:
    """Let a side's leader endorse the plan as seen; the second side's makes it agreed.

    Raises Forbidden, StaleEdit (it changed since the page was drawn) or StepRefused.
    """
    require(can_endorse_plan(actor, plan))
    lock(plan)
    check_version(plan, seen_version)
    side = leads_side(actor, plan)
    if plan.state is not PlanState.DRAFTING or side is None:
        raise StepRefused(f"计划当前状态为“{plan.state.label}”，不能再认可。")
    if plan.endorsement_of(side) is not None:
        raise StepRefused(f"{side.label}已经认可了这份计划。")
    if gaps := missing_for_agreement(plan):
        raise StepRefused("还不能认可，请先完成以下事项：", gaps)
    plan.endorsements.append(
        PlanEndorsement(side=side, user=actor, name=actor.name, endorsed_at=clock.now())
    )
    touch(plan)
    db.session.flush()
    record(plan, "plan", action="endorsed", title=f"{side.label}认可计划", actor=actor)
    if plan.endorsement_of(side.other) is not None:
        transition(PLAN, plan, "agree", actor=actor, details=_size(plan))
    db.session.flush()
    return plan


def withdraw_endorsement(
    plan: Plan, *, reason: str, seen_version: int | None = None, actor: User
) -> Plan:
    """Take back the own side's endorsement while the plan is not in force.

    An agreed plan goes back to drafting; the other side's endorsement stands.
    Raises Forbidden, StepRefused, StaleEdit (it changed since the page was drawn), or
    Rejected without a reason.
    """
    require(can_endorse_plan(actor, plan))
    lock(plan)
    refuse_unless_open(plan)
    side = leads_side(actor, plan)
    mark = plan.endorsement_of(side) if side else None
    if mark is None:
        raise StepRefused("本单位还没有认可这份计划，没有可撤回的内容。")
    check_version(plan, seen_version)
    reason = reason.strip()
    if not reason:
        raise Rejected({"reason": "请填写撤回认可的理由。"})
    plan.endorsements.remove(mark)
    touch(plan)
    if plan.state is PlanState.AGREED:
        transition(PLAN, plan, "withdraw", actor=actor, comment=reason)
    else:
        record(plan, "plan", action="withdrawn", title="撤回认可", actor=actor, comment=reason)
    db.session.flush()
    return plan


def put_in_force(plan: Plan, *, actor: User) -> Plan:
    """Put the agreed plan in force, because its agreement was filed (H-36).

    Raises Forbidden, or StepRefused unless both sides have agreed.
    """
    lock(plan)
    transition(PLAN, plan, "put_in_force", actor=actor, details=_size(plan))
    plan.in_force_at = clock.now()
    take_version(plan, AT_FILING, actor=actor)
    return plan


def complete_plan(plan: Plan, *, actor: User) -> Plan:
    """Declare the plan completed. Raises Forbidden, or StepRefused while tasks are open."""
    lock(plan)
    transition(PLAN, plan, "complete", actor=actor)
    db.session.flush()
    return plan


def add_resolution_task(
    pairing: Pairing,
    *,
    title: str,
    criteria: str,
    area: Area,
    due_on: date,
    evidence: Sequence[str],
    weight: int,
    actor: User,
) -> Task:
    """Add the task that a meeting resolved on; also while the plan is in force.

    Raises Forbidden, StepRefused (no plan, or one that is neither in force nor being drafted)
    or Rejected (a due date outside the plan).
    """
    require(can_add_resolution_task(actor, pairing))
    plan = db.session.scalar(sa.select(Plan).where(Plan.pairing_id == pairing.id))
    if plan is None:
        raise StepRefused("本结对还没有三年计划，请先制定计划，再把议定事项列为任务。")
    lock(plan)
    if plan.state not in (PlanState.DRAFTING, PlanState.IN_FORCE):
        raise StepRefused(
            f"计划当前状态为“{plan.state.label}”，只有商议中或执行中的计划可以增加议定任务。"
        )
    if plan.state is PlanState.DRAFTING:
        refuse_unless_open(plan)
    if not plan.starts_on <= due_on <= plan.ends_on:
        raise Rejected({"due_on": "完成期限应在计划期内。"})
    starts_on = min(max(plan.starts_on, clock.today()), due_on)
    task = new_task(plan, next_number(plan), area=area, title=title, criteria=criteria)
    task.code = f"{area_letter(area)}-H{task.number:02d}"
    task.weight = weight
    task.year = year_of(due_on, plan.starts_on)
    task.starts_on, task.due_on, task.first_due_on = starts_on, due_on, due_on
    task.requirements = requirements_of(evidence)
    db.session.add(task)
    db.session.flush()
    details = [("任务", f"{task.code} {task.title}")]
    if plan.state is PlanState.DRAFTING:
        note_change(plan, "议定事项列为任务", details, actor=actor)
    else:
        record(plan, "plan", action="added", title="议定事项列为任务", actor=actor, details=details)
    return task


def _size(plan: Plan) -> list[tuple[str, str]]:
    """Return how big the plan is, for the history."""
    return [("任务", f"{len(plan.tasks)} 项")]
