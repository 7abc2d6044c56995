"""The plan: drafting → agreed (both leaders endorsed) → in_force (filed) → completed."""

from collections.abc import Iterable

import sqlalchemy as sa

from portal.models import Area, LibraryTask, Plan, PlanState, Side, Task
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


def missing_for_agreement(plan: Plan) -> list[str]:
    """Return what keeps the leaders from endorsing: no tasks, an area without one, wrong dates."""
    tasks = plan.tasks
    if not tasks:
        return ["任务清单还是空的，请先从标准任务库选取任务"]
    covered = {task.area for task in tasks}
    gaps = [f"“{area.label}”还没有任务" for area in Area if area not in covered]
    gaps += [
        f"{task.code} {task.title}的期限不在计划期内"
        for task in tasks
        if not plan.starts_on <= task.starts_on <= task.due_on <= plan.ends_on
    ]
    return gaps


def advice_for_agreement(plan: Plan, core: Iterable[LibraryTask]) -> list[str]:
    """Return what the leaders should know but may accept.

    ``core`` are the standard tasks of weight 3: all belong into the list unless the target
    is already met. Also goals of the first year and persons in charge that are missing.
    """
    tasks = plan.tasks
    taken = {task.library_task_id for task in tasks}
    advice = [f"核心任务 {one.code} {one.title}未列入" for one in core if one.id not in taken]
    with_goal = {goal.area for goal in plan.goals if goal.year == 1 and goal.goal.strip()}
    advice += [f"第1年“{area.label}”还没有目标" for area in Area if area not in with_goal]
    for side in Side:
        if alone := sum(task.owner_on(side) is None for task in tasks):
            hospital = plan.pairing.organisation_on(side).short_name
            advice.append(f"{hospital}（{side.label}）还有 {alone} 项任务没有责任人")
    return advice


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
