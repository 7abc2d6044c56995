"""One of the five lists as a workbook."""

from typing import IO, Any

from portal.documents.spreadsheet import write_sheet
from portal.models import LabelledEnum
from portal.queries.five_lists import Link, ListPage, Shown


def write_list(page: ListPage) -> IO[bytes]:
    """Write a list as its page shows it and return the file."""
    head = [(column.name, column.width) for column in page.columns]
    return write_sheet(
        page.which.label, head, ([_plain(cell) for cell in line] for line in page.lines)
    )


def _plain(cell: Any) -> Any:
    """Return what a workbook holds of a cell."""
    if cell is None:
        return ""
    if isinstance(cell, LabelledEnum):
        return cell.label
    if isinstance(cell, Link | Shown):
        return str(cell)
    return cell
