"""What a task's cells are worth: compared, shown, and kept so that they can be put back."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from portal.models import Area, Side, Task, User
from portal.policies.amendment_texts import show_value
from portal.policies.task_entries import Charge

OWNERS = {f"{side.value}_owner": side for side in Side}
LISTS = ("evidence", "milestones")


def value_of(task: Task, name: str) -> Any:
    """Return what the field ``name`` of ``task`` is now, as ``read_task`` would give it."""
    if name in OWNERS:
        return charge_on(task, OWNERS[name])
    if name == "evidence":
        return tuple(one.name for one in task.requirements)
    if name == "milestones":
        return tuple((one.due_on, one.title) for one in task.milestones)
    return getattr(task, name)


def charge_on(task: Task, side: Side) -> Charge:
    """Return who is in charge on ``side``."""
    owner_id = getattr(task, f"{side.value}_owner_id")
    return Charge(owner_id, "" if owner_id else getattr(task, f"{side.value}_person"))


def shown(name: str, value: Any, people: Mapping[int, User]) -> str:
    """Return a value as the preview and the history show it."""
    if isinstance(value, Charge):
        if value.owner_id is not None:
            known = people.get(value.owner_id)
            return known.name if known else "已有责任人"
        return f"{value.person}（没有账号）" if value.person else ""
    return f"{value}%" if name == "progress" else show_value(name, value)


def packed(value: Any) -> Any:
    """Return a value as JSON keeps it."""
    if isinstance(value, Charge):
        return [value.owner_id, value.person]
    if isinstance(value, Area):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [packed(one) for one in value]
    return value


def unpacked(name: str, kept: Any) -> Any:
    """Return the value that :func:`packed` kept."""
    if name in OWNERS:
        return Charge(*kept)
    if name == "area":
        return Area(kept)
    if name in ("starts_on", "due_on"):
        return date.fromisoformat(kept)
    if name == "milestones":
        return tuple((date.fromisoformat(day), title) for day, title in kept)
    return tuple(kept) if name in LISTS else kept
