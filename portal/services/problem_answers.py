"""Answering a problem in one go: standard tasks join the plan, and all that is chosen is linked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import LibraryTask, Plan, Problem, User
from portal.policies.decision import require
from portal.policies.problems import can_write_problem
from portal.queries.problem_answers import live_tasks, tasks_from
from portal.services.picking import pick_from_library
from portal.services.problem_links import link_tasks

NO_PLAN = "结对还没有三年帮扶工作计划，请先开始制定计划。"


@dataclass(frozen=True)
class Answered:
    """How many tasks joined the plan, and how many now answer the problem besides."""

    added: int
    linked: int


def answer_problem(
    problem: Problem,
    picked: Sequence[LibraryTask],
    task_ids: Collection[int],
    *,
    actor: User,
) -> Answered:
    """Link the tasks with ``task_ids`` and those that ``picked`` stand for, adding what is missing.

    All or nothing. A standard task that the plan holds already is only linked. The caller has
    locked the problem. Raises Forbidden, Rejected for an empty choice, StepRefused where the plan
    takes no tasks now or the problem is not taken on, NotVisible for another pairing's task.
    """
    require(can_write_problem(actor, problem.pairing))
    if not picked and not task_ids:
        raise Rejected({"task": "请至少勾选一项任务。"})
    if problem.dismissed_at is not None:
        raise StepRefused("问题已标为不列入帮扶。请先恢复列入，再安排任务。")
    added = 0
    ids = set(task_ids)
    if picked:
        plan = db.session.scalar(sa.select(Plan).where(Plan.pairing_id == problem.pairing_id))
        if plan is None:
            raise StepRefused(NO_PLAN)
        tasks = live_tasks(plan)
        if missing := [one for one in picked if not tasks_from(one, tasks)]:
            added = pick_from_library([plan], missing, actor=actor)
            tasks = live_tasks(plan)
        ids |= {task.id for one in picked for task in tasks_from(one, tasks)}
    return Answered(added, link_tasks(problem, ids, actor=actor))
