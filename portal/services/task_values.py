"""Writing what a task's fields came to into its rows, and telling what that changed.

No guard stands here: whoever calls has asked whether the plan may be changed. Values are those
of :func:`portal.policies.task_entries.read_task`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from portal.errors import StepRefused
from portal.extensions import db
from portal.models import (
    EvidenceUse,
    LibraryTask,
    Milestone,
    Recurrence,
    Side,
    Task,
    User,
)
from portal.policies.recurrence import year_of
from portal.policies.task_entries import Charge
from portal.policies.task_fields import TASK_FIELDS, task_texts
from portal.services.plan_changes import requirements_of

Change = tuple[str, str]
PLAIN = ("area", "title", "description", "measures", "criteria", "weight", "starts_on", "due_on")
SILENT = frozenset({"description", "measures", "criteria"})
"""Long texts, of which the history says only that they were changed."""


def write_values(task: Task, values: Mapping[str, Any]) -> list[Change]:
    """Make ``task`` say what ``values`` say; return what differs, in words, field by field.

    The first due date is left to the caller. The year follows the due date unless it is given,
    or the task stands for one year of a yearly standard task. Raises StepRefused when a
    required piece would go that evidence was already added for.
    """
    before = task_texts(task)
    put_values(task, values)
    if "due_on" in values and not values.get("year") and not is_yearly(task):
        task.year = year_of(values["due_on"], task.plan.starts_on)
    after = task_texts(task)
    return [
        (field.label, _told(field.name, before[field.name], after[field.name]))
        for field in TASK_FIELDS
        if before[field.name] != after[field.name]
    ]


def put_values(task: Task, values: Mapping[str, Any]) -> None:
    """Write ``values`` into the rows of ``task``, and nothing that follows from them.

    Only what is named is read or loaded, so that many tasks cost little. Raises StepRefused
    when a required piece would go that evidence was already added for.
    """
    if "evidence" in values:
        _keep_evidence(task, values["evidence"])
    for name in PLAIN:
        if name in values:
            setattr(task, name, values[name])
    for side in Side:
        if (charge := values.get(f"{side.value}_owner")) is not None:
            put_in_charge(task, side, charge)
    if "milestones" in values:
        _keep_milestones(task, values["milestones"])
    if values.get("year"):
        task.year = values["year"]


def put_in_charge(task: Task, side: Side, charge: Charge) -> None:
    """Put an account or a bare name in charge on ``side``; neither leaves nobody."""
    owner = db.session.get_one(User, charge.owner_id) if charge.owner_id else None
    setattr(task, f"{side.value}_owner", owner)
    setattr(task, f"{side.value}_person", charge.person)


def milestones_of(steps: Sequence[tuple[date, str]]) -> list[Milestone]:
    """Return the milestones of a task, in order."""
    return [
        Milestone(position=at, title=title, due_on=day) for at, (day, title) in enumerate(steps, 1)
    ]


def is_yearly(task: Task) -> bool:
    """Whether the task stands for one year of a yearly standard task."""
    if task.library_task_id is None:
        return False
    standard = db.session.get_one(LibraryTask, task.library_task_id)
    return standard.recurrence is Recurrence.YEARLY


def _keep_evidence(task: Task, names: Sequence[str]) -> None:
    """Bring the required evidence in line with ``names``, place by place.

    Rows are reused: deleting and adding the same place would break its unique constraint.
    """
    rows = list(task.requirements)
    for row in rows[len(names) :]:
        used = sa.select(EvidenceUse.id).where(EvidenceUse.requirement_id == row.id).limit(1)
        if db.session.scalar(used) is not None:
            raise StepRefused(f"“{row.name}”已有佐证材料，不能从要求中去掉。")
        task.requirements.remove(row)
    for row, name in zip(rows, names, strict=False):
        row.name = name
    task.requirements.extend(requirements_of(names)[len(rows) :])


def _keep_milestones(task: Task, steps: Sequence[tuple[date, str]]) -> None:
    """Bring the milestones in line, place by place; one of the same title stays reached."""
    rows = list(task.milestones)
    reached = {row.title: row.done_on for row in rows}
    for row in rows[len(steps) :]:
        task.milestones.remove(row)
    for row, (day, title) in zip(rows, steps, strict=False):
        row.due_on, row.title = day, title
    task.milestones.extend(milestones_of(steps)[len(rows) :])
    for row in task.milestones:
        row.done_on = reached.get(row.title)


def _told(name: str, before: str, after: str) -> str:
    """Say how one field changed."""
    if name in SILENT:
        return "已修改"
    return f"{_in_line(before)} → {_in_line(after)}"


def _in_line(text: str) -> str:
    return "、".join(text.splitlines()) or "（空）"
