"""The three-year plan: started, filled from the library, endorsed, put in force."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Area,
    EvidenceRequirement,
    LibraryTask,
    Pairing,
    Plan,
    PlanEndorsement,
    PlanState,
    Task,
    User,
)
from portal.policies.decision import require
from portal.policies.plans import (
    can_add_resolution_task,
    can_edit_plan,
    can_endorse_plan,
    can_start_plan,
    leads_side,
)
from portal.policies.recurrence import occurrences, year_of
from portal.workflow import check_version, record, transition
from portal.workflow.plans import PLAN, missing_for_agreement

NEEDS_AMENDMENT = (
    "计划已经执行，任务和目标不能直接改动。确需调整的，应由双方协商办理计划变更，原计划予以保留。"
)
LOCKED_BY_AGREEMENT = "帮扶协议已提交省中心备案，计划随协议锁定。如需改动，请先由省中心退回协议。"


def start_plan(pairing: Pairing, *, actor: User) -> Plan:
    """Start the pairing's plan; its term is the programme's. Returns the one there already is.

    Raises Forbidden.
    """
    require(can_start_plan(actor, pairing))
    # The pairing's row is the lock: two people who start at once get one plan.
    db.session.execute(sa.select(Pairing.id).where(Pairing.id == pairing.id).with_for_update())
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


def pick_from_library(
    plans: Sequence[Plan],
    picked: Sequence[LibraryTask],
    *,
    starts_on: date | None = None,
    actor: User,
) -> int:
    """Add the standard tasks ``picked`` to every plan, all or nothing; return how many tasks.

    Dates count from ``starts_on``, by default each plan's own start. What a plan already
    contains is left as it is. Raises Forbidden, StepRefused (a plan that is in force or
    locked) or Rejected (nothing chosen, a start outside the plan).
    """
    _check_choice(plans, picked)
    return sum(_pick_into(plan, picked, starts_on or plan.starts_on, actor) for plan in plans)


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


def withdraw_endorsement(plan: Plan, *, reason: str = "", actor: User) -> Plan:
    """Take back the own side's endorsement while the plan is not in force.

    An agreed plan goes back to drafting; the other side's endorsement stands.
    Raises Forbidden or StepRefused.
    """
    require(can_endorse_plan(actor, plan))
    lock(plan)
    refuse_unless_open(plan)
    side = leads_side(actor, plan)
    mark = plan.endorsement_of(side) if side else None
    if mark is None:
        raise StepRefused("本单位还没有认可这份计划，没有可撤回的内容。")
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
    db.session.flush()
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


# What the services that change a plan share.


def lock(plan: Plan) -> None:
    """Hold the plan's row until the end of the transaction and read it anew."""
    db.session.flush()
    db.session.execute(sa.select(Plan.id).where(Plan.id == plan.id).with_for_update())
    db.session.refresh(plan)


def touch(plan: Plan) -> None:
    """Raise the plan's version: whoever is about to endorse has seen something else."""
    sa.orm.attributes.flag_modified(plan, "ends_on")


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


def _check_choice(plans: Sequence[Plan], picked: Sequence[LibraryTask]) -> None:
    """Refuse an empty choice."""
    wrong: dict[str, str] = {}
    if not plans:
        wrong["pairings"] = "请至少选择一个结对。"
    if not picked:
        wrong["tasks"] = "请至少勾选一项标准任务。"
    if wrong:
        raise Rejected(wrong)


def _pick_into(plan: Plan, picked: Sequence[LibraryTask], starts_on: date, actor: User) -> int:
    """Add what is not there yet to one plan; return how many tasks."""
    open_for_change(plan, actor=actor)
    if not plan.starts_on <= starts_on <= plan.ends_on:
        raise Rejected({"starts_on": "起算日应在计划期内。"})
    there = set(db.session.scalars(sa.select(Task.code).where(Task.plan_id == plan.id)))
    number = next_number(plan)
    added = 0
    for standard in picked:
        for one in occurrences(
            standard,
            starts_on=starts_on,
            plan_starts_on=plan.starts_on,
            plan_ends_on=plan.ends_on,
        ):
            if one.code in there:
                continue
            task = new_task(
                plan,
                number + added,
                area=standard.area,
                title=one.title,
                criteria=standard.criteria,
            )
            task.code, task.year, task.weight = one.code, one.year, standard.weight
            task.description, task.library_task_id = standard.description, standard.id
            task.starts_on, task.due_on, task.first_due_on = one.starts_on, one.due_on, one.due_on
            task.requirements = requirements_of(standard.evidence)
            db.session.add(task)
            added += 1
    if added:
        db.session.flush()
        note_change(plan, f"从标准任务库选取 {added} 项任务", [], actor=actor)
        db.session.expire(plan, ["tasks"])
    return added


def _size(plan: Plan) -> list[tuple[str, str]]:
    """Return how big the plan is, for the history."""
    return [("任务", f"{len(plan.tasks)} 项")]
