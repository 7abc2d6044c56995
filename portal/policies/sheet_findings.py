"""What was found of a workbook's rows, as it is kept and as the preview shows it."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from portal.models import SheetImport, SheetKind
from portal.policies.sheet_rows import Judged, RowKind, label_of

SHOWN = 300
"""So many characters of a text are kept for the preview."""
MINE, THEIRS = "mine", "theirs"
CHOICES = {MINE: "用我的", THEIRS: "保留现有"}

Finding = dict[str, Any]


def pack(judged: Judged, kind: SheetKind, letters: Mapping[str, Any]) -> Finding:
    """Return one row's finding as JSON keeps it. ``mark`` tells it from any other."""
    said = [
        judged.kind.value,
        judged.task.id if judged.task else None,
        [(one.name, one.old, one.new, one.clashes) for one in judged.changes],
        judged.errors,
    ]
    return {
        "row": judged.row,
        "kind": judged.kind.value,
        "task": judged.task.id if judged.task else None,
        "pairing": judged.place.pairing.id if judged.place else None,
        "title": judged.title[:SHOWN],
        "cells": [
            [
                label_of(kind, one.name),
                _address(letters, one.name, judged.row),
                one.old[:SHOWN],
                one.new[:SHOWN],
                one.clashes,
            ]
            for one in judged.changes
        ],
        "errors": [
            [_address(letters, name, judged.row), label_of(kind, name), sentence]
            for name, sentence in judged.errors
        ],
        "choice": "",
        "mark": hashlib.sha256(repr(said).encode()).hexdigest()[:16],
    }


def _address(letters: Mapping[str, Any], name: str, row: int) -> str:
    """Return the cell as a workbook names it; only the row where there is no such column."""
    return f"{letters[name]}{row}" if name in letters else f"第 {row} 行"


def of_kind(findings: Sequence[Finding], kind: RowKind) -> list[Finding]:
    """Return the findings of one kind."""
    return [one for one in findings if one["kind"] == kind.value]


def counts(sheet: SheetImport) -> dict[RowKind, int]:
    """Return how many rows became what; what was not kept is unchanged."""
    found = {kind: len(of_kind(sheet.findings, kind)) for kind in RowKind}
    found[RowKind.UNCHANGED] = sheet.checked - len(sheet.findings)
    return found


def undecided(findings: Sequence[Finding]) -> list[Finding]:
    """Return the conflicts that wait for a choice."""
    return [one for one in of_kind(findings, RowKind.CONFLICT) if not one["choice"]]


def writes_something(finding: Finding) -> bool:
    """Whether anything of a row is written, once it was decided whose text shall stand."""
    if finding["choice"] != THEIRS:
        return True
    return any(not clashes for *_, clashes in finding["cells"])


def missing_for_apply(sheet: SheetImport) -> list[str]:
    """Return what stands in the way of importing: the page's list and the guard in one."""
    found = counts(sheet)
    gaps = []
    if sheet.checked < sheet.total:
        gaps.append(f"还有 {sheet.total - sheet.checked} 行没有核对。")
    if wrong := found[RowKind.WRONG]:
        gaps.append(f"{wrong} 行有错误，请在表格中改正后重新上传。")
    if waiting := len(undecided(sheet.findings)):
        gaps.append(f"{waiting} 行有冲突，请逐行选择“用我的”或“保留现有”。")
    if not gaps and not (found[RowKind.ADDED] or found[RowKind.CHANGED] or found[RowKind.CONFLICT]):
        gaps.append("表格与系统中的内容一致，没有需要导入的改动。")
    return gaps
