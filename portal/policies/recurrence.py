"""When a standard task falls due in a plan: relative months become dates."""

from dataclasses import dataclass
from datetime import date, timedelta

from portal.clock import add_months
from portal.models import LibraryTask, Recurrence
from portal.policies.field_text import Months


@dataclass(frozen=True)
class Occurrence:
    """One task that a standard task becomes."""

    code: str
    title: str
    year: int
    starts_on: date
    due_on: date


def occurrences(
    task: LibraryTask, *, starts_on: date, plan_starts_on: date, plan_ends_on: date
) -> list[Occurrence]:
    """Return what ``task`` becomes when work begins on ``starts_on`` (within the plan).

    The term is cut into stretches of twelve months from ``starts_on``. A task begins with the
    stretch in which it falls due, so that the list of a year shows what that year is for.
    Months count whole: due in month 12 of 2020-05-22 is 2021-05-21, the stretch's last day.
    A yearly task comes once in every stretch that begins within the plan. Nothing is due
    after the plan's end: what would be is due on its last day.
    """
    last = _last_stretch(starts_on, plan_ends_on)
    first = min((task.due_months - 1) // 12, last)
    if task.recurrence is Recurrence.ONCE:
        stretches = [(first, task.due_months)]
    else:
        stretches = [(k, task.due_months + 12 * (k - first)) for k in range(first, last + 1)]
    found = []
    for count, (stretch, months) in enumerate(stretches, 1):
        begins = add_months(starts_on, 12 * stretch)
        due = min(add_months(starts_on, months) - timedelta(days=1), plan_ends_on)
        year = year_of(begins, plan_starts_on)
        code = task.code if task.recurrence is Recurrence.ONCE else f"{task.code}-{count}"
        found.append(Occurrence(code, title_in(task, year), year, begins, due))
    return found


def title_in(task: LibraryTask, year: int) -> str:
    """Return what ``task`` is called in the plan's ``year``: a yearly one names it."""
    return task.title if task.recurrence is Recurrence.ONCE else f"{task.title}（第{year}年）"


def steps_of(task: LibraryTask, starts_on: date, due_on: date) -> list[tuple[date, str]]:
    """Return the milestones of ``task`` on the days they fall on, none after it is due."""
    days = [(Months(int(count)).ends(starts_on), title) for title, count in task.milestones]
    return sorted((min(day, due_on), title) for day, title in days)


def year_of(day: date, plan_starts_on: date) -> int:
    """Return the plan's year, from one, in which ``day`` lies."""
    year = 1
    while add_months(plan_starts_on, 12 * year) <= day:
        year += 1
    return year


def _last_stretch(starts_on: date, plan_ends_on: date) -> int:
    """Return the index of the last twelve months that begin within the plan."""
    last = 0
    while add_months(starts_on, 12 * (last + 1)) <= plan_ends_on:
        last += 1
    return last
