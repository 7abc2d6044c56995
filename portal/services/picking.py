"""Picking standard tasks: one choice for several plans, all or nothing."""

from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from portal.errors import Rejected
from portal.extensions import db
from portal.models import LibraryTask, Pairing, Plan, Side, Task, User
from portal.policies.recurrence import Occurrence, occurrences, steps_of
from portal.policies.task_entries import Charge, charge_of
from portal.policies.task_fields import PERSON_LENGTH
from portal.queries.plans import people_of
from portal.services.plan_changes import (
    new_task,
    next_number,
    note_change,
    open_for_change,
    requirements_of,
)
from portal.services.task_values import milestones_of, put_in_charge

Names = Mapping[int, Mapping[Side, str]]
"""Who is to be in charge, by pairing and side."""


def pick_from_library(
    plans: Sequence[Plan],
    picked: Sequence[LibraryTask],
    *,
    starts_on: date | None = None,
    people: Names | None = None,
    actor: User,
) -> int:
    """Add the standard tasks ``picked`` to every plan, all or nothing; return how many tasks.

    Dates count from ``starts_on``, by default each plan's own start. What a plan already
    contains is left as it is. ``people`` names who is in charge of what is added, by pairing
    and side. Raises Forbidden, StepRefused (a plan that is in force or locked) or Rejected
    (nothing chosen, a start outside the plan, a name that two people have).
    """
    refuse_bad_choice([(plan.starts_on, plan.ends_on) for plan in plans], picked, starts_on)
    added = 0
    for plan in plans:
        open_for_change(plan, actor=actor)
        charges = charges_of(plan.pairing, (people or {}).get(plan.pairing_id, {}))
        added += _pick_into(plan, picked, starts_on or plan.starts_on, charges, actor)
    return added


def charges_of(pairing: Pairing, names: Mapping[Side, str]) -> dict[Side, Charge]:
    """Return whom ``names`` mean in ``pairing``. Raises Rejected by the pairing's field names."""
    staff = people_of(pairing) if any(names.values()) else {}
    found: dict[Side, Charge] = {}
    for side, name in names.items():
        try:
            if len(name) > PERSON_LENGTH:
                raise ValueError(f"最多 {PERSON_LENGTH} 个字，现有 {len(name)} 个字。")
            found[side] = charge_of(name, side, staff)
        except ValueError as refusal:
            raise Rejected({f"{side.value}-{pairing.id}": f"{pairing.title}：{refusal}"}) from None
    return found


def refuse_bad_choice(
    terms: Sequence[tuple[date, date]], picked: Sequence[LibraryTask], starts_on: date | None
) -> None:
    """Raise Rejected for an empty choice, or a start outside one of the plans' terms."""
    wrong: dict[str, str] = {}
    if not terms:
        wrong["pairing"] = "请至少选择一个结对。"
    if not picked:
        wrong["task"] = "请至少勾选一项标准任务。"
    if starts_on and not all(first <= starts_on <= last for first, last in terms):
        wrong["starts_on"] = "起算日应在所选结对的计划期内。"
    if wrong:
        raise Rejected(wrong)


def _pick_into(
    plan: Plan,
    picked: Sequence[LibraryTask],
    starts_on: date,
    charges: Mapping[Side, Charge],
    actor: User,
) -> int:
    """Add what is neither there yet nor met already to a plan that is locked; say how many."""
    there = set(db.session.scalars(sa.select(Task.code).where(Task.plan_id == plan.id)))
    met = {one.library_task.code for one in plan.met_targets}
    wanted = [
        (standard, one)
        for standard in picked
        if standard.code not in met
        for one in occurrences(
            standard,
            starts_on=starts_on,
            plan_starts_on=plan.starts_on,
            plan_ends_on=plan.ends_on,
        )
        if one.code not in there
    ]
    if not wanted:
        return 0
    first = next_number(plan)
    for at, (standard, one) in enumerate(wanted):
        task = _task_from(plan, first + at, standard, one)
        for side, charge in charges.items():
            put_in_charge(task, side, charge)
        db.session.add(task)
    db.session.flush()
    note_change(plan, f"从标准任务库选取 {len(wanted)} 项任务", [], actor=actor)
    db.session.expire(plan, ["tasks"])
    return len(wanted)


def _task_from(plan: Plan, number: int, standard: LibraryTask, one: Occurrence) -> Task:
    """Return the task that an occurrence of a standard task becomes."""
    task = new_task(plan, number, area=standard.area, title=one.title, criteria=standard.criteria)
    task.code, task.year, task.weight = one.code, one.year, standard.weight
    task.description, task.library_task_id = standard.description, standard.id
    task.starts_on, task.due_on, task.first_due_on = one.starts_on, one.due_on, one.due_on
    task.measures = standard.measures
    task.requirements = requirements_of(standard.evidence)
    task.milestones = milestones_of(steps_of(standard, one.starts_on, one.due_on))
    return task
