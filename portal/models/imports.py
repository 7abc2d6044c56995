"""A workbook that came back: read, checked, shown, applied as a whole, and undone for a day."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.base import Base, Identified, LabelledEnum, Versioned, enum_column


class SheetKind(LabelledEnum):
    """What a workbook is a copy of."""

    PLAN = "plan", "三年计划任务清单"
    LEDGER = "ledger", "任务台账"


class SheetImportState(LabelledEnum):
    """reading → checked → applied → undone; or discarded."""

    READING = "reading", "正在核对", "info"
    CHECKED = "checked", "待导入", "accent"
    APPLIED = "applied", "已导入", "success"
    UNDONE = "undone", "已撤销", "neutral"
    DISCARDED = "discarded", "已放弃", "neutral"


UNDO_HOURS = 24
"""For so long one button takes an import back (issue 4 §3)."""


class SheetImport(Identified, Versioned, Base):
    """One uploaded workbook with its rows, what they would change, and how to take it back."""

    __tablename__ = "sheet_imports"
    __table_args__ = (
        CheckConstraint("checked BETWEEN 0 AND total", name="checked_in_total"),
        CheckConstraint(
            "state NOT IN ('applied', 'undone') OR applied_at IS NOT NULL", name="applied_has_time"
        ),
        CheckConstraint("state <> 'undone' OR undone_at IS NOT NULL", name="undone_has_time"),
        Index("ix_sheet_imports_user", "user_id", "id"),
    )

    kind: Mapped[SheetKind] = mapped_column(enum_column(SheetKind, "kind"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    # The pairings it may touch: those the user chose, or was working in.
    pairing_ids: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    state: Mapped[SheetImportState] = mapped_column(
        enum_column(SheetImportState, "state"), default=SheetImportState.READING
    )
    state_since: Mapped[datetime]
    file_name: Mapped[str] = mapped_column(String(255))
    file_sha256: Mapped[str] = mapped_column(String(64))
    # Said of the whole file, e.g. that hidden rows were read as well.
    remarks: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    # Which column of the sheet each field was read from: {"title": "C"}.
    letters: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    # As read: [{"row": number on the sheet, "cells": {column: text}}].
    rows: Mapped[list[Any]] = mapped_column(sa.JSON, default=list, deferred=True)
    total: Mapped[int] = mapped_column(default=0)
    checked: Mapped[int] = mapped_column(default=0)
    # What was found of each row: added, changed, unchanged, conflicting or wrong, with why.
    findings: Mapped[list[Any]] = mapped_column(sa.JSON, default=list, deferred=True)
    # What takes it back: the fields before, and the versions the import left behind.
    undo: Mapped[list[Any]] = mapped_column(sa.JSON, default=list, deferred=True)
    created_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="")

    user: Mapped[User] = relationship()
