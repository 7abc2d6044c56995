"""Tasks of a plan that is still being drawn up: own ones, edits, removal, persons in charge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from portal.errors import NotVisible, Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Area,
    EvidenceUse,
    LibraryTask,
    Plan,
    ProgressNote,
    Recurrence,
    Resolution,
    Side,
    Task,
    TaskState,
    User,
)
from portal.policies.recurrence import year_of
from portal.policies.tasks import can_be_in_charge
from portal.services.plan_changes import (
    area_letter,
    new_task,
    next_number,
    note_change,
    open_for_change,
    requirements_of,
)
from portal.workflow import check_version

Change = tuple[str, str]


@dataclass(frozen=True)
class TaskEntry:
    """What the form of a task says. ``area`` counts for a new task only."""

    area: Area
    title: str
    criteria: str
    description: str
    evidence: tuple[str, ...]
    weight: int
    starts_on: date
    due_on: date
    supporting_owner_id: int | None = None
    supported_owner_id: int | None = None


def add_task(plan: Plan, entry: TaskEntry, *, actor: User) -> Task:
    """Add a task of the pairing's own to the plan being drawn up.

    Raises Forbidden, StepRefused or Rejected (dates, persons of another hospital).
    """
    open_for_change(plan, actor=actor)
    _check(plan, entry)
    task = new_task(
        plan, next_number(plan), area=entry.area, title=entry.title, criteria=entry.criteria
    )
    task.code = f"{area_letter(entry.area)}-X{task.number:02d}"
    task.description, task.weight = entry.description, entry.weight
    task.starts_on, task.due_on, task.first_due_on = entry.starts_on, entry.due_on, entry.due_on
    task.year = year_of(entry.due_on, plan.starts_on)
    task.supporting_owner_id = entry.supporting_owner_id
    task.supported_owner_id = entry.supported_owner_id
    task.requirements = requirements_of(entry.evidence)
    db.session.add(task)
    db.session.flush()
    note_change(plan, "增加自定任务", [("任务", _name(task))], actor=actor)
    db.session.expire(plan, ["tasks"])
    return task


def edit_task(task: Task, entry: TaskEntry, *, seen_version: int | None, actor: User) -> Task:
    """Make ``task`` say what ``entry`` says; while drawing up, the first due date moves along.

    Raises Forbidden, StepRefused, StaleEdit or Rejected. Nothing is written when nothing
    differs, so that endorsements stand.
    """
    plan = task.plan
    open_for_change(plan, actor=actor)
    _read_anew(task)
    check_version(task, seen_version)
    _check(plan, entry)
    changes = _differences(task, entry)
    if not changes:
        return task
    _keep_evidence(task, entry.evidence)
    task.title, task.criteria, task.description = entry.title, entry.criteria, entry.description
    task.weight = entry.weight
    task.starts_on, task.due_on, task.first_due_on = entry.starts_on, entry.due_on, entry.due_on
    if not _is_yearly(task):
        task.year = year_of(entry.due_on, plan.starts_on)
    task.supporting_owner_id = entry.supporting_owner_id
    task.supported_owner_id = entry.supported_owner_id
    # The list of evidence is part of what two people edit.
    flag_modified(task, "created_at")
    db.session.flush()
    note_change(plan, f"修改任务 {task.code}", changes, actor=actor)
    return task


def remove_task(task: Task, *, actor: User) -> None:
    """Take a task off the list of a plan that is still being drawn up.

    Raises Forbidden, or StepRefused once the plan is in force or work on the task is recorded.
    """
    plan = task.plan
    open_for_change(plan, actor=actor)
    _read_anew(task)
    if task.state is not TaskState.NOT_STARTED or _has_records(task):
        raise StepRefused("这项任务已有办理记录或来自会议议定事项，不能移除。")
    name = _name(task)
    db.session.delete(task)
    db.session.flush()
    note_change(plan, "移除任务", [("任务", name)], actor=actor)
    db.session.expire(plan, ["tasks"])


def set_owners(
    plan: Plan,
    area: Area | None,
    *,
    supporting_owner_id: int | None,
    supported_owner_id: int | None,
    actor: User,
) -> int:
    """Put somebody in charge of every task of ``area`` (None: of all); return how many changed.

    None for a side leaves its persons as they are. Raises Forbidden, StepRefused or Rejected.
    """
    open_for_change(plan, actor=actor)
    chosen = {Side.SUPPORTING: supporting_owner_id, Side.SUPPORTED: supported_owner_id}
    if not any(chosen.values()):
        raise Rejected({"supporting_owner": "请至少为一方选择责任人。"})
    people = _check_people(plan, chosen)
    changed = 0
    for task in plan.tasks:
        if area is not None and task.area is not area:
            continue
        before = (task.supporting_owner_id, task.supported_owner_id)
        task.supporting_owner_id = supporting_owner_id or task.supporting_owner_id
        task.supported_owner_id = supported_owner_id or task.supported_owner_id
        changed += before != (task.supporting_owner_id, task.supported_owner_id)
    if changed:
        details = [(side.label, people[one].name) for side, one in chosen.items() if one]
        scope = area.label if area else "全部领域"
        db.session.flush()
        note_change(plan, f"指定{scope} {changed} 项任务的责任人", details, actor=actor)
    return changed


def _read_anew(task: Task) -> None:
    """Read the task behind the plan's lock. Raises NotVisible if it was removed meanwhile."""
    if db.session.scalar(sa.select(Task.id).where(Task.id == task.id)) is None:
        raise NotVisible()
    db.session.refresh(task)


