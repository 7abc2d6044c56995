"""The audit log 审计日志: append-only, each entry chained to the one before by its hash."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, LabelledEnum, enum_column


class AuditKind(LabelledEnum):
    """What sort of thing was done."""

    LOG_IN = "log_in", "登录与退出"
    CHANGE = "change", "变更"
    REFUSAL = "refusal", "拒绝"
    DOWNLOAD = "download", "查看与下载文件"
    EXPORT = "export", "导出"
    COMMAND = "command", "后台命令"


class AuditResult(LabelledEnum):
    """How it ended."""

    DONE = "done", "成功", "success"
    REFUSED = "refused", "已拒绝", "warning"
    FAILED = "failed", "失败", "danger"


class AuditEntry(Base):
    """One request (or command) that changed, took out or was refused something.

    ``hash`` is the SHA-256, in hex, of ``previous`` followed by ``sealed``: the canonical JSON
    of everything this row says and of the events that were written with it. Rows are only
    ever added; the database refuses anything else.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        CheckConstraint("position > 0", name="position"),
        Index("ix_audit_entries_actor", "actor_id", "position"),
        Index("ix_audit_entries_kind", "kind", "position"),
        Index("ix_audit_entries_object", "object_type", "object_id", "position"),
    )

    position: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    # Ties the events of one request to its entry.
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[AuditKind] = mapped_column(enum_column(AuditKind, "kind"))
    result: Mapped[AuditResult] = mapped_column(enum_column(AuditResult, "result"))
    action: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(200))
    object_type: Mapped[str] = mapped_column(String(40), default="")
    object_id: Mapped[int | None]
    # No foreign keys: their checks would lock rows of others while the head is held, and what
    # a visitor guesses in an address may be no row at all. Names are copied.
    pairing_id: Mapped[int | None] = mapped_column(index=True)
    actor_id: Mapped[int | None]
    actor_name: Mapped[str] = mapped_column(String(64))
    actor_role: Mapped[str] = mapped_column(String(40), default="")
    actor_org: Mapped[str] = mapped_column(String(100), default="")
    address: Mapped[str] = mapped_column(String(45), default="")
    method: Mapped[str] = mapped_column(String(10), default="")
    path: Mapped[str] = mapped_column(String(500), default="")
    status: Mapped[int] = mapped_column(default=0)
    # What changed, from what to what: [{"object": …, "id": …, "fields": [[name, old, new]]}].
    changes: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    sealed: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class AuditHead(Base):
    """The end of the chain on PostgreSQL: one row, held while an entry is added.

    So no two entries follow the same one. On SQLite, where one writes at a time, the last
    entry itself is the end, and this row stays at nought.
    """

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(sa.BigInteger)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
