"""Workbooks as they come back, and imports in each state."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl

from portal.documents.sheet_xlsx import task_row, write_task_sheet
from portal.documents.workbooks.reading import read_workbook
from portal.documents.workbooks.tables import find_table
from portal.extensions import db
from portal.models import Pairing, SheetImport, SheetKind, Side, Task, User
from portal.policies.sheet_columns import COLUMNS
from portal.services import sheet_imports
from tests.factories.scenes import Scene

Edit = Callable[[Any], object]


def downloaded(kind: SheetKind, tasks: Sequence[Task]) -> io.BytesIO:
    """The workbook of ``tasks`` as it goes out."""
    rows = [task_row(kind, task) for task in tasks]
    book = write_task_sheet(kind, rows, {side: [] for side in Side})
    return io.BytesIO(book.read())


def edited(kind: SheetKind, tasks: Sequence[Task], edit: Edit) -> io.BytesIO:
    """The same after ``edit`` did something to its first sheet."""
    book = openpyxl.load_workbook(downloaded(kind, tasks))
    edit(book.worksheets[0])
    target = io.BytesIO()
    book.save(target)
    target.seek(0)
    return target


def column(kind: SheetKind, name: str) -> int:
    """The number of a column, from one, as openpyxl counts."""
    return [one.name for one in COLUMNS[kind]].index(name) + 1


def put(kind: SheetKind, *cells: tuple[int, str, Any]) -> Edit:
    """An edit: (row, column's name, value) of some cells."""

    def edit(sheet: Any) -> None:
        for row, name, value in cells:
            sheet.cell(row, column(kind, name)).value = value

    return edit


def new_row(**cells: Any) -> Edit:
    """An edit: one more row of a plan's sheet, with what a task needs unless told otherwise."""
    said = {
        "area": "激励机制",
        "title": "带教补贴发放",
        "criteria": "每季度发放一次。",
        "weight": "重点",
        "starts_on": "2020-06-01",
        "due_on": "2021-06-30",
        "evidence": "发放汇总表",
        **cells,
    }
    names = [one.name for one in COLUMNS[SheetKind.PLAN]]
    return lambda sheet: sheet.append([said.get(name) for name in names])


def imported(
    stream: io.BytesIO,
    kind: SheetKind,
    pairings: Sequence[Pairing],
    *,
    by: User,
    name: str = "表格.xlsx",
    checked: bool = True,
) -> SheetImport:
    """Read a workbook and keep it, checked to its end unless told otherwise."""
    book = read_workbook(stream)
    table = find_table(book.sheets, kind)
    sheet = sheet_imports.start_import(
        kind,
        table.rows,
        letters=table.letters,
        remarks=table.remarks,
        pairing_ids=[one.id for one in pairings],
        file_name=name,
        sha256=book.sha256,
        actor=by,
    )
    while checked and sheet.checked < sheet.total:
        sheet_imports.check_next(sheet, actor=by)
    db.session.flush()
    return sheet


def wrong_import(scene: Scene, *, by: User) -> SheetImport:
    """A checked workbook with one row that has an error: a ledger cannot gain tasks."""
    sheet = SheetImport(
        kind=SheetKind.LEDGER,
        user=by,
        pairing_ids=[scene.pairing_id],
        state_since=scene.pairing.created_at,
        file_name="任务台账.xlsx",
        file_sha256="0" * 64,
        letters={"code": "A", "progress": "B"},
        rows=[{"row": 2, "cells": {"progress": "40"}}],
        total=1,
        checked=0,
        findings=[],
        created_at=scene.pairing.created_at,
    )
    db.session.add(sheet)
    db.session.flush()
    sheet_imports.check_next(sheet, actor=by)
    return sheet
