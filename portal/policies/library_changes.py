"""What one edition of the library changes against another, task by task and field by field."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from portal.models import Area, LabelledEnum, LibraryTask
from portal.policies.library_fields import Difference, differences, values_of


class Fate(LabelledEnum):
    """What became of a standard task."""

    ADDED = "added", "新增", "success"
    CHANGED = "changed", "修改", "warning"
    LEFT_OUT = "left_out", "停用", "danger"


@dataclass(frozen=True)
class TaskChange:
    """One standard task that is not as it was. ``task`` is the later text where there is one."""

    fate: Fate
    task: LibraryTask
    fields: list[Difference] = field(default_factory=list)

    @property
    def code(self) -> str:
        """The code both editions know it by."""
        return self.task.code


def compare(before: Iterable[LibraryTask], after: Sequence[LibraryTask]) -> list[TaskChange]:
    """Return what differs, in the later edition's order; what was left out comes last."""
    old = {task.code: task for task in before}
    found = []
    for task in after:
        earlier = old.pop(task.code, None)
        if earlier is None:
            found.append(TaskChange(Fate.ADDED, task))
        elif fields := differences(values_of(earlier), values_of(task)):
            found.append(TaskChange(Fate.CHANGED, task, fields))
    return found + [TaskChange(Fate.LEFT_OUT, task) for task in old.values()]


def areas_in_new_order(before: Sequence[LibraryTask], after: Sequence[LibraryTask]) -> list[Area]:
    """Return the areas whose tasks, so far as both editions have them, stand in another order."""
    both = {task.code for task in before} & {task.code for task in after}

    def order(tasks: Sequence[LibraryTask], area: Area) -> list[str]:
        return [one.code for one in tasks if one.area is area and one.code in both]

    return [
        area
        for area in Area
        if order(before, area) != order(after, area)
        and set(order(before, area)) == set(order(after, area))
    ]
