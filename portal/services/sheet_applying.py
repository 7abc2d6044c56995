"""Applying a checked workbook: every row of it or none, in one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from portal import clock
from portal.errors import StepRefused
from portal.extensions import db
from portal.models import (
    Plan,
    SheetImport,
    SheetImportState,
    SheetKind,
    Task,
    TaskState,
    User,
)
from portal.policies.decision import require
from portal.policies.sheet_columns import NOTE, PROGRESS
from portal.policies.sheet_findings import THEIRS, missing_for_apply, writes_something
from portal.policies.sheet_rows import CellChange, Judged, label_of
from portal.policies.sheet_values import OWNERS, packed, value_of
from portal.policies.sheets import can_handle, can_import
from portal.services.plan_changes import next_number, note_change, open_for_change
from portal.services.sheet_imports import about, findings_of, hold, judge_all
from portal.services.sheet_writing import add_task, write_values
from portal.services.tasks import write_note
from portal.workflow import check_version, record, transition
from portal.workflow.sheets import SHEET
from portal.workflow.tasks import TASK_WORK

NAMED = 20
"""So many codes are named in the history of a plan; of more, only the number is given."""
AT_ONCE = 1000

Undo = list[dict[str, Any]]


def apply_import(sheet: SheetImport, *, seen_version: int | None, actor: User) -> bool:
    """Write all that the workbook says; False, with new findings, if others changed it meanwhile.

    Raises Forbidden, StepRefused (errors, open conflicts, nothing to do, a plan that is locked by
    now) or StaleEdit. Then nothing is written.
    """
    require(can_handle(actor, sheet))
    require(can_import(actor, sheet.kind))
    hold(sheet)
    if sheet.state is not SheetImportState.CHECKED:
        raise StepRefused(f"这份表格当前状态为“{sheet.state.label}”，不能导入。")
    check_version(sheet, seen_version)
    if gaps := missing_for_apply(sheet):
        raise StepRefused("还不能导入，请先完成以下事项：", gaps)
    _lock(sheet, actor)
    judged = judge_all(sheet, sheet.rows, actor=actor)
    choices = {one["row"]: one["choice"] for one in sheet.findings}
    if not _as_shown(sheet, judged, choices):
        return False
    wanted = [
        one for one in (_chosen(one, choices.get(one.row, "")) for one in judged) if one.values
    ]
    if sheet.kind is SheetKind.PLAN:
        sheet.undo = _apply_plans(sheet, wanted, actor)
    else:
        sheet.undo = _apply_ledger(sheet, wanted, actor)
    sheet.applied_at = clock.now()
    transition(SHEET, sheet, "import", actor=actor, details=about(sheet))
    # The workbook's own rows are in the tasks now; what they changed stays in the findings.
    sheet.rows = []
    db.session.flush()
    return True


def _lock(sheet: SheetImport, actor: User) -> None:
    """Hold what will be written, so that what is judged now is what is written."""
    written = [one for one in sheet.findings if writes_something(one)]
    if sheet.kind is SheetKind.PLAN:
        touched = sorted({one["pairing"] for one in written if one["pairing"]})
        plans = db.session.scalars(
            sa.select(Plan).where(Plan.pairing_id.in_(touched)).order_by(Plan.id)
        ).all()
        for plan in plans:
            open_for_change(plan, actor=actor)
        return
    lock_tasks(sorted({one["task"] for one in written if one["task"]}))


def plans_of(ids: Sequence[int]) -> list[int]:
    """Return the plans that tasks belong to, in the order of their ids."""
    found: set[int] = set()
    for at in range(0, len(ids), AT_ONCE):
        part = Task.id.in_(ids[at : at + AT_ONCE])
        found |= set(db.session.scalars(sa.select(Task.plan_id).where(part).distinct()))
    return sorted(found)


def lock_tasks(ids: Sequence[int]) -> None:
    """Hold tasks until the end of the transaction, in the order of their ids, with their plans.

    So that no plan ends while what was allowed a moment ago is written into its tasks.
    """
    held = sa.select(Plan.id).where(Plan.id.in_(plans_of(ids))).order_by(Plan.id)
    db.session.execute(held.with_for_update(of=Plan, key_share=True))
    for at in range(0, len(ids), AT_ONCE):
        part = Task.id.in_(ids[at : at + AT_ONCE])
        db.session.execute(sa.select(Task.id).where(part).order_by(Task.id).with_for_update())


def _as_shown(sheet: SheetImport, judged: Sequence[Judged], choices: Mapping[int, str]) -> bool:
    """Whether every row would do what the preview showed; if not, keep what is found now."""
    found = findings_of(sheet, judged)
    before = {one["row"]: one["mark"] for one in sheet.findings}
    if before == {one["row"]: one["mark"] for one in found}:
        return True
    for one in found:
        if before.get(one["row"]) == one["mark"]:
            one["choice"] = choices[one["row"]]
    sheet.findings = found
    db.session.flush()
    return False


def _chosen(judged: Judged, choice: str) -> Judged:
    """Leave out the cells in which what somebody else wrote shall stand."""
    if choice == THEIRS:
        kept = {one.name for one in judged.changes if one.clashes}
        judged.values = {n: value for n, value in judged.values.items() if n not in kept}
        judged.changes = [one for one in judged.changes if not one.clashes]
    return judged


def _apply_plans(sheet: SheetImport, wanted: Sequence[Judged], actor: User) -> Undo:
    """Change and add tasks of plans that are being drawn up, one history entry for each plan."""
    before: dict[int, dict[str, Any]] = {}
    added: dict[int, list[Task]] = {}
    numbers: dict[int, int] = {}
    plans: dict[int, Plan] = {}
    with db.session.no_autoflush:
        for one in wanted:
            plan = one.place.plan if one.place else None
            if plan is None:
                continue
            plans[plan.id] = plan
            if one.task is None:
                number = numbers.get(plan.id) or next_number(plan)
                numbers[plan.id] = number + 1
                task = add_task(plan, number, one.values)
                added.setdefault(plan.id, []).append(task)
            else:
                task = one.task
                before[task.id] = write_values(task, one.values)
                _tell_task(sheet, task, one.changes, actor)
        db.session.add_all([task for tasks in added.values() for task in tasks])
        db.session.flush()
    changed = [one.task for one in wanted if one.task is not None]
    undo = [{"task": one.id, "version": one.version, "before": before[one.id]} for one in changed]
    for plan_id, plan in plans.items():
        new = added.get(plan_id, [])
        undo += [{"task": one.id, "version": one.version, "added": True} for one in new]
        old = [one for one in changed if one.plan_id == plan_id]
        details = [("文件", sheet.file_name), *_named("新增", new), *_named("修改", old)]
        note_change(plan, f"导入任务清单（第 {sheet.id} 号）", details, actor=actor)
        db.session.expire(plan, ["tasks"])
    return undo


def _named(verb: str, tasks: Sequence[Task]) -> list[tuple[str, str]]:
    """Return how many tasks, and the codes of the first."""
    if not tasks:
        return []
    codes = "、".join(task.code for task in tasks[:NAMED])
    more = " 等" if len(tasks) > NAMED else ""
    return [(f"{verb}任务", f"{len(tasks)} 项：{codes}{more}")]


def _tell_task(sheet: SheetImport, task: Task, changes: Sequence[CellChange], actor: User) -> None:
    """Write into the history of one task what the workbook changed."""
    record(
        task,
        "task",
        action="imported",
        title="通过表格导入修改任务",
        actor=actor,
        details=[
            ("来源", source_of(sheet)),
            *((label_of(sheet.kind, one.name), change_text(one.old, one.new)) for one in changes),
        ],
    )


def source_of(sheet: SheetImport) -> str:
    """Return how a history names the import."""
    return f"表格导入第 {sheet.id} 号：{sheet.file_name}"


def change_text(old: str, new: str) -> str:
    """Return both values in words; long texts only that they changed."""
    if max(len(old), len(new)) > 100:
        return "已修改"
    return f"{old or '（空）'} → {new or '（空）'}".replace("\n", "；")


def _apply_ledger(sheet: SheetImport, wanted: Sequence[Judged], actor: User) -> Undo:
    """Write progress, notes and persons in charge, as the pages of the tasks write them."""
    undo: Undo = []
    with db.session.no_autoflush:
        for one in wanted:
            if one.task is None:
                continue
            before = {
                name: packed(value_of(one.task, name)) for name in one.values if name != NOTE.name
            }
            noted = not one.values.keys().isdisjoint({NOTE.name, PROGRESS.name})
            started = noted and one.task.state is TaskState.NOT_STARTED
            if noted:
                _note(sheet, one.task, one.values, actor)
            owners = [change for change in one.changes if change.name in OWNERS]
            if owners:
                write_values(one.task, {change.name: one.values[change.name] for change in owners})
                details = [
                    (label_of(sheet.kind, change.name), change_text(change.old, change.new))
                    for change in owners
                ]
                record(
                    one.task,
                    "task",
                    action="assigned",
                    title="指定责任人",
                    actor=actor,
                    details=[*details, ("来源", source_of(sheet))],
                )
            undo.append({"task": one.task.id, "before": before, "noted": noted, "started": started})
        db.session.flush()
    versions = {one.task.id: one.task.version for one in wanted if one.task}
    return [{**one, "version": versions[one["task"]]} for one in undo]


def _note(sheet: SheetImport, task: Task, values: Mapping[str, Any], actor: User) -> None:
    """Write a progress note; the first one starts the task."""
    was, now = task.progress, values.get(PROGRESS.name, task.progress)
    share = f"{now}%" if was == now else f"{was}% → {now}%"
    body = values.get(NOTE.name) or f"完成比例由 {was}% 调整为 {now}%（{source_of(sheet)}）。"
    if task.state is TaskState.NOT_STARTED:
        transition(TASK_WORK, task, "start", actor=actor)
    write_note(task, now, body, [("完成比例", share), ("来源", source_of(sheet))], actor=actor)