def _check(plan: Plan, entry: TaskEntry) -> None:
    """Refuse what the plan cannot contain."""
    wrong: dict[str, str] = {}
    if not plan.starts_on <= entry.starts_on <= plan.ends_on:
        wrong["starts_on"] = "开始日期应在计划期内。"
    if not plan.starts_on <= entry.due_on <= plan.ends_on:
        wrong["due_on"] = "完成期限应在计划期内。"
    elif entry.due_on < entry.starts_on:
        wrong["due_on"] = "完成期限不能早于开始日期。"
    if not entry.evidence:
        wrong["evidence"] = "请至少写一项佐证材料，销号时逐项核对。"
    if wrong:
        raise Rejected(wrong)
    _check_people(
        plan,
        {Side.SUPPORTING: entry.supporting_owner_id, Side.SUPPORTED: entry.supported_owner_id},
    )


def _check_people(plan: Plan, chosen: dict[Side, int | None]) -> dict[int, User]:
    """Return the people chosen; refuse anyone who does not work at that side's hospital."""
    ids = [one for one in chosen.values() if one]
    people: dict[int, User] = {}
    if ids:
        found = db.session.scalars(sa.select(User).where(User.id.in_(ids)))
        people = {user.id: user for user in found}
    wrong: dict[str, str] = {}
    for side, one in chosen.items():
        user = people.get(one) if one else None
        if one and not (user and can_be_in_charge(user, plan.pairing, side)):
            wrong[f"{side.value}_owner"] = f"请从{side.label}的人员中选择。"
    if wrong:
        raise Rejected(wrong)
    return people


def _differences(task: Task, entry: TaskEntry) -> list[Change]:
    """Return what ``entry`` changes, in words; dates and weight with both values."""
    found: list[Change] = []
    if task.title != entry.title:
        found.append(("任务名称", f"{task.title} → {entry.title}"))
    if task.criteria != entry.criteria:
        found.append(("验收标准", "已修改"))
    if task.description != entry.description:
        found.append(("任务说明", "已修改"))
    before = tuple(requirement.name for requirement in task.requirements)
    if before != entry.evidence:
        found.append(("佐证材料", f"{'、'.join(before)} → {'、'.join(entry.evidence)}"))
    if task.weight != entry.weight:
        found.append(("权重", f"{task.weight} → {entry.weight}"))
    if task.starts_on != entry.starts_on:
        found.append(("开始日期", f"{task.starts_on} → {entry.starts_on}"))
    if task.due_on != entry.due_on:
        found.append(("完成期限", f"{task.due_on} → {entry.due_on}"))
    owners = (entry.supporting_owner_id, entry.supported_owner_id)
    if (task.supporting_owner_id, task.supported_owner_id) != owners:
        found.append(("责任人", "已调整"))
    return found


def _keep_evidence(task: Task, names: Sequence[str]) -> None:
    """Bring the required evidence in line with ``names``, place by place.

    Rows are reused: deleting and adding the same place would break its unique constraint.
    """
    rows = list(task.requirements)
    for row in rows[len(names) :]:
        used = sa.select(EvidenceUse.id).where(EvidenceUse.requirement_id == row.id).limit(1)
        if db.session.scalar(used) is not None:
            raise StepRefused(f"“{row.name}”已有佐证材料，不能从要求中去掉。")
        task.requirements.remove(row)
    for row, name in zip(rows, names, strict=False):
        row.name = name
    task.requirements.extend(requirements_of(names)[len(rows) :])


def _is_yearly(task: Task) -> bool:
    """Whether the task stands for one year of a yearly standard task."""
    if task.library_task_id is None:
        return False
    standard = db.session.get_one(LibraryTask, task.library_task_id)
    return standard.recurrence is Recurrence.YEARLY


def _has_records(task: Task) -> bool:
    """Whether something hangs on the task that must not be lost with it."""
    return any(
        db.session.scalar(sa.select(model.id).where(model.task_id == task.id).limit(1)) is not None
        for model in (ProgressNote, EvidenceUse, Resolution)
    )


def _name(task: Task) -> str:
    return f"{task.code} {task.title}"
