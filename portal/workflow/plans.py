"""The plan: drafting → agreed (both leaders endorsed) → in_force (filed) → completed."""

from dataclasses import dataclass
from enum import Enum

import sqlalchemy as sa

from portal import clock
from portal.models import (
    Area,
    EditionState,
    Evidence,
    LibraryEdition,
    LibraryTask,
    MetTarget,
    Plan,
    PlanState,
    Side,
    Task,
)
from portal.policies.evidence import counted
from portal.policies.plans import (
    can_complete_plan,
    can_edit_plan,
    can_end_plan,
    can_endorse_plan,
    can_put_in_force,
)
from portal.workflow.engine import Step, Workflow, session_of

CORE_WEIGHT = 3
"""Standard tasks of this weight belong into every plan (domain-facts §10.1, count check)."""


class GapKind(Enum):
    """What a plan lacks before both sides can agree: decides where the page leads to mend it."""

    EMPTY = "empty"
    AREA = "area"
    CORE = "core"
    DATES = "dates"
    PEOPLE = "people"
    CONTENT = "content"
    GOALS = "goals"


@dataclass(frozen=True)
class Gap:
    """One thing that is missing, with what it is about."""

    kind: GapKind
    text: str
    area: Area | None = None
    task: Task | None = None
    standard: LibraryTask | None = None


def gaps_for_agreement(plan: Plan) -> list[Gap]:
    """Return what keeps the leaders from endorsing, one for each thing to mend (§10.1).

    Nothing but the first line for an empty list: all else would follow from it.
    """
    if not plan.tasks:
        return [Gap(GapKind.EMPTY, "任务清单还是空的，请先从标准任务库选取任务")]
    return [*_area_gaps(plan), *_task_gaps(plan), *_people_gaps(plan), *_goal_gaps(plan)]


def missing_for_agreement(plan: Plan) -> list[str]:
    """Return the same as sentences: checklist and guard in one."""
    return [gap.text for gap in gaps_for_agreement(plan)]


def core_left_out(plan: Plan) -> list[LibraryTask]:
    """Return the core tasks of the current edition that the plan neither has nor shows as met.

    Only those that fit the supported hospital's kinds of base (all, while none is recorded). A
    target counts as met while its proof stands: the survey, or a piece that is not withdrawn,
    rejected or expired.
    """
    session = session_of(plan)
    core = session.scalars(
        sa.select(LibraryTask)
        .join(LibraryTask.of_edition)
        .where(LibraryEdition.state == EditionState.PUBLISHED, LibraryTask.weight == CORE_WEIGHT)
        .order_by(LibraryTask.position)
    ).all()
    kinds = {base.kind.value for base in plan.pairing.supported.bases}
    answered = set(session.scalars(_codes_answered(plan)))
    return [
        one
        for one in core
        if one.code not in answered
        and (not kinds or not one.base_kinds or kinds & set(one.base_kinds))
    ]


def _codes_answered(plan: Plan) -> sa.Select[str] | sa.CompoundSelect[str]:
    """Return the codes of the standard tasks that are in the plan or whose target is met."""
    taken = (
        sa.select(LibraryTask.code)
        .join(Task, Task.library_task_id == LibraryTask.id)
        .where(Task.plan_id == plan.id)
    )
    met = (
        sa.select(LibraryTask.code)
        .join(MetTarget, MetTarget.library_task_id == LibraryTask.id)
        .outerjoin(Evidence, Evidence.id == MetTarget.evidence_id)
        .where(
            MetTarget.plan_id == plan.id,
            sa.or_(MetTarget.survey_id.is_not(None), counted(clock.today())),
        )
    )
    return taken.union(met)


def _area_gaps(plan: Plan) -> list[Gap]:
    """Name the areas without a task and the core tasks that are left out."""
    covered = {task.area for task in plan.tasks}
    gaps = [
        Gap(GapKind.AREA, f"“{area.label}”还没有任务", area=area)
        for area in Area
        if area not in covered
    ]
    gaps += [
        Gap(
            GapKind.CORE, f"核心任务 {one.code} {one.title}未列入，也没有已达标的佐证", standard=one
        )
        for one in core_left_out(plan)
    ]
    return gaps


