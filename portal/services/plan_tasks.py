"""Tasks of a plan that is still being drawn up: own ones, edits, removal, persons in charge."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from portal.errors import NotVisible, Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Area,
    EvidenceUse,
    Plan,
    ProgressNote,
    Resolution,
    Side,
    Task,
    TaskState,
    User,
)
from portal.policies.recurrence import year_of
from portal.policies.task_entries import Charge, read_task, term_of
from portal.policies.tasks import can_be_in_charge
from portal.queries.plans import people_of
from portal.services.plan_changes import (
    area_letter,
    new_task,
    next_number,
    note_change,
    open_for_change,
)
from portal.services.problems import note
from portal.services.task_values import put_in_charge, write_values
from portal.workflow import check_version

Texts = Mapping[str, str]
NEEDED = ("area", "title", "criteria", "weight", "starts_on", "due_on", "evidence")
"""What a new task cannot do without (portal.policies.task_fields)."""


def add_task(plan: Plan, texts: Texts, *, actor: User) -> Task:
    """Add a task of the pairing's own, from the texts of its fields.

    Raises Forbidden, StepRefused or Rejected (by field name).
    """
    open_for_change(plan, actor=actor)
    values = read_values(plan, {**dict.fromkeys(NEEDED, ""), **texts})
    task = new_task(
        plan, next_number(plan), area=values["area"], title=values["title"], criteria=""
    )
    task.code = f"{area_letter(task.area)}-X{task.number:02d}"
    fill_new(task, plan, values)
    db.session.add(task)
    db.session.flush()
    note_change(plan, "增加自定任务", [("任务", name_of(task))], actor=actor)
    db.session.expire(plan, ["tasks"])
    return task


def fill_new(task: Task, plan: Plan, values: Mapping[str, Any]) -> None:
    """Write the values of a task that is not in the session yet."""
    task.weight, task.starts_on, task.due_on = (
        values[n] for n in ("weight", "starts_on", "due_on")
    )
    task.year = values.get("year") or year_of(task.due_on, plan.starts_on)
    task.description = task.measures = task.supporting_person = task.supported_person = ""
    with db.session.no_autoflush:
        write_values(task, {**values, "year": task.year})
    task.first_due_on = task.due_on


def edit_task(task: Task, texts: Texts, *, seen_version: int | None, actor: User) -> Task:
    """Make ``task`` say what ``texts`` say; while drawing up, the first due date moves along.

    Raises Forbidden, StepRefused, StaleEdit or Rejected. Nothing is written when nothing
    differs, so that endorsements stand.
    """
    plan = task.plan
    open_for_change(plan, actor=actor)
    read_anew(task)
    check_version(task, seen_version)
    changes = write_values(task, read_values(plan, texts, task))
    if not changes:
        return task
    mark_edited(task)
    note_change(plan, f"修改任务 {task.code}", changes, actor=actor)
    return task


def mark_edited(task: Task) -> None:
    """Raise the task's version: its lists are part of what two people edit."""
    task.first_due_on = task.due_on
    flag_modified(task, "created_at")
    db.session.flush()


def read_values(plan: Plan, texts: Texts, task: Task | None = None) -> dict[str, Any]:
    """Return what the texts come to in ``plan``. Raises Rejected by field name."""
    values, wrong = read_task(texts, term=term_of(plan), people=people_of(plan.pairing), task=task)
    if wrong:
        raise Rejected(wrong)
    return values


def remove_task(task: Task, *, actor: User) -> None:
    """Take a task off the list of a plan that is still being drawn up.

    Raises Forbidden, or StepRefused once the plan is in force or work on the task is recorded.
    """
    plan = task.plan
    open_for_change(plan, actor=actor)
    read_anew(task)
    name = take_off(task, actor=actor)
    note_change(plan, "移除任务", [("任务", name)], actor=actor)
    db.session.expire(plan, ["tasks"])


def take_off(task: Task, *, actor: User) -> str:
    """Delete a task of a plan that is open; return its name. Raises StepRefused.

    The problems it answered tell in their history that it answers them no more.
    """
    if task.state is not TaskState.NOT_STARTED or _has_records(task):
        raise StepRefused(f"任务“{name_of(task)}”已有办理记录或来自会议议定事项，不能移除。")
    name = name_of(task)
    for link in task.problem_links:
        note(link.problem, "unlinked", "取消与任务的对应", [("移除任务", name)], actor=actor)
    db.session.delete(task)
    db.session.flush()
    return name


def set_owners(
    plan: Plan,
    area: Area | None,
    *,
    supporting_owner_id: int | None,
    supported_owner_id: int | None,
    actor: User,
) -> int:
    """Put accounts in charge of the tasks of ``area`` (None: of all); return how many changed.

    A side without a person is left as it is. Raises Forbidden, StepRefused or Rejected.
    """
    open_for_change(plan, actor=actor)
    chosen = {Side.SUPPORTING: supporting_owner_id, Side.SUPPORTED: supported_owner_id}
    if not any(chosen.values()):
        raise Rejected({"supporting_owner": "请至少为一方选择责任人。"})
    people = {side: _staff(plan, side, one) for side, one in chosen.items() if one}
    wanted = [task for task in plan.tasks if area is None or task.area is area]
    changed = [task for task in wanted if _needs(task, people)]
    for task in changed:
        for side, person in people.items():
            put_in_charge(task, side, Charge(owner_id=person.id))
    if changed:
        details = [(side.label, person.name) for side, person in people.items()]
        scope = area.label if area else "全部领域"
        db.session.flush()
        note_change(plan, f"指定{scope} {len(changed)} 项任务的责任人", details, actor=actor)
    return len(changed)


def read_anew(task: Task) -> None:
    """Read the task behind the plan's lock. Raises NotVisible if it was removed meanwhile."""
    if db.session.scalar(sa.select(Task.id).where(Task.id == task.id)) is None:
        raise NotVisible()
    db.session.refresh(task)


def name_of(task: Task) -> str:
    """Return how the history calls a task."""
    return f"{task.code} {task.title}"


def _staff(plan: Plan, side: Side, user_id: int) -> User:
    """Return the account; refuse anyone who does not work at that side's hospital."""
    user = db.session.get(User, user_id)
    if user is None or not can_be_in_charge(user, plan.pairing, side):
        raise Rejected({f"{side.value}_owner": f"请从{side.label}的人员中选择。"})
    return user


def _needs(task: Task, people: Mapping[Side, User]) -> bool:
    return any(task.owner_on(side) is not person for side, person in people.items())


def _has_records(task: Task) -> bool:
    """Whether something hangs on the task that must not be lost with it."""
    return any(
        db.session.scalar(sa.select(model.id).where(model.task_id == task.id).limit(1)) is not None
        for model in (ProgressNote, EvidenceUse, Resolution)
    )
