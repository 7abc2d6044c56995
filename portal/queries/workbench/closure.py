"""Applications for closure on the workbench."""

from typing import Any

import sqlalchemy as sa

from portal.models import Role, Side, Task, TaskState, User
from portal.queries.workbench.items import Button, Item, day_of, on_side
from portal.queries.workbench.tasks import task_item, task_rows

CONFIRM = Button("确认", "closure.confirm_closure", "确认该任务已完成、同意销号？")
VERIFY = Button("核验通过", "closure.verify_closure", "确认核验通过、予以销号？")


def _review_item(row: Any, kind: str, button: Button) -> Item:
    return task_item(
        row,
        kind,
        day_of(row.state_since),
        tone="accent",
        endpoint="closure.review_task",
        button=button,
        version=row.version,
    )


def to_confirm(viewer: User) -> list[Item]:
    """Return the applications that wait for the supporting hospital's leader."""
    rows = task_rows(
        viewer,
        Task.state == TaskState.CLOSURE_REQUESTED,
        on_side(viewer, Side.SUPPORTING),
        order=Task.state_since,
    )
    return [_review_item(row, "销号待确认", CONFIRM) for row in rows]


def to_verify(viewer: User) -> list[Item]:
    """Return the confirmed applications that wait for the centre."""
    rows = task_rows(viewer, Task.state == TaskState.CONFIRMED, order=Task.state_since)
    return [_review_item(row, "销号待核验", VERIFY) for row in rows]


def with_others(viewer: User) -> list[Item]:
    """Return the applications that somebody else has to decide; a leader's own are not."""
    waiting: sa.ColumnElement[bool] = Task.state.in_(
        [TaskState.CLOSURE_REQUESTED, TaskState.CONFIRMED]
    )
    if viewer.role is Role.BASE_LEADER:
        requested = Task.state == TaskState.CLOSURE_REQUESTED
        waiting = waiting & sa.not_(requested & on_side(viewer, Side.SUPPORTING))
    rows = task_rows(
        viewer,
        waiting,
        order=Task.state_since,
    )
    return [
        task_item(
            row,
            row.state.label,
            day_of(row.state_since),
            waits_for="省中心核验" if row.state is TaskState.CONFIRMED else "帮扶方负责人确认",
        )
        for row in rows
    ]
