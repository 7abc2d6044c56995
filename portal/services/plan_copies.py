"""One plan taken over by the coordinator's other pairings: goals, figures, tasks, milestones."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from portal.clock import add_months
from portal.errors import Rejected
from portal.extensions import db
from portal.models import GoalFigure, Plan, Side, Task, User
from portal.policies.task_entries import Charge
from portal.services.goals import copy_goals
from portal.services.plan_changes import (
    area_letter,
    new_task,
    next_number,
    note_change,
    open_for_change,
    requirements_of,
)
from portal.services.task_values import milestones_of, put_in_charge

RESOLVED = re.compile(r"[A-E]-H")
"""How the code of a task begins that a meeting resolved on."""

Baselines = Mapping[str, tuple[str, Decimal]]


def copy_plan(
    source: Plan,
    targets: Sequence[Plan],
    *,
    baselines: Mapping[int, Baselines],
    actor: User,
) -> int:
    """Write into every target what it does not have yet; return how many tasks were added.

    Tasks are known by their code, figures by area and name, goals by year and area. Days keep
    their distance from the plan's start. Baselines are each hospital's own: taken from its
    survey (``baselines`` by pairing and item key), else left open. People go along on the side
    where the hospital is the same. Raises Forbidden, StepRefused or Rejected; all or nothing.
    """
    if not targets:
        raise Rejected({"also": "请选择要复制到的结对。"})
    copy_goals(source, targets, actor=actor)
    added = 0
    for target in targets:
        open_for_change(target, actor=actor)
        figures = _copy_figures(source, target, baselines.get(target.pairing_id, {}))
        tasks = _copy_tasks(source, target)
        if figures or tasks:
            details = [("任务", f"{tasks} 项"), ("量化目标", f"{figures} 项")]
            note_change(target, f"从“{source.pairing.title}”复制计划", details, actor=actor)
        added += tasks
    return added


def _copy_figures(source: Plan, target: Plan, baselines: Baselines) -> int:
    """Add the figures that are not there yet; return how many."""
    there = {(row.area, row.name) for row in target.figures}
    last = {area: 0 for area, _ in there}
    for row in target.figures:
        last[row.area] = max(last[row.area], row.position)
    added = 0
    for row in source.figures:
        if (row.area, row.name) in there:
            continue
        last[row.area] = last.get(row.area, 0) + 1
        own = baselines.get(row.item_key)
        db.session.add(
            GoalFigure(
                plan_id=target.id,
                area=row.area,
                position=last[row.area],
                name=row.name,
                unit=row.unit,
                baseline=own[1] if own else None,
                targets=dict(row.targets),
                item_key=row.item_key,
            )
        )
        added += 1
    db.session.flush()
    db.session.expire(target, ["figures"])
    return added


def _copy_tasks(source: Plan, target: Plan) -> int:
    """Add the tasks that are not there yet; return how many.

    Standard tasks are known by their code, own ones by their title. What a meeting of the
    source resolved on is its own affair.
    """
    rows = db.session.execute(sa.select(Task.code, Task.title).where(Task.plan_id == target.id))
    there = {word for row in rows for word in row}
    wanted = [
        task
        for task in source.tasks
        if (task.code if task.library_task_id else task.title) not in there
        and not RESOLVED.match(task.code)
    ]
    first = next_number(target)
    for at, task in enumerate(wanted):
        copy = _copy_of(task, source, target, first + at)
        if copy.library_task_id is None or copy.code in there:
            copy.code = f"{area_letter(copy.area)}-X{copy.number:02d}"
        db.session.add(copy)
    db.session.flush()
    db.session.expire(target, ["tasks"])
    return len(wanted)


def _copy_of(task: Task, source: Plan, target: Plan, number: int) -> Task:
    """Return the same task in another plan, its days as far from the plan's start."""
    copy = new_task(target, number, area=task.area, title=task.title, criteria=task.criteria)
    copy.code, copy.year, copy.weight = task.code, task.year, task.weight
    copy.description, copy.measures = task.description, task.measures
    copy.library_task_id = task.library_task_id
    copy.starts_on = _moved(task.starts_on, source, target)
    copy.due_on = copy.first_due_on = max(_moved(task.due_on, source, target), copy.starts_on)
    copy.requirements = requirements_of([one.name for one in task.requirements])
    copy.milestones = milestones_of(
        [(_moved(step.due_on, source, target), step.title) for step in task.milestones]
    )
    for side in Side:
        same = source.pairing.organisation_on(side).id == target.pairing.organisation_on(side).id
        owner = task.owner_on(side)
        if same:
            person = getattr(task, f"{side.value}_person")
            put_in_charge(copy, side, Charge(owner.id if owner else None, person))
    return copy


def _moved(day: date, source: Plan, target: Plan) -> date:
    """Return ``day`` as far from the target's start as it is from the source's, within its time."""
    months = (target.starts_on.year - source.starts_on.year) * 12
    months += target.starts_on.month - source.starts_on.month
    moved = add_months(day, months)
    extra = (target.starts_on - add_months(source.starts_on, months)).days
    moved = date.fromordinal(moved.toordinal() + extra)
    return min(max(moved, target.starts_on), target.ends_on)
