"""Finding the table in a workbook: the sheet and the header by their names, then the rows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from portal.documents.workbooks.grid import Sheet
from portal.documents.workbooks.limits import MAX_ROWS
from portal.errors import Rejected
from portal.models import SheetKind
from portal.policies.field_text import cleaned
from portal.policies.sheet_columns import CODE, COLUMNS, READ_ALSO, ROW_KEY, SheetColumn

GUIDE, OPTIONS = "填写说明", "选项"
"""Sheets of our own workbooks that hold no rows."""
LOOKED_AT = 40
"""So many rows may stand above the header."""
LEAST = 2
REMARK = re.compile(
    r"^(?:注|备注|说明|合计|总计|小计|填表|制表|审核|联系人|填报)(?:人|单位|日期)?[:：0-9（(]"
)
SERIAL = re.compile(r"[1-9]\d{4}(?:\.\d+)?")
NAMED_ROWS = 8
"""More hidden rows than these are counted, not named."""

Header = tuple[int, dict[str, int]]
"""The row below which the data begins (from nought), and the column of each name."""


@dataclass(frozen=True)
class Table:
    """What was read: the rows by name, the letters of their columns, and what to say of it."""

    rows: list[dict[str, object]]
    letters: dict[str, str]
    remarks: list[str]


def find_table(sheets: Sequence[Sheet], kind: SheetKind) -> Table:
    """Return the rows of the sheet that holds the table. Raises Rejected({"file": …})."""
    found = [(sheet, header) for sheet in sheets if (header := find_header(sheet, kind))]
    if not found:
        raise _refused(_no_header(sheets, kind))
    # The sheet with most of our columns; of two alike one that is not hidden, then the first.
    sheet, header = max(found, key=lambda one: (len(one[1][1]), not one[0].hidden))
    if sheet.too_long:
        raise _refused(
            f"工作表“{sheet.title}”超过 {MAX_ROWS:,} 行，一次最多导入 {MAX_ROWS:,} 行。"
            "请删去多余的行，或分成几份文件上传。"
        )
    below, columns = header
    rows = list(_rows(sheet, below, columns, kind))
    if not rows:
        raise _refused(f"在工作表“{sheet.title}”中找到了表头，但下面没有数据行。")
    letters = {name: get_column_letter(at + 1) for name, at in columns.items()}
    remarks = list(_remarks(sheet, sheets, header, rows, kind))
    return Table(rows, letters, remarks)


def _refused(sentence: str) -> Rejected:
    return Rejected({"file": sentence})


def _known(kind: SheetKind) -> tuple[SheetColumn, ...]:
    return (*COLUMNS[kind], *READ_ALSO)


def find_header(sheet: Sheet, kind: SheetKind) -> Header | None:
    """Return the best header among the first rows: one row, or two of which one spans the other.

    Raises Rejected where two columns have the same name.
    """
    best: Header | None = None
    for at in range(min(len(sheet.rows), LOOKED_AT)):
        two = _joined(sheet, at)
        for below, names in ((at + 1, sheet.rows[at]), *([(at + 2, two)] if two else [])):
            columns = _columns(names, kind, sheet)
            if _is_enough(columns, kind) and (best is None or len(columns) > len(best[1])):
                best = below, columns
    return best


def _joined(sheet: Sheet, at: int) -> list[str]:
    """Return a header of two rows as one: 责任人 above 帮扶方 is 帮扶方责任人."""
    if at + 1 >= len(sheet.rows) or sheet.numbers[at + 1] != sheet.numbers[at] + 1:
        return []
    upper, lower, above = sheet.rows[at], sheet.rows[at + 1], ""
    names = []
    for column in range(max(len(upper), len(lower))):
        top = upper[column].strip() if column < len(upper) else ""
        under = lower[column].strip() if column < len(lower) else ""
        above = top or above
        # Cells merged over both rows were filled down and say the same twice.
        names.append(top if top == under or not under else f"{under}{above}")
    return names


def _columns(names: Sequence[str], kind: SheetKind, sheet: Sheet) -> dict[str, int]:
    """Return which column each name stands in; the own name goes before other ones."""
    found: dict[str, int] = {}
    for column in _known(kind):
        strengths = [(column.means(name), at) for at, name in enumerate(names) if name.strip()]
        strongest = max((strength for strength, _ in strengths), default=0)
        places = [at for strength, at in strengths if strength == strongest and strongest]
        if len(places) > 1 and len(found) >= LEAST:
            where = "、".join(f"{get_column_letter(at + 1)} 列" for at in places)
            raise _refused(
                f"工作表“{sheet.title}”中有 {len(places)} 列都是“{column.label}”（{where}），"
                "请只保留一列，或改掉其余列的表头。"
            )
        if places and places[0] not in found.values():
            found[column.name] = places[0]
    return found


def _is_enough(columns: dict[str, int], kind: SheetKind) -> bool:
    """Whether the names are those of our table."""
    names = columns.keys()
    editable = {column.name for column in COLUMNS[kind] if column.editable} & names
    if kind is SheetKind.PLAN and "title" in names and len(editable) > LEAST:
        return True
    return bool({"key", "code"} & names and editable)


def _no_header(sheets: Sequence[Sheet], kind: SheetKind) -> str:
    """Say what was looked for, and which sheets were seen."""
    seen = "、".join(f"“{sheet.title}”" for sheet in sheets[:10]) or "无"
    wanted = (
        "“任务名称”“验收标准”“完成期限”等列"
        if kind is SheetKind.PLAN
        else "“任务编号”和“进度%”“本次进展说明”等列"
    )
    return (
        f"没有找到{kind.label}的表头。表头应有{wanted}。文件中的工作表：{seen}。"
        "请先从系统下载表格，在其中修改后再上传。"
    )


def _rows(
    sheet: Sheet, below: int, columns: dict[str, int], kind: SheetKind
) -> Iterator[dict[str, object]]:
    """Return the rows under the header that say something in our columns."""
    kinds = {column.name: column for column in _known(kind)}
    for number, row in zip(sheet.numbers[below:], sheet.rows[below:], strict=True):
        cells = {
            name: _cell(row[at], kinds[name], sheet.since_1904)
            for name, at in columns.items()
            if at < len(row)
        }
        cells = {name: text for name, text in cells.items() if text}
        if cells and not _is_no_data(cells, columns, row, kinds):
            yield {"row": number, "cells": cells}


def _cell(text: str, column: SheetColumn, since_1904: bool) -> str:
    """Return a cell's text: a bare number of days as its day, one line where one is meant."""
    text = cleaned(text)
    if column.is_day and SERIAL.fullmatch(text):
        epoch = CALENDAR_MAC_1904 if since_1904 else CALENDAR_WINDOWS_1900
        return str(from_excel(float(text), epoch))[:10]
    if column.is_long or "\n" not in text:
        return text
    return " ".join(line.strip() for line in text.split("\n") if line.strip())


