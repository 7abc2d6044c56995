"""Taking an import back within a day: every row of it or none."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from portal import clock
from portal.errors import StepRefused
from portal.extensions import db
from portal.models import (
    Base,
    Event,
    EvidenceUse,
    Pairing,
    Plan,
    SheetImport,
    SheetKind,
    Task,
    TaskState,
    User,
)
from portal.policies.decision import require
from portal.policies.sheet_columns import PROGRESS
from portal.policies.sheet_rows import label_of
from portal.policies.sheet_values import OWNERS, shown, unpacked, value_of
from portal.policies.sheets import can_put_back, can_undo, undo_in_time
from portal.policies.tasks import can_be_in_charge, why_locked
from portal.services.plan_changes import note_change, open_for_change
from portal.services.sheet_applying import (
    AT_ONCE,
    change_text,
    lock_tasks,
    plans_of,
    source_of,
)
from portal.services.sheet_imports import about, hold
from portal.services.sheet_writing import write_values
from portal.services.tasks import write_note
from portal.workflow import record, transition
from portal.workflow.sheets import SHEET

NAMED = 20
PARTS = frozenset({"evidence_requirements", "milestones"})
"""Rows that belong to a task and go with it."""

Entry = Mapping[str, Any]


def undo_import(sheet: SheetImport, *, actor: User) -> int:
    """Put back every row as it was before the import; return how many.

    Tasks that the import added are removed. Raises Forbidden, or StepRefused: too late, a plan
    that is locked by now, or rows that somebody changed since, which are named. Then nothing is
    written. Notes are records, so a note that says so is added instead of removing one.
    """
    require(can_undo(actor, sheet))
    hold(sheet)
    in_time = undo_in_time(sheet, clock.now())
    if not in_time:
        raise StepRefused(in_time.reason)
    entries = {int(one["task"]): one for one in sheet.undo}
    plans = _open_plans(sorted(entries), actor) if sheet.kind is SheetKind.PLAN else []
    if sheet.kind is SheetKind.LEDGER:
        lock_tasks(sorted(entries))
    tasks = _load(sorted(entries), sheet.kind)
    for task in tasks.values():
        require(can_put_back(actor, sheet.kind, task))
    if blocked := list(_blocked(sheet, entries, tasks)):
        more = [f"……另有 {len(blocked) - NAMED} 项。"] if len(blocked) > NAMED else []
        raise StepRefused(
            "导入以后这些任务又有改动，不能整体撤销，请在页面上逐项更正：",
            [*blocked[:NAMED], *more],
        )
    _put_back(sheet, entries, tasks, actor)
    _tell_plans(sheet, plans, entries, tasks, actor)
    sheet.undone_at, sheet.note = clock.now(), f"由{actor.name}撤销"
    if begun := sum(bool(one.get("started")) for one in sheet.undo):
        sheet.note += f"；随导入启动的 {begun} 项任务仍为“{TaskState.IN_PROGRESS.label}”"
    transition(SHEET, sheet, "undo", actor=actor, details=about(sheet))
    db.session.flush()
    return len(entries)


def _open_plans(ids: Sequence[int], actor: User) -> list[Plan]:
    """Hold the plans that were changed. Raises StepRefused once one of them is locked."""
    plans = list(
        db.session.scalars(
            sa.select(Plan)
            .where(Plan.id.in_(plans_of(ids)))
            .options(joinedload(Plan.pairing))
            .order_by(Plan.id)
        )
    )
    for plan in plans:
        open_for_change(plan, actor=actor)
    return plans


def _load(ids: Sequence[int], kind: SheetKind) -> dict[int, Task]:
    """Return the tasks with what they show, read anew."""
    lists = (
        selectinload(Task.requirements),
        selectinload(Task.milestones),
        selectinload(Task.problem_links),
    )
    found: dict[int, Task] = {}
    for at in range(0, len(ids), AT_ONCE):
        statement = (
            sa.select(Task)
            .where(Task.id.in_(ids[at : at + AT_ONCE]))
            .options(
                joinedload(Task.plan),
                joinedload(Task.pairing).joinedload(Pairing.supporting),
                joinedload(Task.supporting_owner),
                joinedload(Task.supported_owner),
                *(lists if kind is SheetKind.PLAN else ()),
            )
            .execution_options(populate_existing=True)
        )
        found |= {task.id: task for task in db.session.scalars(statement)}
    return found


def _blocked(
    sheet: SheetImport, entries: Mapping[int, Entry], tasks: Mapping[int, Task]
) -> Iterator[str]:
    """Name the rows that cannot be put back, and why."""
    added = [number for number, one in entries.items() if one.get("added")]
    leaned_on = _leaned_on(added)
    worked_on = _worked_on(list(entries), sheet.applied_at or sheet.created_at)
    people = _people_of(entries)
    titles = {one["task"]: one["title"] for one in sheet.findings}
    for number, entry in entries.items():
        task = tasks.get(number)
        if task is None:
            yield f"{titles.get(number, '一项任务')}：已被移除。"
        elif task.version != entry["version"]:
            yield f"{task.code} {task.title}：导入后又有修改。"
        elif number in leaned_on or (
            entry.get("added") and task.state is not TaskState.NOT_STARTED
        ):
            yield f"{task.code} {task.title}：已有办理记录或与问题关联，不能移除。"
        elif number in worked_on:
            yield f"{task.code} {task.title}：导入后又有进展、节点、佐证材料等办理记录。"
        elif sheet.kind is SheetKind.LEDGER and (sentence := why_locked(task)):
            yield f"{task.code} {task.title}：{sentence}"
        else:
            yield from _gone(task, entry, people)


def _gone(task: Task, entry: Entry, people: Mapping[int, User]) -> Iterator[str]:
    """Name who was in charge before and cannot be any more."""
    for name, kept in entry.get("before", {}).items():
        side, owner_id = OWNERS.get(name), kept[0] if name in OWNERS else None
        if side is None or owner_id is None or owner_id == getattr(task, f"{side.value}_owner_id"):
            continue
        person = people.get(owner_id)
        if person is None or not can_be_in_charge(person, task.pairing, side):
            who = person.name if person else "已有责任人"
            yield f"{task.code} {task.title}：原{side.label}责任人{who}已不在岗，不能恢复。"


def _worked_on(ids: Sequence[int], since: datetime) -> set[int]:
    """Return the tasks among ``ids`` that something was recorded or added about after ``since``."""
    found: set[int] = set()
    for at in range(0, len(ids), AT_ONCE):
        part = ids[at : at + AT_ONCE]
        events = sa.select(Event.object_id).where(
            Event.object_type == "task", Event.object_id.in_(part), Event.at > since
        )
        uses = sa.select(EvidenceUse.task_id).where(
            EvidenceUse.task_id.in_(part), EvidenceUse.added_at > since
        )
        found |= set(db.session.scalars(events)) | set(db.session.scalars(uses))
    return found


def _leaned_on(ids: Sequence[int]) -> set[int]:
    """Return the tasks among ``ids`` on which rows of any other table hang."""
    found: set[int] = set()
    for table in Base.metadata.tables.values():
        if table.name in PARTS:
            continue
        for column in table.columns:
            if not any(key.column is Task.__table__.c.id for key in column.foreign_keys):
                continue
            for at in range(0, len(ids), AT_ONCE):
                part = column.in_(ids[at : at + AT_ONCE])
                found |= set(db.session.scalars(sa.select(column).where(part)))
    return found


def _put_back(
    sheet: SheetImport, entries: Mapping[int, Entry], tasks: Mapping[int, Task], actor: User
) -> None:
    """Write the values from before, and into each history that they were put back."""
    people = _people_of(entries)
    with db.session.no_autoflush:
        for number, entry in entries.items():
            task = tasks[number]
            if entry.get("added"):
                db.session.delete(task)
                continue
            before = {name: unpacked(name, kept) for name, kept in entry["before"].items()}
            details = [
                (
                    label_of(sheet.kind, name),
                    change_text(
                        shown(name, value_of(task, name), people), shown(name, value, people)
                    ),
                )
                for name, value in before.items()
            ]
            progress = before.pop(PROGRESS.name, task.progress)
            write_values(task, before)
            if entry.get("noted"):
                body = f"撤销{source_of(sheet)}。该次填写的进展不再作数，完成比例为 {progress}%。"
                write_note(task, progress, body, details, actor=actor)
            else:
                record(
                    task,
                    "task",
                    action="import_undone",
                    title="撤销表格导入",
                    actor=actor,
                    details=[("来源", source_of(sheet)), *details],
                )
        db.session.flush()


def _people_of(entries: Mapping[int, Entry]) -> dict[int, User]:
    """Return the people who were in charge before, by id."""
    ids = {
        kept[0]
        for entry in entries.values()
        for name, kept in entry.get("before", {}).items()
        if name in OWNERS and kept[0] is not None
    }
    if not ids:
        return {}
    return {user.id: user for user in db.session.scalars(sa.select(User).where(User.id.in_(ids)))}


def _tell_plans(
    sheet: SheetImport,
    plans: Sequence[Plan],
    entries: Mapping[int, Entry],
    tasks: Mapping[int, Task],
    actor: User,
) -> None:
    """Write into the history of each plan that the import was taken back."""
    for plan in plans:
        mine = [entries[task.id] for task in tasks.values() if task.plan_id == plan.id]
        if not mine:
            continue
        removed = sum(bool(one.get("added")) for one in mine)
        details = [("文件", sheet.file_name)]
        if removed:
            details.append(("移除任务", f"{removed} 项"))
        if len(mine) > removed:
            details.append(("恢复任务", f"{len(mine) - removed} 项"))
        note_change(plan, f"撤销导入任务清单（第 {sheet.id} 号）", details, actor=actor)
        db.session.expire(plan, ["tasks"])
