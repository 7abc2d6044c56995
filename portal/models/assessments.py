"""Schemes of indicators kept as data, and one pairing's yearly assessment (H-37, H-38)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.areas import Side
from portal.models.base import Base, Identified, LabelledEnum, Versioned, enum_column
from portal.models.programmes import Pairing


class ItemSide(LabelledEnum):
    """Whom an item of the scheme assesses (domain-facts §10.2)."""

    BOTH = "both", "双方"
    SUPPORTING = "supporting", "帮扶方", "accent"
    SUPPORTED = "supported", "受援方", "info"


class ItemMode(LabelledEnum):
    """How an item of the scheme gets its score."""

    GROUP = "group", "汇总"
    AUTOMATIC = "automatic", "自动", "info"
    JUDGED = "judged", "评分"


class Grade(LabelledEnum):
    """The verdict of a year, best first."""

    EXCELLENT = "excellent", "优秀", "success"
    QUALIFIED = "qualified", "合格", "success"
    BASIC = "basic", "基本合格", "warning"
    UNQUALIFIED = "unqualified", "不合格", "danger"


class Scheme(Identified, Base):
    """One edition of the indicators. Frozen by use: a change is a new edition."""

    __tablename__ = "schemes"

    edition: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(Text, default="")
    verified: Mapped[bool] = mapped_column(default=False, server_default="0")
    parameters: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    # Grade thresholds, best first: [{"grade": "excellent", "min": "90"}, …].
    grades: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    # Caps and vetoes: [{"key": "red_card", "title": …, "max_grade": …, "deduct": "5"}, …].
    caps: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)

    items: Mapped[list["ScoreItem"]] = relationship(
        back_populates="scheme", order_by="ScoreItem.position", cascade="all, delete-orphan"
    )


class ScoreItem(Identified, Base):
    """A node of the scheme's tree; only leaves are scored."""

    __tablename__ = "score_items"
    __table_args__ = (
        UniqueConstraint("scheme_id", "code"),
        CheckConstraint("(mode = 'automatic') = (rule <> '')", name="automatic_has_rule"),
        CheckConstraint("points >= 0", name="points"),
    )

    scheme_id: Mapped[int] = mapped_column(ForeignKey("schemes.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("score_items.id"))
    position: Mapped[int]
    code: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(100))
    points: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    side: Mapped[ItemSide] = mapped_column(enum_column(ItemSide, "side"))
    mode: Mapped[ItemMode] = mapped_column(enum_column(ItemMode, "mode"))
    rule: Mapped[str] = mapped_column(String(60), default="")
    guidance: Mapped[str] = mapped_column(Text, default="")

    scheme: Mapped[Scheme] = relationship(back_populates="items")
    parent: Mapped["ScoreItem | None"] = relationship(remote_side="ScoreItem.id")

    @property
    def is_leaf(self) -> bool:
        """Whether this node itself is scored."""
        return self.mode is not ItemMode.GROUP


class AssessmentState(LabelledEnum):
    """self_assessment → submitted → review → provisional → (appeal) → final."""

    SELF_ASSESSMENT = "self_assessment", "自评中", "info"
    SUBMITTED = "submitted", "已提交待评审", "accent"
    REVIEW = "review", "评审中", "accent"
    PROVISIONAL = "provisional", "初评结果公示", "warning"
    APPEAL = "appeal", "申诉处理中", "warning"
    FINAL = "final", "已定稿", "success"


class Assessment(Identified, Versioned, Base):
    """One pairing, one calendar year, one scheme. A final one never moves."""

    __tablename__ = "assessments"
    __table_args__ = (
        UniqueConstraint("pairing_id", "year"),
        CheckConstraint(
            "state <> 'final' OR (total IS NOT NULL AND grade IS NOT NULL"
            " AND published_at IS NOT NULL AND published_by_id IS NOT NULL)",
            name="final_is_complete",
        ),
        Index("ix_assessments_state", "state", "state_since", "id"),
    )

    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"))
    scheme_id: Mapped[int] = mapped_column(ForeignKey("schemes.id"))
    year: Mapped[int]
    period_start: Mapped[date]
    cutoff_on: Mapped[date]
    state: Mapped[AssessmentState] = mapped_column(
        enum_column(AssessmentState, "state"), default=AssessmentState.SELF_ASSESSMENT
    )
    state_since: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]
    # Keys of the scheme's caps that apply, each with a reason: {"yellow_card": "…"}.
    caps: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    total: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    supporting_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    supported_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    grade: Mapped[Grade | None] = mapped_column(enum_column(Grade, "grade"))
    bonus: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    appeal_reason: Mapped[str] = mapped_column(Text, default="")
    appeal_reply: Mapped[str] = mapped_column(Text, default="")
    return_reason: Mapped[str] = mapped_column(Text, default="")
    reviewed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reviewed_at: Mapped[datetime | None]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime | None]

    pairing: Mapped[Pairing] = relationship()
    scheme: Mapped[Scheme] = relationship()
    reviewed_by: Mapped[User | None] = relationship(foreign_keys=[reviewed_by_id])
    published_by: Mapped[User | None] = relationship(foreign_keys=[published_by_id])
    scores: Mapped[list["AssessmentScore"]] = relationship(
        back_populates="assessment", cascade="all, delete-orphan"
    )
    submissions: Mapped[list["SelfSubmission"]] = relationship(cascade="all, delete-orphan")
    experts: Mapped[list["ExpertAssignment"]] = relationship(cascade="all, delete-orphan")

    def submission_of(self, side: Side) -> "SelfSubmission | None":
        """Return the standing self-assessment submission of ``side``."""
        return next((mark for mark in self.submissions if mark.side is side), None)


class AssessmentScore(Identified, Base):
    """One leaf of one assessment: self score, automatic figure and reviewer's score."""

    __tablename__ = "assessment_scores"
    __table_args__ = (
        UniqueConstraint("assessment_id", "item_id"),
        CheckConstraint("NOT not_applicable OR na_reason <> ''", name="na_has_reason"),
    )

    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("score_items.id"))
    self_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    self_note: Mapped[str] = mapped_column(Text, default="")
    automatic_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    # What the figure was computed from, kept with it: counts, ids and the formula in words.
    inputs: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    review_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    review_reason: Mapped[str] = mapped_column(Text, default="")
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    not_applicable: Mapped[bool] = mapped_column(default=False, server_default="0")
    na_reason: Mapped[str] = mapped_column(Text, default="")

    assessment: Mapped[Assessment] = relationship(back_populates="scores")
    item: Mapped[ScoreItem] = relationship()
    reviewer: Mapped[User | None] = relationship()


class SelfSubmission(Identified, Base):
    """One side has handed in its self-assessment."""

    __tablename__ = "self_submissions"
    __table_args__ = (UniqueConstraint("assessment_id", "side"),)

    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"))
    side: Mapped[Side] = mapped_column(enum_column(Side, "side"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(40))
    submitted_at: Mapped[datetime]


class ExpertAssignment(Identified, Base):
    """An expert may score this assessment, and nothing else."""

    __tablename__ = "expert_assignments"
    __table_args__ = (UniqueConstraint("assessment_id", "user_id"),)

    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    assigned_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    assigned_at: Mapped[datetime]

    user: Mapped[User] = relationship(foreign_keys=[user_id])
