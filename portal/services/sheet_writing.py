"""Setting the fields of many tasks at once: nothing is asked or flushed row by row."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm.attributes import flag_modified

from portal.models import Plan, Task
from portal.policies.sheet_values import LISTS, packed, value_of
from portal.services.plan_changes import area_letter, new_task
from portal.services.task_values import put_values

Values = Mapping[str, Any]


def write_values(task: Task, values: Values) -> dict[str, Any]:
    """Let ``task`` say ``values``; return what it said before, as JSON keeps it.

    While drawing up, the first due date moves along with the due date; the year that follows
    it is among ``values`` already, so that it was shown. Raises StepRefused as put_values().
    """
    before = {name: packed(value_of(task, name)) for name in values}
    put_values(task, values)
    if "due_on" in values:
        task.first_due_on = values["due_on"]
    if not values.keys().isdisjoint(LISTS):
        # The lists are part of what two people edit.
        flag_modified(task, "created_at")
    return before


def add_task(plan: Plan, number: int, values: Values) -> Task:
    """Return a new task of ``plan`` with ``values``; not in the session yet."""
    task = new_task(
        plan, number, area=values["area"], title=values["title"], criteria=values["criteria"]
    )
    task.code = f"{area_letter(task.area)}-X{number:02d}"
    task.first_due_on = values["due_on"]
    put_values(task, values)
    return task
