"""Milestones of a task in work: reached, with the day, or not reached after all."""

from datetime import date

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import Milestone, Task, User
from portal.services.tasks import require_open, start_if_needed
from portal.workflow import record


def reach_milestone(task: Task, milestone: Milestone, *, done_on: date | None, actor: User) -> None:
    """Note that a milestone was reached, today unless told; the first one begins the task.

    Raises Forbidden, StepRefused (locked, or reached already) or Rejected (a day to come).
    """
    require_open(task, actor)
    if milestone.done_on is not None:
        raise StepRefused(f"节点“{milestone.title}”已于 {milestone.done_on} 完成。")
    day = done_on or clock.today()
    if not task.plan.starts_on <= day <= clock.today():
        raise Rejected({"done_on": "完成日期应在计划开始之后，且不晚于今天。"})
    start_if_needed(task, actor=actor)
    milestone.done_on = day
    late = (day - milestone.due_on).days
    record(
        task,
        "task",
        action="milestone_reached",
        title="节点完成",
        actor=actor,
        details=[("节点", milestone.title), ("完成日期", _told(day, late))],
        tone="success",
    )
    db.session.flush()


def undo_milestone(task: Task, milestone: Milestone, *, actor: User) -> None:
    """Take back that a milestone was reached. Raises Forbidden or StepRefused."""
    require_open(task, actor)
    if milestone.done_on is None:
        raise StepRefused(f"节点“{milestone.title}”还没有标记完成。")
    details = [("节点", milestone.title), ("原完成日期", milestone.done_on.isoformat())]
    milestone.done_on = None
    record(
        task,
        "task",
        action="milestone_undone",
        title="撤销节点完成",
        actor=actor,
        details=details,
        tone="warning",
    )
    db.session.flush()


def _told(day: date, late: int) -> str:
    """Return the day, and by how much it is late."""
    return f"{day}（晚 {late} 天）" if late > 0 else day.isoformat()
