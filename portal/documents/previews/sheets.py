"""Workbooks as tables: one sheet at a time, the first rows and columns, values only."""

import warnings
from datetime import datetime, time
from pathlib import Path
from typing import Any

from portal.documents.previews.limits import (
    CELL,
    COLUMNS,
    DAMAGED,
    ROWS,
    SHEET_XML,
    SHEETS,
    NoPreview,
)
from portal.documents.previews.packages import check_package

NOT_CALCULATED = "（公式没有结果）"


def sheet_of(source: Path, number: int) -> dict[str, Any]:
    """Return the names of the sheets, and the beginning of the one at place ``number``.

    Raises NoPreview for anything that is not a readable workbook within the limits.
    """
    check_package(source, xml_limit=SHEET_XML)
    try:
        return _read(source, number)
    except NoPreview:
        raise
    except Exception as error:
        # The library raises whatever a damaged part makes it stumble over.
        raise NoPreview(DAMAGED) from error


def _read(source: Path, number: int) -> dict[str, Any]:
    import openpyxl

    # Given a name without .xlsx it would not read the file, so it is given the stream.
    with source.open("rb") as first, source.open("rb") as second, warnings.catch_warnings():
        # It warns of missing styles and the like, which do not matter to a table of values.
        warnings.simplefilter("ignore")
        values = openpyxl.load_workbook(first, read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(second, read_only=True, data_only=False)
        visible = [
            (shown, written)
            for shown, written in zip(values.worksheets, formulas.worksheets, strict=True)
            if shown.sheet_state == "visible"
        ][:SHEETS]
        if not visible:
            raise NoPreview(DAMAGED)
        at = min(number, len(visible) - 1)
        titles = [shown.title for shown, _ in visible]
        return {"sheets": titles, "at": at, **_beginning(*visible[at])}


def _beginning(shown: Any, written: Any) -> dict[str, Any]:
    """Return the first rows of one sheet; one more of each is read to know whether it goes on."""
    limits = {"max_row": ROWS + 1, "max_col": COLUMNS + 1, "values_only": True}
    # The size a sheet claims may be wrong; without it all rows are read.
    shown.reset_dimensions()
    written.reset_dimensions()
    rows: list[list[str]] = []
    cut = False
    for values, formulas in zip(
        shown.iter_rows(**limits), written.iter_rows(**limits), strict=False
    ):
        cells = [
            NOT_CALCULATED if value is None and formula is not None else _as_text(value)
            for value, formula in zip(values, formulas, strict=False)
        ]
        cut = cut or len(rows) == ROWS or any(cells[COLUMNS:])
        rows.append(cells[:COLUMNS])
    while rows and not any(rows[-1]):
        rows.pop()
    width = max((at for row in rows for at, cell in enumerate(row, 1) if cell), default=0)
    return {"rows": [row[:width] for row in rows[:ROWS]], "cut": cut}


def _as_text(value: Any) -> str:
    """Return a cell's value as people see it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, datetime):
        whole = value.time() == time()
        return value.date().isoformat() if whole else value.isoformat(" ", "minutes")
    return str(value)[:CELL]
