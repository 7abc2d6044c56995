"""Evidence 佐证材料: files with what they prove, their revisions, and what they back."""

from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.agreements import Agreement
from portal.models.assessments import Assessment, ScoreItem
from portal.models.base import Base, Identified, LabelledEnum, Versioned, enum_column
from portal.models.files import StoredFile
from portal.models.meetings import Meeting
from portal.models.organisations import Organisation
from portal.models.programmes import Pairing
from portal.models.tasks import EvidenceRequirement, Task


class EvidenceKind(LabelledEnum):
    """What sort of paper or picture it is."""

    DOCUMENT = "document", "文件制度"
    RECORD = "record", "活动记录"
    SIGN_IN = "sign_in", "签到表"
    PHOTO = "photo", "照片"
    VIDEO = "video", "音视频"
    TEACHING = "teaching", "教案课件"
    REPORT = "report", "总结报告"
    DATA = "data", "数据台账"
    CERTIFICATE = "certificate", "证书证明"
    MINUTES = "minutes", "会议材料"
    OTHER = "other", "其他"


class EvidenceStatus(LabelledEnum):
    """What was decided about a piece of evidence (issue 3 §1)."""

    PENDING = "pending", "待审核", "accent"
    ACCEPTED = "accepted", "已认可", "success"
    REJECTED = "rejected", "不予认可", "danger"
    WITHDRAWN = "withdrawn", "已撤回", "neutral"


EXPIRING_DAYS = 60
"""A piece whose validity ends within so many days is shown as about to expire."""

STANDING = frozenset({EvidenceStatus.PENDING, EvidenceStatus.ACCEPTED})
"""Pieces in these states may back something."""


class Evidence(Identified, Versioned, Base):
    """A file with what it proves; one piece can back many things.

    ``file`` is the newest revision's. ``evidence_on`` is the day of what it proves, not of
    the upload.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        CheckConstraint("withdrawn_at IS NULL OR withdrawn_reason <> ''", name="withdrawn_reason"),
        CheckConstraint(
            "(status = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_has_date"
        ),
        CheckConstraint(
            "status NOT IN ('accepted', 'rejected')"
            " OR (reviewed_at IS NOT NULL AND reviewed_by_id IS NOT NULL)",
            name="reviewed_by_somebody",
        ),
        CheckConstraint("status <> 'rejected' OR review_reason <> ''", name="rejected_has_reason"),
        Index("ix_evidence_library", "organisation_id", "id"),
    )

    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_files.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[EvidenceKind] = mapped_column(
        enum_column(EvidenceKind, "kind"),
        default=EvidenceKind.OTHER,
        server_default=EvidenceKind.OTHER.value,
    )
    proves: Mapped[str] = mapped_column(String(200), default="", server_default="")
    evidence_on: Mapped[date]
    expires_on: Mapped[date | None]
    added_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime]
    status: Mapped[EvidenceStatus] = mapped_column(
        enum_column(EvidenceStatus, "status"),
        default=EvidenceStatus.PENDING,
        server_default=EvidenceStatus.PENDING.value,
    )
    reviewed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reviewed_at: Mapped[datetime | None]
    review_reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_reason: Mapped[str] = mapped_column(Text, default="")

    pairing: Mapped[Pairing] = relationship()
    organisation: Mapped[Organisation] = relationship()
    file: Mapped[StoredFile] = relationship()
    added_by: Mapped[User] = relationship(foreign_keys=[added_by_id])
    reviewed_by: Mapped[User | None] = relationship(foreign_keys=[reviewed_by_id])
    withdrawn_by: Mapped[User | None] = relationship(foreign_keys=[withdrawn_by_id])
    uses: Mapped[list["EvidenceUse"]] = relationship(
        back_populates="evidence", order_by="EvidenceUse.id"
    )
    revisions: Mapped[list["EvidenceRevision"]] = relationship(
        back_populates="evidence", order_by="EvidenceRevision.number"
    )

    @property
    def revision_number(self) -> int:
        """The number of the file it has now: 1 for one that was never replaced."""
        return self.revisions[-1].number if self.revisions else 1

    @property
    def stands(self) -> bool:
        """Whether it may back something: neither withdrawn nor rejected."""
        return self.status in STANDING

    def expired_on(self, today: date) -> bool:
        """Whether its validity has run out on ``today`` (the Shanghai date)."""
        return self.expires_on is not None and self.expires_on < today

    def expires_soon(self, today: date) -> bool:
        """Whether its validity runs out within EXPIRING_DAYS of ``today``."""
        if self.expires_on is None:
            return False
        return today <= self.expires_on <= today + timedelta(days=EXPIRING_DAYS)


class EvidenceRevision(Identified, Base):
    """One file a piece of evidence has had; older ones stay readable."""

    __tablename__ = "evidence_revisions"
    __table_args__ = (UniqueConstraint("evidence_id", "number"),)

    evidence_id: Mapped[int] = mapped_column(ForeignKey("evidence.id"))
    number: Mapped[int]
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_files.id"), index=True)
    added_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime]
    # Why the file before it was replaced; empty for the first.
    note: Mapped[str] = mapped_column(String(200), default="")

    evidence: Mapped[Evidence] = relationship(back_populates="revisions")
    file: Mapped[StoredFile] = relationship()
    added_by: Mapped[User] = relationship()


class EvidenceUse(Identified, Base):
    """A piece of evidence backs one thing.

    Exactly one of: a task (perhaps one of its requirements), a meeting, an agreement, or an
    item of an assessment.
    """

    __tablename__ = "evidence_uses"
    __table_args__ = (
        UniqueConstraint("task_id", "evidence_id", "requirement_id"),
        UniqueConstraint("meeting_id", "evidence_id"),
        UniqueConstraint("agreement_id", "evidence_id"),
        UniqueConstraint("assessment_id", "item_id", "evidence_id"),
        CheckConstraint(
            "(CASE WHEN task_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN meeting_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN agreement_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN assessment_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="backs_one_thing",
        ),
        CheckConstraint("(assessment_id IS NULL) = (item_id IS NULL)", name="item_with_assessment"),
        CheckConstraint(
            "requirement_id IS NULL OR task_id IS NOT NULL", name="requirement_with_task"
        ),
        Index("ix_evidence_uses_evidence_id", "evidence_id"),
    )

    task_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id"))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meetings.id"))
    agreement_id: Mapped[int | None] = mapped_column(ForeignKey("agreements.id"))
    assessment_id: Mapped[int | None] = mapped_column(ForeignKey("assessments.id"))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("score_items.id"))
    evidence_id: Mapped[int] = mapped_column(ForeignKey("evidence.id"))
    requirement_id: Mapped[int | None] = mapped_column(ForeignKey("evidence_requirements.id"))
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime]

    task: Mapped[Task | None] = relationship(back_populates="evidence_uses")
    meeting: Mapped[Meeting | None] = relationship()
    agreement: Mapped[Agreement | None] = relationship()
    assessment: Mapped[Assessment | None] = relationship()
    item: Mapped[ScoreItem | None] = relationship()
    evidence: Mapped[Evidence] = relationship(back_populates="uses")
    requirement: Mapped[EvidenceRequirement | None] = relationship()
    added_by: Mapped[User | None] = relationship()
