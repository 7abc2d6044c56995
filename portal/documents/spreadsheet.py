"""Writing workbooks: one streamed sheet, with what users typed kept as plain text."""

from collections.abc import Iterable, Sequence
from datetime import date
from io import BytesIO
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from portal.plain_text import printable

# A cell that begins like a formula would be computed by the reader's program.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_sheet(
    title: str, head: Sequence[tuple[str, int]], rows: Iterable[Sequence[Any]]
) -> IO[bytes]:
    """Write ``rows`` under ``head`` (name and width in characters) and return the file.

    Rows go to a temporary file as they come; only the finished, compressed book is in memory.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for number, (_, width) in enumerate(head, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "A2"
    sheet.append([_head_cell(sheet, name) for name, _ in head])
    for row in rows:
        sheet.append([_safe(sheet, value) for value in row])
    target = BytesIO()
    book.save(target)
    target.seek(0)
    return target


def _head_cell(sheet: Any, name: str) -> Any:
    cell = WriteOnlyCell(sheet, value=name)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="E8EEF0")
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    return cell


def _safe(sheet: Any, value: Any) -> Any:
    """Return what may be appended: text that looks like a formula stays text."""
    if isinstance(value, str):
        value = printable(value)
        if value.startswith(FORMULA_STARTS):
            cell = WriteOnlyCell(sheet, value=value)
            cell.data_type = "s"
            cell.quotePrefix = True
            return cell
        return value
    if isinstance(value, date):
        return value.isoformat()
    return value
