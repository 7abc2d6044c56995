"""Uploads on their way in, and the short-lived links a phone sends them by."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.base import Base, Identified, LabelledEnum, enum_column
from portal.models.evidence import Evidence
from portal.models.meetings import Meeting
from portal.models.programmes import Pairing
from portal.models.tasks import EvidenceRequirement, Task


class UploadState(LabelledEnum):
    """Where one upload stands, from its first byte to the library."""

    RECEIVING = "receiving", "正在上传", "info"
    ASKING = "asking", "待确认", "warning"
    STORED = "stored", "已入库", "success"
    REFUSED = "refused", "未通过检查", "danger"
    CANCELLED = "cancelled", "已取消", "neutral"


class Upload(Identified, Base):
    """A file on its way in: it may arrive in pieces, over days and several connections.

    Its bytes wait in the store's incoming area under ``token``; nothing counts as evidence
    before ``state`` is stored.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("received BETWEEN 0 AND size", name="received_in_size"),
        CheckConstraint(
            "(state = 'stored') = (evidence_id IS NOT NULL)", name="stored_as_evidence"
        ),
        CheckConstraint("state <> 'refused' OR answer <> ''", name="refused_has_answer"),
        Index("ix_uploads_task", "task_id", "state"),
        Index("ix_uploads_touched", "state", "touched_at"),
    )

    token: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"), index=True)
    # What it is to back; neither means the library alone.
    task_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id"))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meetings.id"))
    requirement_id: Mapped[int | None] = mapped_column(ForeignKey("evidence_requirements.id"))
    link_id: Mapped[int | None] = mapped_column(ForeignKey("upload_links.id"))
    name: Mapped[str] = mapped_column(String(255))
    evidence_on: Mapped[date]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    received: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    state: Mapped[UploadState] = mapped_column(
        enum_column(UploadState, "state"), default=UploadState.RECEIVING
    )
    # Why it was refused, or what is asked before it is stored.
    answer: Mapped[str] = mapped_column(Text, default="")
    # The piece of the library that already holds the same bytes, while that is the question.
    same_as_id: Mapped[int | None] = mapped_column(ForeignKey("evidence.id"))
    evidence_id: Mapped[int | None] = mapped_column(ForeignKey("evidence.id"))
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime]

    user: Mapped[User] = relationship()
    pairing: Mapped[Pairing] = relationship()
    task: Mapped[Task | None] = relationship()
    meeting: Mapped[Meeting | None] = relationship()
    requirement: Mapped[EvidenceRequirement | None] = relationship()
    link: Mapped["UploadLink | None"] = relationship()
    same_as: Mapped[Evidence | None] = relationship(foreign_keys=[same_as_id])
    evidence: Mapped[Evidence | None] = relationship(foreign_keys=[evidence_id])

    @property
    def offers_day(self) -> bool:
        """Whether it is stored and asks for its day; what was in the library keeps its own."""
        stored = self.state is UploadState.STORED and self.answer != ""
        return stored and self.same_as_id is None


class UploadLink(Identified, Base):
    """A short-lived address, shown as a QR code, that takes one person's files for one task."""

    __tablename__ = "upload_links"

    # SHA-256 of the secret in the address: who reads the database cannot make the address.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    task: Mapped[Task] = relationship()
    user: Mapped[User] = relationship()
