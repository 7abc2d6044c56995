"""The task ledger as a workbook."""

from collections.abc import Iterable
from datetime import date
from typing import IO

from portal.documents.spreadsheet import write_sheet
from portal.queries.ledger import LedgerRow

HEAD = (
    ("任务编号", 12),
    ("帮扶方", 16),
    ("受援方", 16),
    ("领域", 22),
    ("任务", 36),
    ("权重", 6),
    ("状态", 14),
    ("灯", 8),
    ("说明", 12),
    ("进度%", 8),
    ("起始", 12),
    ("完成时限", 12),
    ("原定时限", 12),
    ("销号日期", 12),
    ("帮扶方责任人", 14),
    ("受援方责任人", 14),
)


def write_ledger(rows: Iterable[LedgerRow], today: date) -> IO[bytes]:
    """Write the rows of a ledger, one line for each task, and return the file."""
    return write_sheet(f"任务台账 {today.isoformat()}", HEAD, map(_line, rows))


def _line(row: LedgerRow) -> list[object]:
    return [
        row.code,
        row.supporting,
        row.supported,
        row.area.label,
        row.title,
        row.weight,
        row.state.label,
        row.light.label,
        row.light_detail or "",
        row.progress,
        row.starts_on,
        row.due_on,
        row.first_due_on,
        row.closed_on or "",
        row.supporting_owner or "",
        row.supported_owner or "",
    ]