def _task_gaps(plan: Plan) -> list[Gap]:
    """Name the tasks outside the plan's time, and those that nobody could close."""
    gaps = []
    for task in plan.tasks:
        name = f"{task.code} {task.title}"
        if not plan.starts_on <= task.starts_on <= task.due_on <= plan.ends_on:
            gaps.append(Gap(GapKind.DATES, f"{name}的期限不在计划期内", task=task))
        lacks = [] if task.criteria.strip() else ["验收标准"]
        lacks += [] if task.requirements else ["佐证材料"]
        if lacks:
            gaps.append(Gap(GapKind.CONTENT, f"{name}没有写{'和'.join(lacks)}", task=task))
    return gaps


def _people_gaps(plan: Plan) -> list[Gap]:
    """Say for each side how many tasks nobody is in charge of."""
    gaps = []
    for side in Side:
        if alone := [task for task in plan.tasks if not task.in_charge_on(side)]:
            hospital = plan.pairing.organisation_on(side).short_name
            text = f"{hospital}（{side.label}）还有 {len(alone)} 项任务没有责任人"
            gaps.append(Gap(GapKind.PEOPLE, text, task=alone[0]))
    return gaps


def _goal_gaps(plan: Plan) -> list[Gap]:
    """Name each area and year without a goal; in one line for the year where it has none."""
    written = {(goal.year, goal.area) for goal in plan.goals if goal.goal.strip()}
    gaps = []
    for year in plan.pairing.programme.years:
        absent = [area for area in Area if (year, area) not in written]
        if len(absent) == len(Area):
            gaps.append(Gap(GapKind.GOALS, f"第{year}年还没有目标"))
        else:
            gaps += [
                Gap(GapKind.GOALS, f"第{year}年“{area.label}”还没有目标", area=area)
                for area in absent
            ]
    return gaps


def missing_endorsements(plan: Plan) -> list[str]:
    """Return the sides whose leader has not endorsed the plan as it stands."""
    return [
        f"{plan.pairing.organisation_on(side).short_name}（{side.label}）负责人尚未认可"
        for side in Side
        if plan.endorsement_of(side) is None
    ]


def missing_to_agree(plan: Plan) -> list[str]:
    """Return what both leaders' endorsement needs, and the endorsements still missing."""
    return missing_for_agreement(plan) + missing_endorsements(plan)


def missing_to_complete(plan: Plan) -> list[str]:
    """Return a sentence while tasks are still open."""
    open_tasks = session_of(plan).scalar(
        sa.select(sa.func.count())
        .select_from(Task)
        .where(Task.plan_id == plan.id, sa.not_(Task.is_over))
    )
    return [f"还有 {open_tasks} 项任务没有销号"] if open_tasks else []


PLAN = Workflow[Plan](
    object_type="plan",
    noun="计划",
    steps=(
        Step(
            "agree",
            "商定",
            "双方负责人均已认可，计划商定",
            frozenset({PlanState.DRAFTING}),
            PlanState.AGREED,
            may=can_endorse_plan,
            missing=missing_to_agree,
            tone="success",
        ),
        Step(
            "reopen",
            "重新商议",
            "计划有改动，双方认可作废，重新商议",
            frozenset({PlanState.AGREED}),
            PlanState.DRAFTING,
            may=can_edit_plan,
            tone="warning",
        ),
        Step(
            "withdraw",
            "撤回认可",
            "撤回认可，计划重新商议",
            frozenset({PlanState.AGREED}),
            PlanState.DRAFTING,
            may=can_endorse_plan,
            tone="warning",
        ),
        Step(
            "put_in_force",
            "生效",
            "协议已备案，计划开始执行",
            frozenset({PlanState.AGREED}),
            PlanState.IN_FORCE,
            may=can_put_in_force,
            tone="success",
        ),
        Step(
            "complete",
            "确认完成",
            "计划完成",
            frozenset({PlanState.IN_FORCE}),
            PlanState.COMPLETED,
            may=can_complete_plan,
            missing=missing_to_complete,
            tone="success",
        ),
        Step(
            "terminate",
            "终止",
            "协议提前终止，计划停止执行",
            frozenset({PlanState.IN_FORCE}),
            PlanState.TERMINATED,
            may=can_end_plan,
            tone="danger",
        ),
    ),
)
