"""The page that finds tasks for a problem: what the library suggests, what the plan holds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    LibraryTask,
    Organisation,
    Plan,
    PlanState,
    Problem,
    Task,
    TaskState,
    User,
)
from portal.policies.plans import can_edit_plan
from portal.policies.suggestions import Suggestion, Told, suggest
from portal.policies.tasks import OVER
from portal.queries.library import library_tasks
from portal.queries.problems import plan_of


@dataclass(frozen=True)
class Offer:
    """A suggested standard task, with what of it stands in the plan already."""

    suggestion: Suggestion
    tasks: list[Task]
    linked: bool


@dataclass(frozen=True)
class AnswerPage:
    """What may be ticked, and whether standard tasks can join the plan now."""

    plan: Plan | None
    offers: list[Offer]
    tasks: list[Task]
    linked_ids: set[int]
    can_pick: bool
    why_not: str


def answer_page(problem: Problem, *, viewer: User) -> AnswerPage:
    """Return the page of a problem that was loaded in scope: six queries at most."""
    plan = plan_of(problem.pairing_id)
    tasks = live_tasks(plan) if plan is not None else []
    linked = {answer.task_id for answer in problem.answers}
    why_not = _why_not(plan, viewer)
    return AnswerPage(
        plan=plan,
        offers=[_offer(one, tasks, linked) for one in suggestions_for(problem)],
        tasks=sorted(tasks, key=lambda task: (task.area is not problem.area, task.number)),
        linked_ids=linked,
        can_pick=not why_not,
        why_not=why_not,
    )


def suggestions_for(problem: Problem) -> list[Suggestion]:
    """Return what the library's published edition suggests for a problem: two queries."""
    kinds = db.session.scalars(
        sa.select(Organisation)
        .where(Organisation.id == problem.pairing.supported_id)
        .options(selectinload(Organisation.bases))
    ).one()
    told = Told(
        problem.area,
        f"{problem.title} {problem.description} {problem.need}",
        problem.item.key if problem.item else "",
    )
    return suggest(told, library_tasks(), {base.kind.value for base in kinds.bases})


def tasks_from(standard: LibraryTask, tasks: Sequence[Task]) -> list[Task]:
    """Return which of a plan's ``tasks`` a standard task became, in every year.

    By code: the tasks may come from an earlier edition of the library.
    """
    became = re.compile(rf"{re.escape(standard.code)}(-\d+)?")
    return [task for task in tasks if became.fullmatch(task.code)]


def _offer(suggestion: Suggestion, tasks: Sequence[Task], linked: set[int]) -> Offer:
    there = tasks_from(suggestion.task, tasks)
    return Offer(suggestion, there, bool(there) and linked >= {task.id for task in there})


def live_tasks(plan: Plan) -> list[Task]:
    """Return the plan's tasks that can still answer a problem, by number, as they are now."""
    return list(
        db.session.scalars(
            sa.select(Task)
            .where(Task.plan_id == plan.id, Task.state != TaskState.CANCELLED)
            .order_by(Task.number)
        )
    )


def _why_not(plan: Plan | None, viewer: User) -> str:
    """Return why no standard task can join the plan now, as a sentence; empty when it can."""
    if plan is None:
        return "结对还没有三年帮扶工作计划。先由基地管理员开始制定计划，再把任务列入计划。"
    if plan.state in OVER:
        return f"计划{plan.state.label}，不再列入新的任务；下面可以对应计划中原有的任务。"
    if plan.state is PlanState.IN_FORCE:
        return "计划已经执行，新的任务须办理计划调整后列入；下面可以对应计划中已有的任务。"
    if not (may := can_edit_plan(viewer, plan)):
        return f"{may.reason}下面可以对应计划中已有的任务。"
    submitted = sa.select(Agreement.id).where(
        Agreement.pairing_id == plan.pairing_id, Agreement.state == AgreementState.SUBMITTED
    )
    if db.session.scalar(submitted.limit(1)) is not None:
        return "帮扶协议正在备案审核，计划随协议锁定；下面可以对应计划中已有的任务。"
    return ""
