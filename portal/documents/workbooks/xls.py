"""Reading .xls, as older programs and hospital systems still write it."""

import os
from datetime import datetime
from typing import Any

import xlrd

from portal.documents.workbooks.grid import (
    Budget,
    Sheet,
    day_text,
    fill_down,
    keep_row,
    number_text,
)
from portal.documents.workbooks.limits import (
    DAMAGED,
    LOCKED,
    MAX_COLUMNS,
    MAX_SHEETS,
    WRONG_KIND,
    Unreadable,
)


def read_xls(data: bytes) -> list[Sheet]:
    """Return every sheet. Raises Unreadable, or whatever a damaged file leads to."""
    with open(os.devnull, "w", encoding="utf-8") as silence:
        try:
            book = xlrd.open_workbook(file_contents=data, logfile=silence, formatting_info=True)
        except xlrd.XLRDError as error:
            raise Unreadable(_why(str(error))) from error
        budget = Budget()
        return [_read(book, sheet, budget) for sheet in book.sheets()[:MAX_SHEETS]]


def _why(told: str) -> str:
    """Return our sentence for what xlrd says."""
    if "encrypted" in told.lower() or "password" in told.lower():
        return LOCKED
    # An OLE file with something else inside: .doc, .ppt, .msg.
    return WRONG_KIND if "Can't find workbook" in told else DAMAGED


def _read(book: Any, source: Any, budget: Budget) -> Sheet:
    sheet = Sheet(source.name, source.visibility != 0, since_1904=book.datemode == 1)
    sheet.hidden_rows = [number + 1 for number, info in source.rowinfo_map.items() if info.hidden]
    sheet.hidden_columns = [
        number
        for number, info in source.colinfo_map.items()
        if info.hidden and number < MAX_COLUMNS
    ]
    for number in range(source.nrows):
        row = [
            _text(book, source.cell(number, column))
            for column in range(min(source.row_len(number), MAX_COLUMNS))
        ]
        if not keep_row(sheet, number + 1, row, budget):
            break
    fill_down(sheet, [(r1 + 1, r2, c1, c2 - 1) for r1, r2, c1, c2 in source.merged_cells])
    return sheet


def _text(book: Any, cell: Any) -> str:
    """Return the cell as people see it."""
    value = cell.value
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            found: datetime = xlrd.xldate.xldate_as_datetime(value, book.datemode)
        except (xlrd.XLDateError, ValueError, OverflowError):
            return number_text(repr(value))
        return day_text(found)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        shown = book.format_map[book.xf_list[cell.xf_index].format_key].format_str
        return number_text(repr(value), percent="%" in shown)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(value, "#VALUE!"))
    return str(value)
