"""How work on a task begins, and whose turn it is. Closure has its own table."""

from dataclasses import dataclass
from datetime import date, datetime

from portal import clock
from portal.models import PlanState, Side, Task, TaskState
from portal.policies.tasks import approves_changes, can_work_on
from portal.workdays import workdays_between
from portal.workflow.engine import Step, Workflow


def _plan_in_force(task: Task) -> list[str]:
    """A task list binds nobody before its agreement is filed."""
    return [] if task.plan.state is PlanState.IN_FORCE else ["三年帮扶工作计划生效（协议备案）"]


TASK_WORK: Workflow[Task] = Workflow(
    object_type="task",
    noun="任务",
    steps=(
        Step(
            action="start",
            label="启动任务",
            title="启动任务",
            sources=frozenset({TaskState.NOT_STARTED}),
            target=TaskState.IN_PROGRESS,
            may=can_work_on,
            missing=_plan_in_force,
            tone="info",
        ),
    ),
)


RESTING: Workflow[Task] = Workflow(
    object_type="task",
    noun="任务",
    steps=(
        Step(
            action="suspend",
            label="暂停",
            title="按计划调整暂停任务",
            sources=frozenset({TaskState.NOT_STARTED, TaskState.IN_PROGRESS}),
            target=TaskState.SUSPENDED,
            may=approves_changes,
            tone="warning",
        ),
        # A suspended task goes back to where it was: one step for each of the two states.
        Step(
            action="resume",
            label="恢复",
            title="按计划调整恢复任务",
            sources=frozenset({TaskState.SUSPENDED}),
            target=TaskState.IN_PROGRESS,
            may=approves_changes,
            tone="success",
        ),
        Step(
            action="resume_not_started",
            label="恢复",
            title="按计划调整恢复任务",
            sources=frozenset({TaskState.SUSPENDED}),
            target=TaskState.NOT_STARTED,
            may=approves_changes,
            tone="success",
        ),
        Step(
            action="cancel",
            label="取消",
            title="按计划调整取消任务",
            sources=frozenset({TaskState.NOT_STARTED, TaskState.IN_PROGRESS, TaskState.SUSPENDED}),
            target=TaskState.CANCELLED,
            may=approves_changes,
            tone="danger",
        ),
    ),
)
"""What an approved amendment does to a task; nobody takes these steps by themselves."""


@dataclass(frozen=True)
class Turn:
    """Who must act next, since when, and for how many working days they have been waited for."""

    who: str
    since: datetime
    days: int


def turn_of(task: Task, today: date) -> Turn | None:
    """Return whose turn it is; None when nobody works on the task, or its plan is not in force.

    Nobody is waited for before the day on which the task is to begin.
    """
    if not task.is_running or task.plan.state is not PlanState.IN_FORCE:
        return None
    if task.state is TaskState.CONFIRMED:
        who = "省中心核验"
    elif task.state is TaskState.CLOSURE_REQUESTED:
        who = f"{task.pairing.supporting.short_name}确认"
    else:
        name = task.in_charge_on(Side.SUPPORTED)
        owner = f"（{name}）" if name else ""
        verb = "重新提交" if task.is_returned else "办理"
        who = f"{task.pairing.supported.short_name}{owner}{verb}"
    since = clock.local_date(task.state_since)
    if task.state is TaskState.NOT_STARTED:
        if task.starts_on > today:
            return None
        since = max(since, task.starts_on)
    days = workdays_between(since, today)
    return Turn(who, task.state_since, days)
