"""A plan as it stands, put into plain JSON: everything that was agreed, nothing of the progress."""

from collections.abc import Sequence
from typing import Any

from portal.models import Area, Plan, Task
from portal.policies.goal_texts import goal_texts
from portal.policies.task_fields import TASK_FIELDS, show_day, task_texts

STANDING = "standing"
FIRST_DUE = "first_due_on"
TASK_LABELS = {
    "code": "编号",
    **{field.name: field.label for field in TASK_FIELDS},
    FIRST_DUE: "首次时限",
    STANDING: "执行情况",
}
"""What each part of a task is called, in the order in which it is shown."""


def snapshot_of(plan: Plan, tasks: Sequence[Task]) -> dict[str, Any]:
    """Return ``plan`` with its goals, figures, ``tasks`` and met targets as texts."""
    return {
        "starts_on": show_day(plan.starts_on),
        "ends_on": show_day(plan.ends_on),
        "goals": {area.value: goal_texts(plan, area) for area in Area},
        "tasks": [task_snapshot(task) for task in tasks],
        "met": [
            {"code": one.library_task.code, "title": one.library_task.title, "said": one.statement}
            for one in plan.met_targets
        ],
    }


def task_snapshot(task: Task) -> dict[str, Any]:
    """Return one task as texts; ``number`` tells it from the others for good."""
    return {
        "number": task.number,
        "code": task.code,
        **task_texts(task),
        FIRST_DUE: show_day(task.first_due_on),
        STANDING: task.state.rest_label,
    }
