"""The assistance agreement: revisions of clauses, signatures and the filing (H-35, H-36)."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.areas import Side
from portal.models.base import Base, Identified, LabelledEnum, Versioned, enum_column
from portal.models.files import StoredFile
from portal.models.programmes import Pairing

if TYPE_CHECKING:
    from portal.models.agreement_papers import AgreementAnnex, AgreementRemark


class AgreementState(LabelledEnum):
    """draft → signing → submitted → filed; submitted → returned → submitted."""

    DRAFT = "draft", "起草中", "neutral"
    SIGNING = "signing", "签署中", "info"
    SUBMITTED = "submitted", "待备案", "accent"
    RETURNED = "returned", "已退回", "warning"
    FILED = "filed", "已备案", "success"
    SUPERSEDED = "superseded", "已被替代", "neutral"
    TERMINATED = "terminated", "已终止", "danger"


class AgreementKind(LabelledEnum):
    """What an agreement is to the one before it."""

    ORIGINAL = "original", "帮扶协议"
    AMENDMENT = "amendment", "变更协议"
    RENEWAL = "renewal", "续签协议"


class ClauseBlock(LabelledEnum):
    """What a clause settles; six of these the notice demands by name (H-35)."""

    GENERAL = "general", "总则"
    AREAS = "areas", "帮扶内容"
    DUTIES_SUPPORTING = "duties_supporting", "帮扶方职责"
    RIGHTS_SUPPORTING = "rights_supporting", "帮扶方权利"
    OBLIGATIONS_SUPPORTING = "obligations_supporting", "帮扶方义务"
    DUTIES_SUPPORTED = "duties_supported", "受援方职责"
    RIGHTS_SUPPORTED = "rights_supported", "受援方权利"
    OBLIGATIONS_SUPPORTED = "obligations_supported", "受援方义务"
    PLAN = "plan", "工作计划"
    TASKS = "tasks", "任务事项"
    CLOSING = "closing", "附则"


class Agreement(Identified, Versioned, Base):
    """One agreement of a pairing; what it says stands in its revisions."""

    __tablename__ = "agreements"
    __table_args__ = (
        UniqueConstraint("programme_id", "filing_year", "filing_sequence"),
        # One that is in force, and beside it one that is to take its place.
        Index(
            "uq_agreements_filed",
            "pairing_id",
            unique=True,
            postgresql_where=text("state = 'filed'"),
            sqlite_where=text("state = 'filed'"),
        ),
        Index(
            "uq_agreements_open",
            "pairing_id",
            unique=True,
            postgresql_where=text("state IN ('draft', 'signing', 'submitted', 'returned')"),
            sqlite_where=text("state IN ('draft', 'signing', 'submitted', 'returned')"),
        ),
        CheckConstraint(
            "(kind = 'original') = (replaces_id IS NULL)", name="original_replaces_none"
        ),
        CheckConstraint("kind = 'original' OR kind_reason <> ''", name="change_has_reason"),
        CheckConstraint(
            "state <> 'terminated' OR terminated_on IS NOT NULL", name="terminated_has_date"
        ),
        CheckConstraint(
            "state NOT IN ('filed', 'superseded') OR (filing_number IS NOT NULL"
            " AND filed_at IS NOT NULL AND filed_by_id IS NOT NULL)",
            name="filed_has_number",
        ),
        CheckConstraint(
            "state <> 'submitted' OR submitted_at IS NOT NULL", name="submitted_has_time"
        ),
        CheckConstraint("state <> 'returned' OR return_reason <> ''", name="returned_has_reason"),
        Index("ix_agreements_queue", "state", "submitted_at", "id"),
    )

    # Copied from the pairing, because the filing number counts per programme and year.
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"), index=True)
    state: Mapped[AgreementState] = mapped_column(
        enum_column(AgreementState, "state"), default=AgreementState.DRAFT
    )
    kind: Mapped[AgreementKind] = mapped_column(
        enum_column(AgreementKind, "kind"),
        default=AgreementKind.ORIGINAL,
        server_default=AgreementKind.ORIGINAL.value,
    )
    # The filed agreement whose place it takes once it is filed itself, and why.
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("agreements.id"), index=True)
    kind_reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    # The side that signs first; None where the order is free.
    first_to_sign: Mapped[Side | None] = mapped_column(enum_column(Side, "first_to_sign"))
    terminated_on: Mapped[date | None]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    state_since: Mapped[datetime]
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    submitted_at: Mapped[datetime | None]
    first_submitted_at: Mapped[datetime | None]
    return_reason: Mapped[str] = mapped_column(Text, default="")
    filing_year: Mapped[int | None]
    filing_sequence: Mapped[int | None]
    filing_number: Mapped[str | None] = mapped_column(String(60))
    filed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    filed_at: Mapped[datetime | None]

    pairing: Mapped[Pairing] = relationship()
    replaces: Mapped["Agreement | None"] = relationship(remote_side="Agreement.id")
    filed_by: Mapped[User | None] = relationship(foreign_keys=[filed_by_id])
    submitted_by: Mapped[User | None] = relationship(foreign_keys=[submitted_by_id])
    revisions: Mapped[list["AgreementRevision"]] = relationship(
        back_populates="agreement", order_by="AgreementRevision.number"
    )

    @property
    def current(self) -> "AgreementRevision":
        """The revision being worked on, or the one that was filed."""
        return self.revisions[-1]


class AgreementRevision(Identified, Base):
    """The text as it stood at one submission; a return opens the next revision."""

    __tablename__ = "agreement_revisions"
    __table_args__ = (
        UniqueConstraint("agreement_id", "number"),
        CheckConstraint("ends_on > starts_on", name="term_in_order"),
    )

    agreement_id: Mapped[int] = mapped_column(ForeignKey("agreements.id"))
    number: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    created_at: Mapped[datetime]
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("stored_files.id"))
    submitted_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    return_reason: Mapped[str] = mapped_column(Text, default="")
    # Taken back by the hospitals before it was filed.
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    # SHA-256 of the text, the annexes and the scan, taken at the filing; it stands on the receipt.
    sha256: Mapped[str] = mapped_column(String(64), default="", server_default="")

    # What both hospitals were called when signing opened: a hospital may be renamed.
    supporting_name: Mapped[str] = mapped_column(String(100), default="", server_default="")
    supported_name: Mapped[str] = mapped_column(String(100), default="", server_default="")

    agreement: Mapped[Agreement] = relationship(back_populates="revisions")
    scan: Mapped[StoredFile | None] = relationship()
    clauses: Mapped[list["AgreementClause"]] = relationship(
        order_by="AgreementClause.position", cascade="all, delete-orphan"
    )
    signatures: Mapped[list["AgreementSignature"]] = relationship(
        order_by="AgreementSignature.signed_at", cascade="all, delete-orphan"
    )

    annexes: Mapped[list["AgreementAnnex"]] = relationship(
        back_populates="revision", order_by="AgreementAnnex.id", cascade="all, delete-orphan"
    )
    remarks: Mapped[list["AgreementRemark"]] = relationship(
        back_populates="revision", order_by="AgreementRemark.id"
    )

    def party(self, side: Side) -> str:
        """Return what ``side`` is called in this revision: as kept, before signing as today."""
        kept: str = getattr(self, f"{side.value}_name")
        return kept or self.agreement.pairing.organisation_on(side).name

    def signature_of(self, side: Side) -> "AgreementSignature | None":
        """Return the signature of ``side`` under this revision, if it stands."""
        return next((mark for mark in self.signatures if mark.side is side), None)


class AgreementClause(Identified, Base):
    """One clause of one revision."""

    __tablename__ = "agreement_clauses"
    __table_args__ = (UniqueConstraint("revision_id", "position"),)

    revision_id: Mapped[int] = mapped_column(ForeignKey("agreement_revisions.id"))
    position: Mapped[int]
    key: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(100))
    block: Mapped[ClauseBlock] = mapped_column(enum_column(ClauseBlock, "block"))
    body: Mapped[str] = mapped_column(Text)


class AgreementSignature(Identified, Base):
    """One side's leader has signed one revision."""

    __tablename__ = "agreement_signatures"
    __table_args__ = (UniqueConstraint("revision_id", "side"),)

    revision_id: Mapped[int] = mapped_column(ForeignKey("agreement_revisions.id"))
    side: Mapped[Side] = mapped_column(enum_column(Side, "side"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(40))
    job_title: Mapped[str] = mapped_column(String(60), default="")
    signed_at: Mapped[datetime]
    # The leader in whose place a deputy signed, and by what leave.
    on_behalf_of: Mapped[str] = mapped_column(String(40), default="", server_default="")
    delegation_id: Mapped[int | None] = mapped_column(ForeignKey("signing_delegations.id"))

    @property
    def shown_name(self) -> str:
        """The name as papers show it: a deputy's with the leader's, 某某（代某某）."""
        return f"{self.name}（代{self.on_behalf_of}）" if self.on_behalf_of else self.name
