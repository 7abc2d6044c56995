"""Changes after filing: amendments of a plan, its versions, and extensions of a task."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
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
from portal.models.meetings import Resolution
from portal.models.plans import Plan
from portal.models.programmes import Pairing
from portal.models.tasks import Task


class AmendmentState(LabelledEnum):
    """drafting → proposed → agreed (both leaders) → approved (the centre); or back to drafting."""

    DRAFTING = "drafting", "起草中", "neutral"
    PROPOSED = "proposed", "待双方负责人同意", "accent"
    AGREED = "agreed", "待省中心批准", "accent"
    APPROVED = "approved", "已批准", "success"
    WITHDRAWN = "withdrawn", "已撤销", "neutral"


class ChangeKind(LabelledEnum):
    """What one line of an amendment does."""

    ADD = "add", "新增任务", "success"
    CHANGE = "change", "修改任务", "info"
    GOAL = "goal", "修改目标", "info"
    SUSPEND = "suspend", "暂停任务", "warning"
    RESUME = "resume", "恢复任务", "success"
    CANCEL = "cancel", "取消任务", "danger"


class PlanAmendment(Identified, Versioned, Base):
    """One amendment of a plan in force: reason, what changes, who agreed and who approved.

    Nothing of the plan changes before the centre approves; then all of it at once.
    """

    __tablename__ = "plan_amendments"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        Index(
            "uq_plan_amendments_open",
            "plan_id",
            unique=True,
            postgresql_where=text("state IN ('drafting', 'proposed', 'agreed')"),
            sqlite_where=text("state IN ('drafting', 'proposed', 'agreed')"),
        ),
        CheckConstraint("state IN ('drafting', 'withdrawn') OR reason <> ''", name="has_reason"),
        CheckConstraint(
            "state <> 'approved' OR (approved_by_id IS NOT NULL AND approved_at IS NOT NULL)",
            name="approved_by_somebody",
        ),
        CheckConstraint(
            "approved_by_id IS NULL OR approved_by_id <> created_by_id", name="four_eyes"
        ),
        Index("ix_plan_amendments_queue", "state", "state_since", "id"),
    )

    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"), index=True)
    number: Mapped[int]
    state: Mapped[AmendmentState] = mapped_column(
        enum_column(AmendmentState, "state"), default=AmendmentState.DRAFTING
    )
    state_since: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text, default="")
    # The resolution of approved minutes that a suspension or a cancellation rests on.
    resolution_id: Mapped[int | None] = mapped_column(ForeignKey("resolutions.id"))
    return_reason: Mapped[str] = mapped_column(Text, default="")
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    proposed_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    approved_at: Mapped[datetime | None]
    approve_comment: Mapped[str] = mapped_column(Text, default="")

    plan: Mapped[Plan] = relationship()
    pairing: Mapped[Pairing] = relationship()
    resolution: Mapped[Resolution | None] = relationship()
    created_by: Mapped[User] = relationship(foreign_keys=[created_by_id])
    approved_by: Mapped[User | None] = relationship(foreign_keys=[approved_by_id])
    changes: Mapped[list["AmendmentChange"]] = relationship(
        back_populates="amendment",
        order_by="AmendmentChange.position",
        cascade="all, delete-orphan",
    )
    endorsements: Mapped[list["AmendmentEndorsement"]] = relationship(
        order_by="AmendmentEndorsement.endorsed_at", cascade="all, delete-orphan"
    )

    def endorsement_of(self, side: Side) -> "AmendmentEndorsement | None":
        """Return the standing consent of ``side``; a change to the amendment removes both."""
        return next((mark for mark in self.endorsements if mark.side is side), None)


class AmendmentChange(Identified, Base):
    """One line: which task, what it says now, what it is to say."""

    __tablename__ = "amendment_changes"
    __table_args__ = (
        UniqueConstraint("amendment_id", "position"),
        CheckConstraint("kind IN ('add', 'goal') OR task_id IS NOT NULL", name="has_task"),
    )

    amendment_id: Mapped[int] = mapped_column(ForeignKey("plan_amendments.id"))
    position: Mapped[int]
    kind: Mapped[ChangeKind] = mapped_column(enum_column(ChangeKind, "kind"))
    # None for a task that is to be added, until the approval adds it.
    task_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id"), index=True)
    # Field name → value, as they stood when the line was written and as they shall stand.
    before: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    note: Mapped[str] = mapped_column(Text, default="")

    amendment: Mapped[PlanAmendment] = relationship(back_populates="changes")
    task: Mapped[Task | None] = relationship()


class AmendmentEndorsement(Identified, Base):
    """One side's leader consents to the amendment as it stands."""

    __tablename__ = "amendment_endorsements"
    __table_args__ = (UniqueConstraint("amendment_id", "side"),)

    amendment_id: Mapped[int] = mapped_column(ForeignKey("plan_amendments.id"))
    side: Mapped[Side] = mapped_column(enum_column(Side, "side"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(40))
    endorsed_at: Mapped[datetime]

    user: Mapped[User] = relationship()


class PlanVersion(Identified, Base):
    """The whole plan as it stood: at filing, and before and after each amendment."""

    __tablename__ = "plan_versions"
    __table_args__ = (UniqueConstraint("plan_id", "number"),)

    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    number: Mapped[int]
    amendment_id: Mapped[int | None] = mapped_column(ForeignKey("plan_amendments.id"))
    title: Mapped[str] = mapped_column(String(100))
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    taken_at: Mapped[datetime]
    # {"goals": […], "figures": […], "tasks": […]} with everything that was agreed.
    content: Mapped[dict[str, Any]] = mapped_column(sa.JSON)

    amendment: Mapped[PlanAmendment | None] = relationship()
    taken_by: Mapped[User | None] = relationship()


class ExtensionReason(LabelledEnum):
    """Why a due date cannot be kept; tells excusable delay from avoidable."""

    POLICY = "policy", "政策或上级安排调整"
    APPROVAL = "approval", "上级审批未完成"
    WORKS = "works", "基建或设备采购周期"
    STAFF = "staff", "人员变动或招聘困难"
    EMERGENCY = "emergency", "疫情、灾害等不可抗力"
    OWN = "own", "自身推进不力"
    OTHER = "other", "其他"


class ExtensionState(LabelledEnum):
    """Where one request stands."""

    REQUESTED = "requested", "待审批", "accent"
    GRANTED = "granted", "已同意", "success"
    REFUSED = "refused", "未同意", "danger"
    WITHDRAWN = "withdrawn", "已撤回", "neutral"


MAX_EXTENSIONS = 2
"""A task's due date is moved at most so often (issue 4 §3; scoring §10.2 item 2.2a)."""


class ExtensionRequest(Identified, Versioned, Base):
    """A due date moves only by one of these, granted by somebody else (design/domain.md)."""

    __tablename__ = "extension_requests"
    __table_args__ = (
        Index(
            "uq_extension_requests_waiting",
            "task_id",
            unique=True,
            postgresql_where=text("state = 'requested'"),
            sqlite_where=text("state = 'requested'"),
        ),
        CheckConstraint("to_due_on > from_due_on", name="later"),
        CheckConstraint("reason <> ''", name="has_reason"),
        CheckConstraint(
            "state NOT IN ('granted', 'refused')"
            " OR (decided_by_id IS NOT NULL AND decided_at IS NOT NULL)",
            name="decided_by_somebody",
        ),
        CheckConstraint("state <> 'refused' OR decide_comment <> ''", name="refused_has_reason"),
        CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> requested_by_id", name="four_eyes"
        ),
        Index("ix_extension_requests_task", "task_id", "id"),
        Index("ix_extension_requests_queue", "state", "requested_at", "id"),
    )

    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"))
    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"), index=True)
    state: Mapped[ExtensionState] = mapped_column(
        enum_column(ExtensionState, "state"), default=ExtensionState.REQUESTED
    )
    state_since: Mapped[datetime]
    reason_class: Mapped[ExtensionReason] = mapped_column(
        enum_column(ExtensionReason, "reason_class")
    )
    reason: Mapped[str] = mapped_column(Text)
    from_due_on: Mapped[date]
    to_due_on: Mapped[date]
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    # Kept: the other side decides, wherever whoever asked works by then.
    asked_side: Mapped[Side] = mapped_column(enum_column(Side, "asked_side"))
    requested_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    decide_comment: Mapped[str] = mapped_column(Text, default="")

    task: Mapped[Task] = relationship(back_populates="extension_requests")
    pairing: Mapped[Pairing] = relationship()
    requested_by: Mapped[User] = relationship(foreign_keys=[requested_by_id])
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])
