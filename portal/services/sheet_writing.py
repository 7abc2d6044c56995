"""Setting the fields of many tasks at once: nothing is asked or flushed row by row."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.orm.attributes import flag_modified

from portal.models import EvidenceRequirement, Milestone, Plan, Task, User
from portal.policies.recurrence import year_of
from portal.policies.sheet_values import LISTS, OWNERS, packed, value_of
from portal.policies.task_entries import Charge
from portal.services.plan_changes import area_letter, new_task

Values = Mapping[str, Any]


def write_values(
    task: Task, values: Values, people: Mapping[int, User], *, follows_due: Collection[int] = ()
) -> dict[str, Any]:
    """Let ``task`` say ``values``; return what it said before, as JSON keeps it.

    While drawing up, the first due date moves along with the due date; so does the year of a
    task whose id is among ``follows_due``.
    """
    values = dict(values)
    if "due_on" in values and "year" not in values and task.id in follows_due:
        values["year"] = year_of(values["due_on"], task.plan.starts_on)
    before = {name: packed(value_of(task, name)) for name in values}
    for name, value in values.items():
        _write(task, name, value, people)
    if "due_on" in values:
        task.first_due_on = values["due_on"]
    if not values.keys().isdisjoint(LISTS):
        # The lists are part of what two people edit.
        flag_modified(task, "created_at")
    return before


def add_task(plan: Plan, number: int, values: Values, people: Mapping[int, User]) -> Task:
    """Return a new task of ``plan`` with ``values``; not in the session yet."""
    task = new_task(
        plan, number, area=values["area"], title=values["title"], criteria=values["criteria"]
    )
    task.code = f"{area_letter(task.area)}-X{number:02d}"
    task.first_due_on = values["due_on"]
    for name, value in values.items():
        _write(task, name, value, people)
    return task


def _write(task: Task, name: str, value: Any, people: Mapping[int, User]) -> None:
    if isinstance(value, Charge):
        side = OWNERS[name]
        owner = people.get(value.owner_id) if value.owner_id is not None else None
        setattr(task, f"{side.value}_owner", owner)
        setattr(task, f"{side.value}_person", value.person)
    elif name == "evidence":
        _keep_evidence(task, value)
    elif name == "milestones":
        _keep_milestones(task, value)
    else:
        setattr(task, name, value)


def _keep_evidence(task: Task, names: tuple[str, ...]) -> None:
    """Bring the required evidence in line, place by place.

    Rows are reused: deleting and adding the same place would break its unique constraint.
    """
    rows = list(task.requirements)
    for row in rows[len(names) :]:
        task.requirements.remove(row)
    for row, name in zip(rows, names, strict=False):
        row.name = name
    for at, name in enumerate(names[len(rows) :], len(rows) + 1):
        task.requirements.append(EvidenceRequirement(position=at, name=name))


def _keep_milestones(task: Task, steps: tuple[tuple[Any, str], ...]) -> None:
    """Bring the milestones in line, place by place; what was reached stays so by its title."""
    rows = list(task.milestones)
    done = {row.title: row.done_on for row in rows}
    for row in rows[len(steps) :]:
        task.milestones.remove(row)
    for row, (day, title) in zip(rows, steps, strict=False):
        row.due_on, row.title, row.done_on = day, title, done.get(title)
    for at, (day, title) in enumerate(steps[len(rows) :], len(rows) + 1):
        task.milestones.append(
            Milestone(position=at, title=title, due_on=day, done_on=done.get(title))
        )
