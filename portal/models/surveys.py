"""The visit to the supported base 实地调研: its sheet, answers, photos and report (H-32, §12.2)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.areas import Area, Side
from portal.models.base import Base, Identified, LabelledEnum, Versioned, enum_column
from portal.models.files import StoredFile
from portal.models.programmes import Pairing


class SurveyItemKind(LabelledEnum):
    """How an item of the sheet is answered."""

    NUMBER = "number", "数字"
    PERCENT = "percent", "百分比"
    YES_NO = "yes_no", "是否"
    CHOICE = "choice", "选项"
    DATE = "date", "日期"
    LINE = "line", "短文字"
    TEXT = "text", "长文字"
    MATRIX = "matrix", "表格"
    RATIO = "ratio", "自动计算"


class SurveyTemplate(Identified, Base):
    """One edition of the sheet. An edition in use is never changed: a new one is made."""

    __tablename__ = "survey_templates"

    edition: Mapped[str] = mapped_column(String(20), unique=True)
    title: Mapped[str] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(String(200), default="")
    # The edition that new surveys take; exactly one has it.
    is_current: Mapped[bool] = mapped_column(default=False, server_default="0")
    created_at: Mapped[datetime]

    items: Mapped[list["SurveyItem"]] = relationship(
        back_populates="template", order_by="SurveyItem.position", cascade="all, delete-orphan"
    )


class SurveyItem(Identified, Base):
    """One question of one edition. ``key`` names the same question across editions.

    ``area`` is None for general facts about the hospital. ``options`` holds what the kind
    needs: choices as [[value, label]]; for a matrix {"rows": [[key, label]], "columns":
    [[key, label]]}; for a ratio {"over": key, "under": key}.
    """

    __tablename__ = "survey_items"
    __table_args__ = (UniqueConstraint("template_id", "key"),)

    template_id: Mapped[int] = mapped_column(ForeignKey("survey_templates.id"))
    position: Mapped[int]
    key: Mapped[str] = mapped_column(String(60))
    area: Mapped[Area | None] = mapped_column(enum_column(Area, "area"))
    section: Mapped[str] = mapped_column(String(60))
    label: Mapped[str] = mapped_column(String(200))
    kind: Mapped[SurveyItemKind] = mapped_column(enum_column(SurveyItemKind, "kind"))
    unit: Mapped[str] = mapped_column(String(20), default="")
    hint: Mapped[str] = mapped_column(String(200), default="")
    options: Mapped[Any] = mapped_column(sa.JSON, default=dict)
    # Standard.key it is held against; empty for none.
    standard_key: Mapped[str] = mapped_column(String(60), default="")
    is_required: Mapped[bool] = mapped_column(default=False, server_default="0")

    template: Mapped[SurveyTemplate] = relationship(back_populates="items")


class SurveyState(LabelledEnum):
    """planned → in_field → report_draft → confirmed (§12.3); a report may go back to the field."""

    PLANNED = "planned", "已计划", "info"
    IN_FIELD = "in_field", "调研中", "accent"
    REPORT_DRAFT = "report_draft", "待双方确认", "accent"
    CONFIRMED = "confirmed", "双方已确认", "success"
    CANCELLED = "cancelled", "已取消", "neutral"


class SiteSurvey(Identified, Versioned, Base):
    """One visit of the supporting base to the supported one, with the sheet filled there."""

    __tablename__ = "site_surveys"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="dates_in_order"),
        CheckConstraint(
            "state <> 'confirmed' OR confirmed_at IS NOT NULL", name="confirmed_has_time"
        ),
        CheckConstraint("state <> 'cancelled' OR cancel_reason <> ''", name="cancelled_has_reason"),
        Index(
            "uq_site_surveys_open",
            "pairing_id",
            unique=True,
            postgresql_where=text("state IN ('planned', 'in_field', 'report_draft')"),
            sqlite_where=text("state IN ('planned', 'in_field', 'report_draft')"),
        ),
        Index("ix_site_surveys_pairing", "pairing_id", "starts_on", "id"),
    )

    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"))
    template_id: Mapped[int] = mapped_column(ForeignKey("survey_templates.id"))
    title: Mapped[str] = mapped_column(String(100))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    state: Mapped[SurveyState] = mapped_column(
        enum_column(SurveyState, "state"), default=SurveyState.PLANNED
    )
    state_since: Mapped[datetime]
    # The report: what was found in general, and what both sides agreed to do about it.
    summary: Mapped[str] = mapped_column(Text, default="")
    advice: Mapped[str] = mapped_column(Text, default="")
    return_reason: Mapped[str] = mapped_column(Text, default="")
    cancel_reason: Mapped[str] = mapped_column(Text, default="")
    confirmed_at: Mapped[datetime | None]
    # What the confirmed report says of each problem, whatever became of the problems later.
    reported: Mapped[Any] = mapped_column(sa.JSON, default=list)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    pairing: Mapped[Pairing] = relationship()
    template: Mapped[SurveyTemplate] = relationship()
    created_by: Mapped[User] = relationship()
    members: Mapped[list["SurveyMember"]] = relationship(
        order_by="SurveyMember.position", cascade="all, delete-orphan"
    )
    departments: Mapped[list["SurveyDepartment"]] = relationship(
        order_by="SurveyDepartment.position", cascade="all, delete-orphan"
    )
    answers: Mapped[list["SurveyAnswer"]] = relationship(back_populates="survey")
    photos: Mapped[list["SurveyPhoto"]] = relationship(order_by="SurveyPhoto.id")
    confirmations: Mapped[list["SurveyConfirmation"]] = relationship(
        order_by="SurveyConfirmation.confirmed_at", cascade="all, delete-orphan"
    )

    def confirmation_of(self, side: Side) -> "SurveyConfirmation | None":
        """Return the standing confirmation of ``side``; a change to the report removes both."""
        return next((mark for mark in self.confirmations if mark.side is side), None)


class SurveyMember(Identified, Base):
    """Somebody of the team, from either hospital."""

    __tablename__ = "survey_members"

    survey_id: Mapped[int] = mapped_column(ForeignKey("site_surveys.id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(40))
    side: Mapped[Side] = mapped_column(enum_column(Side, "side"))
    job_title: Mapped[str] = mapped_column(String(60), default="")


class SurveyDepartment(Identified, Base):
    """A department that was seen, and what struck the visitors there."""

    __tablename__ = "survey_departments"

    survey_id: Mapped[int] = mapped_column(ForeignKey("site_surveys.id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    seen_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(Text, default="")


class SurveyAnswer(Identified, Versioned, Base):
    """One field of the sheet. ``cell`` is "row.column" inside a matrix, else empty.

    ``number`` repeats ``value`` where it is a figure, so that it can be measured.
    """

    __tablename__ = "survey_answers"
    __table_args__ = (UniqueConstraint("survey_id", "item_id", "cell"),)

    survey_id: Mapped[int] = mapped_column(ForeignKey("site_surveys.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("survey_items.id"), index=True)
    cell: Mapped[str] = mapped_column(String(60), default="", server_default="")
    value: Mapped[str] = mapped_column(Text, default="")
    number: Mapped[Decimal | None] = mapped_column(Numeric(14, 4))
    note: Mapped[str] = mapped_column(String(500), default="")
    answered_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    answered_at: Mapped[datetime]

    survey: Mapped[SiteSurvey] = relationship(back_populates="answers")
    item: Mapped[SurveyItem] = relationship()
    answered_by: Mapped[User] = relationship()


class SurveyPhoto(Identified, Base):
    """A picture taken on the visit, beside the item it shows; the file never changes."""

    __tablename__ = "survey_photos"

    survey_id: Mapped[int] = mapped_column(ForeignKey("site_surveys.id"), index=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("survey_items.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_files.id"), index=True)
    caption: Mapped[str] = mapped_column(String(100), default="")
    added_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime]
    # Taken out of the report with a reason; the row and the file stay.
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str] = mapped_column(String(200), default="", server_default="")

    file: Mapped[StoredFile] = relationship()
    item: Mapped[SurveyItem | None] = relationship()
    added_by: Mapped[User] = relationship()


class SurveyConfirmation(Identified, Base):
    """One side's leader confirms the report as it stands."""

    __tablename__ = "survey_confirmations"
    __table_args__ = (UniqueConstraint("survey_id", "side"),)

    survey_id: Mapped[int] = mapped_column(ForeignKey("site_surveys.id"))
    side: Mapped[Side] = mapped_column(enum_column(Side, "side"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(40))
    confirmed_at: Mapped[datetime]

    user: Mapped[User] = relationship()