def _is_no_data(
    cells: dict[str, str],
    columns: dict[str, int],
    row: Sequence[str],
    kinds: dict[str, SheetColumn],
) -> bool:
    """Whether the row is a remark under the table, or the header repeated on the next page."""
    first = next((cell.strip() for cell in row if cell.strip()), "")
    if REMARK.match(first) and len({cell for cell in row if cell.strip()}) <= LEAST:
        return True
    return len(cells) > 1 and all(kinds[name].means(text) for name, text in cells.items())


def _names_by_code(row: Mapping[str, Any]) -> bool:
    """Whether a row was read that is laid beside a task by its code alone."""
    cells = row["cells"]
    return bool(cells.get(CODE.name)) and not cells.get(ROW_KEY.name)


def _remarks(
    sheet: Sheet,
    sheets: Sequence[Sheet],
    header: Header,
    rows: Sequence[dict[str, object]],
    kind: SheetKind,
) -> Iterator[str]:
    """Say what a reader may not expect: hidden things were read, other things were not."""
    below, columns = header
    yield f"读取了工作表“{sheet.title}”第 {sheet.numbers[below - 1]} 行表头以下的 {len(rows)} 行。"
    if sheet.hidden:
        yield f"工作表“{sheet.title}”是隐藏的，也已读取。"
    hidden = sorted({int(str(row["row"])) for row in rows} & set(sheet.hidden_rows))
    if hidden:
        why = "表格处于筛选状态，被筛掉的" if sheet.filtered else "隐藏的"
        which = f"（第 {'、'.join(map(str, hidden))} 行）" if len(hidden) <= NAMED_ROWS else ""
        yield f"{why} {len(hidden)} 行也已读取{which}。"
    if unkeyed := sum(_names_by_code(row) for row in rows):
        yield f"{unkeyed} 行没有系统标识。没有标识的行按任务编号对应，会覆盖现有内容。"
    labels = {column.name: column.label for column in _known(kind)}
    unseen = [
        f"{get_column_letter(at + 1)} 列“{labels[name]}”"
        for name, at in columns.items()
        if at in sheet.hidden_columns and name != ROW_KEY.name
    ]
    if unseen:
        yield f"隐藏的列也已读取：{'、'.join(unseen)}。"
    named = sheet.rows[below - 1]
    extra = [
        f"{get_column_letter(at + 1)} 列“{cleaned(name)[:20]}”"
        for at, name in enumerate(named)
        if at not in columns.values() and name.strip()
    ]
    if extra:
        yield f"没有读取的列：{'、'.join(extra)}。"
    others = [
        f"“{one.title}”"
        for one in sheets
        if one is not sheet and one.rows and one.title not in (GUIDE, OPTIONS)
    ]
    if others:
        yield f"没有读取的工作表：{'、'.join(others)}。"
