"""Which tasks answer a problem: one problem may have many tasks, and the other way."""

from collections.abc import Collection

import sqlalchemy as sa

from portal import clock
from portal.errors import NotVisible, StepRefused
from portal.extensions import db
from portal.models import Problem, ProblemTask, Task, TaskState, User
from portal.policies.decision import require
from portal.policies.problems import can_write_problem
from portal.services.problems import note


def link_tasks(problem: Problem, task_ids: Collection[int], *, actor: User) -> int:
    """Say that the pairing's tasks with ``task_ids`` answer ``problem``; return how many are new.

    Raises Forbidden, StepRefused for a problem that is not taken on or a cancelled task, or
    NotVisible for a task of another pairing.
    """
    require(can_write_problem(actor, problem.pairing))
    if problem.dismissed_at is not None:
        raise StepRefused("问题已标为不列入帮扶。请先恢复列入，再安排任务。")
    tasks = _own_tasks(problem, task_ids)
    there = {answer.task_id for answer in problem.answers}
    fresh = [task for task in tasks if task.id not in there]
    if dead := [task for task in fresh if task.state is TaskState.CANCELLED]:
        raise StepRefused(f"任务 {dead[0].code} 已取消，不能用来解决问题。")
    for task in fresh:
        problem.answers.append(ProblemTask(task=task, added_by_id=actor.id, added_at=clock.now()))
    db.session.flush()
    if fresh:
        named = [("任务", f"{task.code} {task.title}") for task in fresh]
        note(problem, "linked", f"安排 {len(fresh)} 项任务解决问题", named, actor=actor)
    return len(fresh)


def unlink_task(problem: Problem, task_id: int, *, actor: User) -> Task:
    """Say that a task does not answer ``problem``; return the task.

    Raises Forbidden, StepRefused for a closed task, which is part of the record, or NotVisible.
    """
    require(can_write_problem(actor, problem.pairing))
    answer = next((one for one in problem.answers if one.task_id == task_id), None)
    if answer is None:
        raise NotVisible()
    task = answer.task
    if task.state is TaskState.CLOSED:
        raise StepRefused(f"任务 {task.code} 已销号，与问题的对应已成为记录，不能取消。")
    problem.answers.remove(answer)
    db.session.flush()
    named = [("任务", f"{task.code} {task.title}")]
    note(problem, "unlinked", "取消与任务的对应", named, actor=actor)
    return task


def _own_tasks(problem: Problem, task_ids: Collection[int]) -> list[Task]:
    """Return the tasks with ``task_ids``, all of the problem's pairing. Raises NotVisible."""
    wanted = set(task_ids)
    found = db.session.scalars(
        sa.select(Task)
        .where(Task.id.in_(wanted), Task.pairing_id == problem.pairing_id)
        .order_by(Task.number)
    ).all()
    if len(found) != len(wanted):
        raise NotVisible()
    return list(found)
