"""What goes with an agreement: annexes, remarks on clauses, deputies, and its early end."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.agreements import Agreement, AgreementRevision
from portal.models.areas import Side
from portal.models.base import Base, Identified, LabelledEnum, Versioned, enum_column


class AnnexKind(LabelledEnum):
    """The seven annexes (domain-facts §12.1)."""

    PLAN = "plan", "三年帮扶工作计划"
    TASKS = "tasks", "任务清单"
    GROUP = "group", "帮扶领导小组名单"
    CONTACTS = "contacts", "双方联系人"
    BASELINE = "baseline", "受援方基线数据表"
    ASSESSMENT = "assessment", "年度考核指标表"
    SECURITY = "security", "数据安全与保密承诺书"

    @property
    def numbered(self) -> str:
        """The title with its number: 附件1 三年帮扶工作计划."""
        return f"附件{list(AnnexKind).index(self) + 1} {self.label}"

    @property
    def remark_key(self) -> str:
        """The key under which a remark on the annex is kept beside those on clauses."""
        return f"annex_{self.value}"


class AgreementAnnex(Identified, Base):
    """One annex as it stood when the text was locked for signing; never changed after."""

    __tablename__ = "agreement_annexes"
    __table_args__ = (UniqueConstraint("revision_id", "kind"),)

    revision_id: Mapped[int] = mapped_column(ForeignKey("agreement_revisions.id"))
    kind: Mapped[AnnexKind] = mapped_column(enum_column(AnnexKind, "kind"))
    # {"text": […], "columns": […], "rows": [[…]]}: what the annex prints.
    content: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    taken_at: Mapped[datetime]

    revision: Mapped[AgreementRevision] = relationship(back_populates="annexes")


class AgreementRemark(Identified, Base):
    """Why the centre sent one clause back; it belongs to the revision that was returned."""

    __tablename__ = "agreement_remarks"
    __table_args__ = (
        UniqueConstraint("revision_id", "clause_key"),
        CheckConstraint("reason <> ''", name="has_reason"),
        CheckConstraint("answer = '' OR answered_at IS NOT NULL", name="answered_has_time"),
    )

    revision_id: Mapped[int] = mapped_column(ForeignKey("agreement_revisions.id"))
    clause_key: Mapped[str] = mapped_column(String(60))
    clause_title: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    made_at: Mapped[datetime]
    # What the hospitals say to it in the next revision; it may change until that is signed.
    answer: Mapped[str] = mapped_column(Text, default="", server_default="")
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    answered_at: Mapped[datetime | None]

    revision: Mapped[AgreementRevision] = relationship(back_populates="remarks")
    made_by: Mapped[User] = relationship(foreign_keys=[made_by_id])
    answered_by: Mapped[User | None] = relationship(foreign_keys=[answered_by_id])


class SigningDelegation(Identified, Base):
    """A leader who is away lets a deputy of the own hospital sign for some days."""

    __tablename__ = "signing_delegations"
    __table_args__ = (
        CheckConstraint("leader_id <> deputy_id", name="two_people"),
        CheckConstraint("ends_on >= starts_on", name="dates_in_order"),
        CheckConstraint("reason <> ''", name="has_reason"),
    )

    leader_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    deputy_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(200))
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    leader: Mapped[User] = relationship(foreign_keys=[leader_id])
    deputy: Mapped[User] = relationship(foreign_keys=[deputy_id])

    def holds_on(self, day: date) -> bool:
        """Whether the deputy may sign on ``day`` (the Shanghai date)."""
        return self.revoked_at is None and self.starts_on <= day <= self.ends_on


class TerminationState(LabelledEnum):
    """requested → agreed (the other side) → consented (the commission); or refused, withdrawn."""

    REQUESTED = "requested", "待对方同意", "accent"
    AGREED = "agreed", "待省卫健委同意", "accent"
    CONSENTED = "consented", "已同意终止", "danger"
    REFUSED = "refused", "未同意", "neutral"
    WITHDRAWN = "withdrawn", "已撤回", "neutral"


class AgreementTermination(Identified, Versioned, Base):
    """A filed agreement ends early only with the commission's consent (§12.1, clause 18)."""

    __tablename__ = "agreement_terminations"
    __table_args__ = (
        Index(
            "uq_agreement_terminations_open",
            "agreement_id",
            unique=True,
            postgresql_where=text("state IN ('requested', 'agreed')"),
            sqlite_where=text("state IN ('requested', 'agreed')"),
        ),
        CheckConstraint("reason <> ''", name="has_reason"),
        CheckConstraint("state <> 'refused' OR comment <> ''", name="refused_has_reason"),
        CheckConstraint(
            "state <> 'consented' OR (agreed_by_id IS NOT NULL AND decided_by_id IS NOT NULL)",
            name="consented_by_all",
        ),
        CheckConstraint(
            "agreed_by_id IS NULL OR agreed_by_id <> requested_by_id", name="four_eyes"
        ),
    )

    agreement_id: Mapped[int] = mapped_column(ForeignKey("agreements.id"), index=True)
    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"), index=True)
    state: Mapped[TerminationState] = mapped_column(
        enum_column(TerminationState, "state"), default=TerminationState.REQUESTED
    )
    state_since: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)
    ends_on: Mapped[date]
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    # Kept: the other side answers, wherever the leader who asked works by then.
    asked_side: Mapped[Side] = mapped_column(enum_column(Side, "asked_side"))
    requested_at: Mapped[datetime]
    agreed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    agreed_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    comment: Mapped[str] = mapped_column(Text, default="")

    agreement: Mapped[Agreement] = relationship()
    requested_by: Mapped[User] = relationship(foreign_keys=[requested_by_id])
    agreed_by: Mapped[User | None] = relationship(foreign_keys=[agreed_by_id])
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])
