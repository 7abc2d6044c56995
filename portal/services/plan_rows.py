"""Several tasks at once, also in several plans: all of it, or nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from portal.clock import add_months
from portal.errors import Rejected, StaleEdit
from portal.extensions import db
from portal.models import Plan, Side, Task, User
from portal.policies.task_entries import Charge, charge_of
from portal.policies.task_fields import PERSON_LENGTH
from portal.queries.plans import people_of
from portal.services.plan_changes import note_change, open_for_change
from portal.services.plan_tasks import mark_edited, name_of, take_off
from portal.services.task_values import put_in_charge

MAX_SHIFT = 36
NAMED = 5
"""How many tasks a sentence or the history names before it only counts."""


@dataclass(frozen=True)
class RowsChange:
    """What is to happen to every ticked task; what is empty stays as it is."""

    supporting_person: str = ""
    supported_person: str = ""
    weight: int | None = None
    months: int = 0
    remove: bool = False

    def person_on(self, side: Side) -> str:
        """Return the name that is to be in charge on ``side``."""
        return self.supporting_person if side is Side.SUPPORTING else self.supported_person

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for."""
        return not (
            self.supporting_person
            or self.supported_person
            or self.weight
            or self.months
            or self.remove
        )


def change_rows(
    plan: Plan,
    seen: Mapping[int, int],
    change: RowsChange,
    *,
    others: Sequence[Plan] = (),
    actor: User,
) -> Counter[int]:
    """Change the tasks of ``plan`` that were ticked, and the same ones in ``others``.

    The same task has the same code and title.

    ``seen`` has the version of each ticked task as the page showed it. Returns how many tasks
    changed, by plan. Raises Forbidden, StepRefused, StaleEdit (a task changed or went since) or
    Rejected, and then nothing is written.
    """
    _refuse(plan, seen, change, others)
    for one in sorted((plan, *others), key=lambda each: each.id):
        open_for_change(one, actor=actor)
    ticked = _ticked(plan, seen)
    same = sa.tuple_(Task.code, Task.title).in_([(task.code, task.title) for task in ticked])
    found = {plan: ticked}
    for other in others:
        wanted = sa.select(Task).where(Task.plan_id == other.id, same)
        found[other] = list(db.session.scalars(wanted.order_by(Task.number)))
    return Counter({one.id: _change_in(one, tasks, change, actor) for one, tasks in found.items()})


def _refuse(
    plan: Plan, seen: Mapping[int, int], change: RowsChange, others: Sequence[Plan]
) -> None:
    """Raise Rejected for what cannot be meant."""
    wrong: dict[str, str] = {}
    if not seen:
        wrong["task"] = "请先勾选任务。"
    if change.is_empty:
        wrong["months"] = "请填写要改的内容：责任人、权重、移动几个月，或勾选移除。"
    if abs(change.months) > MAX_SHIFT:
        wrong["months"] = f"最多移动 {MAX_SHIFT} 个月。"
    for side in Side:
        name = f"{side.value}_person"
        if len(change.person_on(side)) > PERSON_LENGTH:
            wrong[name] = f"最多 {PERSON_LENGTH} 个字，现有 {len(change.person_on(side))} 个字。"
        own = plan.pairing.organisation_on(side).id
        elsewhere = [one for one in others if one.pairing.organisation_on(side).id != own]
        if change.person_on(side) and elsewhere:
            wrong[name] = (
                f"所选结对的{side.label}不是同一家医院，{side.label}责任人请在各结对分别指定。"
            )
    if wrong:
        raise Rejected(wrong)


def _ticked(plan: Plan, seen: Mapping[int, int]) -> list[Task]:
    """Return the ticked tasks, read behind the lock. Raises StaleEdit."""
    tasks = list(
        db.session.scalars(
            sa.select(Task)
            .where(Task.plan_id == plan.id, Task.id.in_(seen))
            .order_by(Task.number)
            .execution_options(populate_existing=True)
        )
    )
    changed = [name_of(task) for task in tasks if task.version != seen[task.id]]
    if changed or len(tasks) != len(seen):
        told = f"有人先改动了：{_named(changed)}。" if changed else "所选任务中有的已被移除。"
        raise StaleEdit(f"{told}请核对后重新办理，所填内容已保留。")
    return tasks


def _change_in(plan: Plan, tasks: Sequence[Task], change: RowsChange, actor: User) -> int:
    """Change the tasks of one plan; return how many."""
    if not tasks:
        return 0
    names = [name_of(task) for task in tasks]
    if change.remove:
        for task in tasks:
            take_off(task, actor=actor)
        note_change(plan, f"移除 {len(tasks)} 项任务", [("任务", _named(names))], actor=actor)
        db.session.expire(plan, ["tasks"])
        return len(tasks)
    details = _put_people(plan, tasks, change)
    if change.weight:
        details.append(("权重", str(change.weight)))
        for task in tasks:
            task.weight = change.weight
    if change.months:
        details.append(
            ("起止日期", f"{'推后' if change.months > 0 else '提前'} {abs(change.months)} 个月")
        )
        _shift(plan, tasks, change.months)
    for task in tasks:
        mark_edited(task)
    title = f"批量修改 {len(tasks)} 项任务"
    note_change(plan, title, [*details, ("任务", _named(names))], actor=actor)
    return len(tasks)


def _put_people(plan: Plan, tasks: Sequence[Task], change: RowsChange) -> list[tuple[str, str]]:
    """Put people in charge; return it in words. Raises Rejected for a name that two have."""
    details = []
    people = people_of(plan.pairing)
    for side in Side:
        if not (name := change.person_on(side)):
            continue
        try:
            charge: Charge = charge_of(name, side, people)
        except ValueError as refusal:
            raise Rejected({f"{side.value}_person": str(refusal)}) from None
        for task in tasks:
            put_in_charge(task, side, charge)
        details.append((f"{side.label}责任人", tasks[0].in_charge_on(side)))
    return details


def _shift(plan: Plan, tasks: Sequence[Task], months: int) -> None:
    """Move both days of every task and its milestones. Raises Rejected beyond the plan's time."""
    outside = []
    for task in tasks:
        begins, ends = add_months(task.starts_on, months), add_months(task.due_on, months)
        if not plan.starts_on <= begins <= ends <= plan.ends_on:
            outside.append(name_of(task))
            continue
        task.starts_on, task.due_on = begins, ends
        for step in task.milestones:
            step.due_on = _within(add_months(step.due_on, months), begins, ends)
    if outside:
        title = plan.pairing.title
        raise Rejected({"months": f"{title}：移动后不在计划期内的有 {_named(outside)}。"})


def _within(day: date, first: date, last: date) -> date:
    return min(max(day, first), last)


def _named(names: Sequence[str]) -> str:
    """Name some, count the rest."""
    rest = f"等 {len(names)} 项" if len(names) > NAMED else ""
    return "、".join(names[:NAMED]) + rest
