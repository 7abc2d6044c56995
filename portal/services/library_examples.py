"""Closed tasks that the centre shows beside their standard task as an example."""

import sqlalchemy as sa

from portal import clock, personal_data
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import LibraryExample, LibraryTask, Task, User
from portal.policies.decision import require
from portal.policies.library import can_manage_examples, may_be_example
from portal.workflow import record


def promote_example(
    task: Task, *, summary: str, names_hospitals: bool, actor: User
) -> LibraryExample:
    """Show a closed task as an example, told in ``summary``; shown already, tell it anew.

    Raises Forbidden, StepRefused (not closed, not from the library) or Rejected (the summary
    holds numbers of people: everybody who reads the library reads it).
    """
    require(can_manage_examples(actor))
    fit = may_be_example(task)
    if not fit:
        raise StepRefused(fit.reason)
    if found := personal_data.find(summary):
        raise Rejected({"summary": f"文字中有{found.counts}（{found.examples}），请删去后再提交。"})
    code = db.session.get_one(LibraryTask, task.library_task_id).code
    example = db.session.scalar(
        sa.select(LibraryExample).where(
            LibraryExample.code == code, LibraryExample.task_id == task.id
        )
    )
    if example is None:
        example = LibraryExample(code=code, task=task)
        db.session.add(example)
    example.summary, example.names_hospitals = summary, names_hospitals
    example.promoted_by, example.promoted_at = actor, clock.now()
    example.withdrawn_at = None
    db.session.flush()
    record(
        task,
        "task",
        action="promoted",
        title="列为标准任务库示范案例",
        actor=actor,
        comment=summary,
        tone="success",
        details=[("标准任务", code), ("显示医院名称", "是" if names_hospitals else "否")],
    )
    return example


def withdraw_example(example: LibraryExample, *, actor: User) -> None:
    """Show it no longer. Raises Forbidden, or StepRefused where it is not shown."""
    require(can_manage_examples(actor))
    if example.withdrawn_at is not None:
        raise StepRefused("这个示范案例已经撤回。")
    example.withdrawn_at = clock.now()
    db.session.flush()
    record(
        example.task,
        "task",
        action="example_withdrawn",
        title="不再列为示范案例",
        actor=actor,
        details=[("标准任务", example.code)],
    )
