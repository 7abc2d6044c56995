"""What a task's fields come to in one plan: months become days, names become people in charge.

The readers of :mod:`portal.policies.task_fields` know text only; here the plan's start, the
task's other fields and the staff of both hospitals decide the rest.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from portal.models import Plan, Programme, Side, Task, User
from portal.policies.field_text import Months, ReadStep
from portal.policies.task_fields import parse_texts

_NAMED_ACCOUNT = re.compile(r"^(.+?)[（(]([^（）()]+)[)）]$")


@dataclass(frozen=True)
class Charge:
    """Who is in charge on one side: an account, or the name of somebody without one."""

    owner_id: int | None = None
    person: str = ""


@dataclass(frozen=True)
class Term:
    """A plan's first and last day; months count from the first."""

    starts_on: date
    ends_on: date
    years: int


def term_of(whole: Plan | Programme) -> Term:
    """Return the time that the tasks of a plan must lie in, or of a programme without one yet."""
    programme = whole.pairing.programme if isinstance(whole, Plan) else whole
    return Term(whole.starts_on, whole.ends_on, len(programme.years))


EMPTY: dict[str, Any] = {
    "description": "",
    "measures": "",
    "supporting_owner": "",
    "supported_owner": "",
    "milestones": (),
}
"""What a field without text comes to, where it may be empty; a year then follows the due date."""

People = Mapping[Side, Sequence[User]]
Values = dict[str, Any]
Wrong = dict[str, str]


def read_task(
    texts: Mapping[str, str], *, term: Term, people: People, task: Task | None = None
) -> tuple[Values, Wrong]:
    """Read some fields of a task, by name; return what they come to and what is wrong.

    ``task`` is the one they shall change: what is not among ``texts`` counts as it stands.
    Values are those of ``Task``'s columns, but for persons in charge (:class:`Charge`),
    evidence (names) and milestones (pairs of day and title).
    """
    values, wrong = parse_texts(dict(texts))
    for name in EMPTY.keys() & values.keys():
        if values[name] is None:
            values[name] = EMPTY[name]
    for side in Side:
        _settle_person(values, wrong, side, people)
    _settle_days(values, wrong, term, task)
    if (values.get("year") or 0) > term.years:
        wrong["year"] = f"计划共 {term.years} 年，没有第{values.pop('year')}年。"
    return values, wrong


def _settle_person(values: Values, wrong: Wrong, side: Side, people: People) -> None:
    """Turn the name in charge on ``side`` into an account, where it is one."""
    name = f"{side.value}_owner"
    if name in values:
        _put(values, wrong, name, partial(charge_of, values[name], side, people))


def charge_of(name: str, side: Side, people: People) -> Charge:
    """Return whom ``name`` means on ``side``: staff with an account, else the bare name.

    ``姓名（账号）`` tells two of the same name apart. Raises ValueError where that is needed.
    """
    if not name:
        return Charge()
    staff = people[side]
    if found := _NAMED_ACCOUNT.match(name):
        for user in staff:
            if user.name == found[1].strip() and user.username == found[2].strip():
                return Charge(owner_id=user.id)
    same = [user for user in staff if user.name == name]
    if len(same) == 1:
        return Charge(owner_id=same[0].id)
    if same:
        shown = "、".join(f"{user.name}（{user.username}）" for user in same)
        raise ValueError(f"{side.label}有 {len(same)} 位同名人员，请写明账号：{shown}。")
    return Charge(person=name)


def _settle_days(values: Values, wrong: Wrong, term: Term, task: Task | None) -> None:
    """Turn months into days and see that all days lie in the plan, in their order."""
    begins = _of(values.get("starts_on"), term.starts_on, at_end=False)
    ends = _of(values.get("due_on"), term.starts_on, at_end=True)
    if begins is not None:
        values["starts_on"] = begins
    if ends is not None:
        # A month reaches into the day after the plan's last: three years are 36 months.
        relative = isinstance(values["due_on"], Months)
        values["due_on"] = ends = min(ends, term.ends_on) if relative else ends
    for name, day, label in (("starts_on", begins, "开始日期"), ("due_on", ends, "完成期限")):
        if day is not None and not term.starts_on <= day <= term.ends_on:
            wrong[name] = f"{label}应在计划期内（{term.starts_on} 至 {term.ends_on}）。"
    begins = begins or (task.starts_on if task else None)
    ends = ends or (task.due_on if task else None)
    if begins and ends and ends < begins and not {"starts_on", "due_on"} & wrong.keys():
        wrong["due_on" if "due_on" in values else "starts_on"] = "完成期限不能早于开始日期。"
    if "milestones" in values:
        start = begins or term.starts_on
        _put(
            values,
            wrong,
            "milestones",
            partial(dated_steps, values["milestones"], start, ends, term),
        )


def dated_steps(
    steps: Sequence[ReadStep], starts_on: date, due_on: date | None, term: Term
) -> tuple[tuple[date, str], ...]:
    """Return milestones as (day, title) in their order; months count from the task's start.

    Raises ValueError for a day outside the task's own time, or the same title twice: a reached
    one is known by its title.
    """
    found = []
    titles = [step.title for step in steps]
    if twice := next((title for title in titles if titles.count(title) > 1), None):
        raise ValueError(f"节点“{twice}”写了两次，请用不同的名称。")
    for step in steps:
        day = _of(step.due, starts_on, at_end=True) or starts_on
        if isinstance(step.due, Months) and due_on:
            day = min(day, due_on)
        if not starts_on <= day <= (due_on or term.ends_on):
            raise ValueError(f"节点“{step.title}”的日期 {day} 不在任务的起止日期之内。")
        found.append((day, step.title))
    return tuple(sorted(found, key=lambda pair: pair[0]))


def _of(value: date | Months | None, start: date, *, at_end: bool) -> date | None:
    """Return the day that ``value`` means when counted from ``start``."""
    if isinstance(value, Months):
        return value.ends(start) if at_end else value.begins(start)
    return value if isinstance(value, date) else None


def _put(values: Values, wrong: Wrong, name: str, read: Callable[[], Any]) -> None:
    """Put what ``read`` gives in the place of a value, or its sentence among the wrong ones."""
    try:
        values[name] = read()
    except ValueError as refusal:
        del values[name]
        wrong[name] = str(refusal)
