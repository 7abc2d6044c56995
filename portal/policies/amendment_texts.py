"""What was typed into the fields of a task, as the lines of an amendment keep it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from portal.errors import Rejected
from portal.models import Area, Plan, Side, Task, Weight
from portal.policies.amendment_lines import FIXED_FIELDS, NEW_TASK_FIELDS
from portal.policies.field_text import cleaned
from portal.policies.recurrence import year_of
from portal.policies.task_entries import Charge, People, Values, read_task, term_of
from portal.policies.task_fields import show_day, show_steps


def changed_texts(task: Task, texts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what ``texts`` change of ``task``: the fields as they stand, and as they shall.

    Raises Rejected by the name of the field. Field by field the same text is no change.
    """
    present = {field.name: field.show(task) for field in FIXED_FIELDS}
    typed = {name: cleaned(texts[name]) for name in present if name in texts}
    typed = {name: text for name, text in typed.items() if text != cleaned(present[name])}
    values = read_texts(task.plan, typed, task)
    after = {name: show_value(name, value) for name, value in values.items()}
    after = {name: text for name, text in after.items() if text != present[name]}
    return {name: present[name] for name in after}, after


def new_task_texts(plan: Plan, texts: Mapping[str, str], people: People) -> dict[str, str]:
    """Return what a line says of a new task; ``people`` are both hospitals' staff.

    Persons in charge stay as they were typed. Raises Rejected by the name of the field.
    """
    typed = {field.name: cleaned(texts.get(field.name, "")) for field in NEW_TASK_FIELDS}
    values = read_texts(plan, typed, people=people)
    if values["year"] is None:
        values["year"] = year_of(values["due_on"], plan.starts_on)
    return {
        name: typed[name] if isinstance(value, Charge) else show_value(name, value)
        for name, value in values.items()
    }


def read_texts(
    plan: Plan, texts: Mapping[str, str], task: Task | None = None, *, people: People | None = None
) -> Values:
    """Return what some fields come to in ``plan``. Raises Rejected by the name of the field."""
    staff = people or dict.fromkeys(Side, ())
    values, wrong = read_task(texts, term=term_of(plan), people=staff, task=task)
    if task is not None and "year" in values and values["year"] is None:
        wrong["year"] = "请填写年度。"
    if "evidence" in values and not values["evidence"]:
        wrong["evidence"] = "请至少写一项佐证材料，销号时逐项核对。"
    if wrong:
        raise Rejected(wrong)
    return values


def show_value(name: str, value: Any) -> str:
    """Return a value of the field ``name`` as the text that is read back to it."""
    if value is None:
        return ""
    if isinstance(value, Area):
        return value.label
    if isinstance(value, date):
        return show_day(value)
    if name == "weight":
        return Weight(str(value)).label
    if name == "year":
        return f"第{value}年"
    if name == "milestones":
        return show_steps(value)
    if name == "evidence":
        return "\n".join(value)
    return str(value)
