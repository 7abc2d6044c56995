"""Tasks on the workbench: returned, late, or due soon."""

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from portal import clock
from portal.models import Plan, PlanState, Role, Task, TaskState, User
from portal.models.tasks import DUE_SOON_DAYS
from portal.policies.scope import given_to, visible_pairings
from portal.queries.workbench.items import Item, day_of, pairing_name, rows_with_hospitals

COLUMNS = (
    Task.id,
    Task.code,
    Task.title,
    Task.state,
    Task.state_since,
    Task.due_on,
    Task.is_returned,
    Task.return_reason,
    Task.version,
)


def task_rows(viewer: User, *conditions: Any, order: Any) -> list[Any]:
    """Return tasks of plans in force that ``viewer`` may see and that meet ``conditions``."""
    given = given_to(viewer) if viewer.role is Role.CONTRIBUTOR else sa.true()
    in_force = Task.plan_id.in_(sa.select(Plan.id).where(Plan.state == PlanState.IN_FORCE))
    return rows_with_hospitals(
        COLUMNS, Task, visible_pairings(viewer), given, in_force, *conditions, order=order
    )


def task_item(row: Any, kind: str, since: date, **more: Any) -> Item:
    """Return the line of a row from :func:`task_rows`."""
    more.setdefault("endpoint", "tasks.show_task")
    return Item(
        kind=kind,
        title=f"{row.code} {row.title}",
        pairing=pairing_name(row),
        since=since,
        values={"task_id": row.id},
        **more,
    )


def returned(viewer: User) -> list[Item]:
    """Return the tasks whose application came back, or that a look-back reopened."""
    rows = task_rows(
        viewer, Task.is_returned, Task.state == TaskState.IN_PROGRESS, order=Task.state_since
    )
    return [
        task_item(
            row, "任务被退回", day_of(row.state_since), tone="warning", detail=row.return_reason
        )
        for row in rows
    ]


def due(viewer: User) -> list[Item]:
    """Return the tasks that are late, or due within thirty days, and not yet applied for."""
    today = clock.today()
    rows = task_rows(
        viewer,
        Task.state.in_([TaskState.NOT_STARTED, TaskState.IN_PROGRESS]),
        sa.not_(Task.is_returned),
        Task.due_on <= today + timedelta(days=DUE_SOON_DAYS),
        order=Task.due_on,
    )
    return [_due_item(row, (today - row.due_on).days, today) for row in rows]


def _due_item(row: Any, late: int, today: date) -> Item:
    """Return a late task since its due date, a coming one as of today."""
    if late > 0:
        text = f"已逾期 {late} 天"
        return task_item(row, "任务已逾期", row.due_on, tone="danger", detail=text)
    text = f"{row.due_on.isoformat()} 到期，还有 {-late} 天" if late else "今天到期"
    return task_item(row, "任务将到期", today, tone="warning", detail=text)
