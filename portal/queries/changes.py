"""What changed, from what to what, as a person reads it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from portal import clock
from portal.audit.fields import SECRET
from portal.models import Base, LabelledEnum, Weight
from portal.models.base import UTCDateTime
from portal.policies.meeting_kinds import meeting_kinds
from portal.queries.record_labels import column_label, is_stamp, table_label

EMPTY = "（空）"
SESSION_ENDS = {
    "disabled": "账号停用",
    "elsewhere": "在其他设备上退出",
    "identity": "单点登录身份有变动",
    "keeper": "由管理员退出",
    "locked": "账号锁定",
    "log_out": "退出登录",
    "password": "密码有变动",
    "replaced": "同一浏览器重新登录",
    "restored": "从备份恢复",
    "role": "角色或单位调整",
    "second_factor": "两步验证有变动",
}
"""Why sessions are ended (services/sessions.py), in words."""

NUMBER = re.compile(r"(?<=\S) #\d+$")


@dataclass(frozen=True)
class ChangedField:
    """One line: ``label``：``old`` → ``new``. A part that came or went has only one of them."""

    label: str
    old: str
    new: str
    step: str = "changed"


def readable(changes: Sequence[Sequence[Any]] | None) -> list[ChangedField]:
    """Return the fields of an event as its object's history shows them.

    Who took the step and when is left out: the event itself says it.
    """
    return [_line(change) for change in changes or () if not is_stamp(change[0])]


def readable_rows(changes: Iterable[dict[str, Any]]) -> list[tuple[str, list[ChangedField]]]:
    """Return what an audit entry says of rows: a heading for each, and its lines."""
    told: list[tuple[str, list[ChangedField]]] = []
    for row in changes:
        lines = [_line(one) for one in row.get("fields", ())]
        told.append((_heading(row), lines))
    return told


def in_words(rows: Iterable[dict[str, Any]], fields: Iterable[Any]) -> list[str]:
    """Return the same, of an entry's rows and of its events' fields, as one line each."""
    told = [line for changes in fields for line in map(_sentence, readable(changes))]
    for heading, lines in readable_rows(rows):
        inside = "，".join(map(_sentence, lines))
        told.append(f"{heading}（{inside}）" if inside else heading)
    return told


def _sentence(line: ChangedField) -> str:
    if line.step == "changed":
        return f"{line.label}：{line.old} → {line.new}"
    if line.step == "secret":
        return f"{line.label}：{line.new}"
    return f"{'新增' if line.step == 'added' else '移除'}{line.label}：{line.old or line.new}"


STEPS = {
    "added": "新增",
    "removed": "删除",
    "changed": "修改",
    "statement": "批量更新",
    "asked": "",
}


def _heading(row: dict[str, Any]) -> str:
    if row.get("step") == "more":
        return f"另有 {row.get('count')} 处变更"
    called = " ".join(
        part for part in (row.get("name") or "", f"#{row['id']}" if row.get("id") else "") if part
    )
    head = STEPS.get(str(row.get("step")), "") + table_label(str(row.get("object")))
    return f"{head}：{called}" if called else head


def _line(change: Sequence[Any]) -> ChangedField:
    name, old, new = str(change[0]), change[1], change[2]
    if "." not in name:
        step = "added" if old is None else "removed"
        return ChangedField(table_label(name), str(old or ""), str(new or ""), step)
    label = column_label(name) or name
    part = str(change[3]) if len(change) > 3 else ""
    if part:
        label = f"{table_label(name.partition('.')[0])}“{part}”的{label}"
    if SECRET in (old, new):
        return ChangedField(label, "", _of_secret(old, new), "secret")
    return ChangedField(label, shown(name, old), shown(name, new))


def _of_secret(old: Any, new: Any) -> str:
    """Say what became of a value that nobody may read."""
    if not new:
        return "已清除"
    return "已更改" if old else "已设置"


def shown(name: str, value: Any) -> str:
    """Return a recorded value of the column ``name`` in the words of the screen."""
    if value is None or value == "":
        return EMPTY
    if isinstance(value, bool):
        return "是" if value else "否"
    column = _column(name)
    if column is None:
        return str(value)
    if name == "tasks.weight":
        return Weight(str(value)).label
    if name == "user_sessions.ended_why":
        return SESSION_ENDS.get(str(value), str(value))
    if name == "meetings.kind" and str(value) in meeting_kinds():
        return meeting_kinds()[str(value)].title
    kind = getattr(column.type, "enum_class", None)
    if kind is not None and issubclass(kind, LabelledEnum):
        return next((member.label for member in kind if member.value == value), str(value))
    if column.foreign_keys:
        return NUMBER.sub("", str(value))
    return _moment(str(value)) if isinstance(column.type, UTCDateTime) else str(value)


def _column(name: str) -> "sa.Column[Any] | None":
    table, _, column = name.partition(".")
    known = Base.metadata.tables.get(table)
    return known.columns.get(column) if known is not None else None


def _moment(text: str) -> str:
    try:
        return f"{clock.local(datetime.fromisoformat(text)):%Y-%m-%d %H:%M}"
    except ValueError:
        return text
