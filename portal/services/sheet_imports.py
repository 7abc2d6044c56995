"""A workbook that came back: taken in, held against what is there, and decided about."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import SheetImport, SheetImportState, SheetKind, User
from portal.policies.decision import require
from portal.policies.sheet_findings import CHOICES, Finding, of_kind, pack
from portal.policies.sheet_rows import Judged, RowKind
from portal.policies.sheets import can_handle, can_import
from portal.queries.sheet_checks import Checker, Row
from portal.workflow import transition
from portal.workflow.sheets import SHEET

SLICE = 1000
"""So many rows are checked in one go, so that progress is seen."""


def start_import(
    kind: SheetKind,
    rows: Sequence[Mapping[str, Any]],
    *,
    letters: Mapping[str, str],
    remarks: Sequence[str],
    pairing_ids: Sequence[int],
    file_name: str,
    sha256: str,
    actor: User,
) -> SheetImport:
    """Keep the rows of a workbook that was read; nothing of the tasks is touched.

    ``pairing_ids`` are those it may touch, loaded in the actor's scope. Raises Forbidden, or
    Rejected where there is no pairing to import into.
    """
    require(can_import(actor, kind))
    if not pairing_ids:
        raise Rejected({"pairing": "请至少选择一个结对。"})
    now = clock.now()
    sheet = SheetImport(
        kind=kind,
        user=actor,
        pairing_ids=list(pairing_ids),
        state=SheetImportState.READING,
        state_since=now,
        file_name=file_name[-255:],
        file_sha256=sha256,
        remarks=list(remarks),
        letters=dict(letters),
        rows=list(rows),
        total=len(rows),
        checked=0,
        findings=[],
        undo=[],
        created_at=now,
    )
    db.session.add(sheet)
    db.session.flush()
    return sheet


def check_next(sheet: SheetImport, *, actor: User) -> None:
    """Check the next rows; the last of them makes the workbook ready to be decided about.

    Raises Forbidden. Asked once more when all are checked, it does nothing.
    """
    require(can_handle(actor, sheet))
    hold(sheet)
    if sheet.state is not SheetImportState.READING:
        return
    rows = sheet.rows[sheet.checked : sheet.checked + SLICE]
    judged = Checker(sheet, viewer=actor).check(rows)
    sheet.findings = [*sheet.findings, *findings_of(sheet, judged)]
    sheet.checked += len(rows)
    if sheet.checked >= sheet.total:
        transition(SHEET, sheet, "check", actor=actor, details=about(sheet))
    db.session.flush()


def judge_all(sheet: SheetImport, rows: Sequence[Row], *, actor: User) -> list[Judged]:
    """Judge ``rows`` anew, slice by slice."""
    checker = Checker(sheet, viewer=actor)
    return [
        one for at in range(0, len(rows), SLICE) for one in checker.check(rows[at : at + SLICE])
    ]


def findings_of(sheet: SheetImport, judged: Sequence[Judged]) -> list[Finding]:
    """Return what is kept of the rows that say something new."""
    return [
        pack(one, sheet.kind, sheet.letters) for one in judged if one.kind is not RowKind.UNCHANGED
    ]


def choose(sheet: SheetImport, choices: Mapping[int, str], *, actor: User) -> int:
    """Keep for conflicting rows (by their number on the sheet) whose text shall stand.

    Returns how many were decided. Raises Forbidden or StepRefused.
    """
    require(can_handle(actor, sheet))
    hold(sheet)
    _demand(sheet, SheetImportState.CHECKED, "选择")
    conflicts = {int(one["row"]) for one in of_kind(sheet.findings, RowKind.CONFLICT)}
    wanted = {
        row: choice for row, choice in choices.items() if row in conflicts and choice in CHOICES
    }
    sheet.findings = [
        {**one, "choice": wanted.get(int(one["row"]), one["choice"])} for one in sheet.findings
    ]
    db.session.flush()
    return len(wanted)


def discard(sheet: SheetImport, *, actor: User) -> None:
    """Put a workbook aside that was not imported. Raises Forbidden or StepRefused."""
    require(can_handle(actor, sheet))
    hold(sheet)
    transition(SHEET, sheet, "discard", actor=actor, details=about(sheet))
    empty(sheet)
    db.session.flush()


def empty(sheet: SheetImport) -> None:
    """Nothing of a workbook put aside was used; that it was there is all that is kept."""
    sheet.rows, sheet.findings = [], []


def about(sheet: SheetImport) -> list[tuple[str, str]]:
    """Return what a history says of the workbook."""
    return [("文件", sheet.file_name), ("表格", sheet.kind.label)]


def hold(sheet: SheetImport) -> None:
    """Hold the import's row until the end of the transaction and read it anew."""
    db.session.execute(
        sa.select(SheetImport.id).where(SheetImport.id == sheet.id).with_for_update(of=SheetImport)
    )
    db.session.refresh(sheet)


def _demand(sheet: SheetImport, state: SheetImportState, verb: str) -> None:
    """Raise StepRefused unless the import is in ``state``."""
    if sheet.state is not state:
        raise StepRefused(f"这份表格当前状态为“{sheet.state.label}”，不能{verb}。")
