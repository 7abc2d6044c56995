"""What a newer edition of the library says differently from a task that was picked before."""

from portal.models import LibraryTask, Task, Weight
from portal.policies.library_fields import Difference
from portal.policies.recurrence import steps_of, title_in
from portal.policies.task_fields import FIELDS_BY_NAME, show_steps


def new_texts(task: Task, standard: LibraryTask) -> dict[str, str]:
    """Return the texts that ``task`` would take over from ``standard``, by field.

    Its days and its persons in charge are the plan's own and stay.
    """
    return {
        "title": title_in(standard, task.year),
        "description": standard.description,
        "measures": standard.measures,
        "criteria": standard.criteria,
        "weight": Weight(str(standard.weight)).label,
        "evidence": "\n".join(standard.evidence),
        "milestones": show_steps(steps_of(standard, task.starts_on, task.due_on)),
    }


def renewed(task: Task, standard: LibraryTask) -> list[Difference]:
    """Return the fields in which ``standard`` says something else than ``task`` does now."""
    found = []
    for name, after in new_texts(task, standard).items():
        field = FIELDS_BY_NAME[name]
        if (before := field.show(task)) != after:
            found.append(Difference(name, field.label, before, after))
    return found
