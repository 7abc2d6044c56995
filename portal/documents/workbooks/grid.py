"""A sheet as it was read: rows of text, and what was hidden in it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from portal.documents.workbooks.limits import (
    BOMB,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_TEXT,
    Unreadable,
)

Span = tuple[int, int, int, int]
"""First row, last row, first column, last column of merged cells; rows from one, columns nought."""


@dataclass
class Sheet:
    """One sheet. ``numbers`` are the rows' numbers on the sheet, from one."""

    title: str
    hidden: bool = False
    numbers: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    filtered: bool = False
    # There are more than MAX_ROWS rows; only the first were read.
    too_long: bool = False
    # Days are counted from 1904, as old Macintosh programs did.
    since_1904: bool = False

    def packed(self) -> dict[str, Any]:
        """Return the sheet as JSON keeps it."""
        return asdict(self)


class Budget:
    """How much text a workbook may still hold."""

    def __init__(self) -> None:
        self.left = MAX_TEXT

    def take(self, row: Sequence[str]) -> None:
        """Count one row. Raises Unreadable when the workbook holds too much."""
        self.left -= sum(map(len, row))
        if self.left < 0:
            raise Unreadable(BOMB)


def keep_row(sheet: Sheet, number: int, row: list[str], budget: Budget) -> bool:
    """Add a row that says something; return False once the sheet is longer than allowed."""
    while row and not row[-1].strip():
        row.pop()
    if not row:
        return True
    if len(sheet.rows) >= MAX_ROWS:
        sheet.too_long = True
        return False
    row = [one[: MAX_CELL + 1] for one in row[:MAX_COLUMNS]]
    budget.take(row)
    sheet.numbers.append(number)
    sheet.rows.append(row)
    return True


def fill_down(sheet: Sheet, merged: Sequence[Span]) -> None:
    """Let every row of merged cells say what their first one says, in their first column."""
    places = {number: at for at, number in enumerate(sheet.numbers)}
    for first, last, column, _ in merged:
        top = places.get(first)
        if top is None or column >= len(sheet.rows[top]) or last - first > MAX_ROWS:
            continue
        for number in range(first + 1, last + 1):
            if (at := places.get(number)) is not None:
                row = sheet.rows[at]
                row.extend([""] * (column + 1 - len(row)))
                row[column] = row[column] or sheet.rows[top][column]


def number_text(raw: str, *, percent: bool = False) -> str:
    """Return a number as people see it: 3.0 is 3, and 0.4 shown in per cent is 40%."""
    try:
        value = Decimal(raw)
    except InvalidOperation:
        return raw
    if not value.is_finite() or abs(value.adjusted()) > 15:
        return raw
    if percent:
        value *= 100
    # Programs store 0.1 as 0.10000000000000001.
    value = round(value, 10).normalize()
    return f"{value:f}" + ("%" if percent else "")


def day_text(value: date | datetime | time) -> str:
    """Return a day as 2020-06-01; a time of day is kept where there is one."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else str(value)[:16]
    return value.isoformat()
