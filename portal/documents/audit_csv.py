"""The audit log as a table for a spreadsheet, written line by line as it is read."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from portal import clock
from portal.documents.spreadsheet import FORMULA_STARTS
from portal.models import AuditEntry, Event, Role

HEAD = [
    "序号",
    "时间",
    "类别",
    "结果",
    "操作",
    "人员",
    "角色",
    "单位",
    "来源地址",
    "方法",
    "路径",
    "状态码",
    "对象",
    "对象编号",
    "结对编号",
    "修改前后",
    "前一条校验值",
    "校验值",
]
BOM = "\ufeff"
"""Without it, Excel takes the Chinese for something else."""

Told = tuple[AuditEntry, list[Event], list[str]]


def write_log(rows: Iterable[Told], object_labels: dict[str, str]) -> Iterator[bytes]:
    """Yield the table as bytes. Each row: an entry, its events and its changes in words."""
    roles = {role.value: role.label for role in Role}
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow(HEAD)
    for entry, events, changes in rows:
        writer.writerow(
            [_safe(cell) for cell in _cells(entry, events, changes, object_labels, roles)]
        )
        if buffer.tell() > 60_000:
            yield _taken(buffer)
    yield _taken(buffer)


def _cells(
    entry: AuditEntry,
    events: list[Event],
    changes: list[str],
    object_labels: dict[str, str],
    roles: dict[str, str],
) -> list[Any]:
    said = [f"意见：{event.comment}" for event in events if event.comment]
    return [
        entry.position,
        f"{clock.local(entry.at):%Y-%m-%d %H:%M:%S}",
        entry.kind.label,
        entry.result.label,
        entry.title,
        entry.actor_name,
        roles.get(entry.actor_role, ""),
        entry.actor_org,
        entry.address,
        entry.method,
        entry.path,
        entry.status or "",
        object_labels.get(entry.object_type, entry.object_type),
        entry.object_id or "",
        entry.pairing_id or "",
        "；".join([*said, *changes]),
        entry.previous,
        entry.hash,
    ]


def _safe(cell: Any) -> Any:
    """Keep what people typed plain text: a spreadsheet would compute what looks like a formula."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell


def _taken(buffer: io.StringIO) -> bytes:
    """Return what ``buffer`` holds, and empty it."""
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
