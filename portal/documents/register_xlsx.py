"""The register of agreements as a workbook."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import IO

from portal import clock
from portal.documents.spreadsheet import write_sheet
from portal.queries.agreement_register import RegisterRow

HEAD = (
    ("帮扶周期", 28),
    ("帮扶方", 26),
    ("受援方", 26),
    ("类别", 10),
    ("状态", 10),
    ("备案号", 26),
    ("备案日期", 12),
    ("首次报送", 12),
    ("逾期天数", 10),
    ("稿次", 6),
    ("协议起始", 12),
    ("协议终止", 12),
    ("等待办理", 26),
    ("已等工作日", 10),
    ("备注", 40),
)


def write_register(rows: Iterable[RegisterRow], today: date) -> IO[bytes]:
    """Write the lines of the register, one for each agreement, and return the file."""
    return write_sheet(f"协议登记簿 {today.isoformat()}", HEAD, map(_line, rows))


def _line(row: RegisterRow) -> list[object]:
    agreement = row.agreement
    shared = [
        row.pairing.programme.name,
        row.pairing.supporting.name,
        row.pairing.supported.name,
    ]
    waiting: list[object] = [row.waiting_for, "" if row.waiting_days is None else row.waiting_days]
    if agreement is None:
        return [*shared, "", "未起草", "", "", "", row.late or "", "", "", "", *waiting, ""]
    revision = agreement.current
    return [
        *shared,
        agreement.kind.label,
        agreement.state.label,
        agreement.filing_number or "",
        _day(agreement.filed_at),
        _day(agreement.first_submitted_at),
        row.late or "",
        revision.number,
        revision.starts_on,
        revision.ends_on,
        *waiting,
        _note(row),
    ]


def _note(row: RegisterRow) -> str:
    """Return what a reader should know besides: a renewal due, a withdrawal, an early end."""
    if row.days_left is not None:
        return f"距期满{row.days_left}天" if row.days_left >= 0 else f"已期满{-row.days_left}天"
    if row.withdrawn is not None:
        return f"双方撤回报送：{row.withdrawn.withdrawn_reason}"
    if row.agreement is not None and row.agreement.terminated_on:
        return f"终止日期 {row.agreement.terminated_on.isoformat()}"
    return row.agreement.kind_reason if row.agreement else ""


def _day(moment: datetime | None) -> object:
    return clock.local_date(moment) if moment else ""
