"""Writing what a task's fields came to into its rows, and telling what that changed.

No guard stands here: whoever calls has asked whether the plan may be changed. Values are those
of :func:`portal.policies.task_entries.read_task`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import sqlalchemy as sa

from portal.errors import StepRefused
from portal.extensions import db
from portal.models import (
    EvidenceRequirement,
    EvidenceUse,
    LibraryTask,
    Milestone,
    Recurrence,
    Side,
    Task,
    Upload,
    User,
)
from portal.policies.recurrence import year_of
from portal.policies.task_entries import Charge
from portal.policies.task_fields import TASK_FIELDS, task_texts

Change = tuple[str, str]
Row = TypeVar("Row", EvidenceRequirement, Milestone)
PLAIN = ("area", "title", "description", "measures", "criteria", "weight", "starts_on", "due_on")
SILENT = frozenset({"description", "measures", "criteria"})
"""Long texts, of which the history says only that they were changed."""
PARKED = 10_000
"""Added to a place while rows change theirs; no task has so many."""


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
    """Bring the required evidence in line with ``names``; what was added stays with its name.

    Raises StepRefused where a requirement would go, or be named anew, that has evidence.
    """
    kept, left = _matched(task.requirements, names, lambda row: row.name)
    for row in left:
        used = sa.select(EvidenceUse.id).where(EvidenceUse.requirement_id == row.id).limit(1)
        if row.id is not None and db.session.scalar(used) is not None:
            raise StepRefused(f"“{row.name}”已有佐证材料，不能从要求中去掉或改名。")
    if left:
        # What is still being uploaded for them is kept without a place.
        gone = [row.id for row in left]
        meant = sa.update(Upload).where(Upload.requirement_id.in_(gone))
        db.session.execute(meant.values(requirement_id=None))
    _move_apart(task.requirements, kept)
    task.requirements = [
        row or EvidenceRequirement(name=name) for row, name in zip(kept, names, strict=True)
    ]
    for at, row in enumerate(task.requirements, 1):
        row.position = at


def _keep_milestones(task: Task, steps: Sequence[tuple[date, str]]) -> None:
    """Bring the milestones in line; one of the same title stays reached.

    Raises StepRefused where a reached one would go or be worded anew.
    """
    kept, left = _matched(task.milestones, [title for _, title in steps], lambda row: row.title)
    if lost := next((row for row in left if row.done_on), None):
        raise StepRefused(f"节点“{lost.title}”已完成，不能去掉或改名。")
    _move_apart(task.milestones, kept)
    task.milestones = [
        row or Milestone(title=title) for row, (_, title) in zip(kept, steps, strict=True)
    ]
    for at, (row, (day, _)) in enumerate(zip(task.milestones, steps, strict=True), 1):
        row.position, row.due_on = at, day


def _matched(
    rows: Sequence[Row], names: Sequence[str], name_of: Callable[[Row], str]
) -> tuple[list[Row | None], list[Row]]:
    """Return the row that has each of ``names``, None for a new one, and the rows left over.

    Of equal names the one in the same place is meant, then the first.
    """
    left = list(rows)
    found: list[Row | None] = [None] * len(names)
    for at, (row, name) in enumerate(zip(rows, names, strict=False)):
        if name_of(row) == name:
            found[at] = row
            left.remove(row)
    for at, name in enumerate(names):
        if found[at] is None:
            same = next((row for row in left if name_of(row) == name), None)
            if same is not None:
                found[at] = same
                left.remove(same)
    return found, left


def _move_apart(
    rows: Sequence[EvidenceRequirement] | Sequence[Milestone],
    kept: Sequence[EvidenceRequirement | Milestone | None],
) -> None:
    """Free the places of ``rows`` unless each stays where it is: a place is taken only once.

    The database sees rows one by one, and new ones before the removal of old ones.
    """
    if list(rows) == list(kept)[: len(rows)]:
        return
    for row in rows:
        row.position += PARKED
    db.session.flush()


def _told(name: str, before: str, after: str) -> str:
    """Say how one field changed."""
    if name in SILENT:
        return "已修改"
    return f"{_in_line(before)} → {_in_line(after)}"


def _in_line(text: str) -> str:
    return "、".join(text.splitlines()) or "（空）"
