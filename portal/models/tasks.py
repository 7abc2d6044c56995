"""A line of the task list, its evidence and its rounds of closure 销号."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from portal.models.accounts import User
from portal.models.areas import Area, Light, Side
from portal.models.base import Base, Identified, LabelledEnum, Versioned, enum_column
from portal.models.plans import Plan
from portal.models.programmes import Pairing

if TYPE_CHECKING:
    from portal.models.amendments import ExtensionRequest
    from portal.models.evidence import EvidenceUse
    from portal.models.problems import ProblemTask

DUE_SOON_DAYS = 30
"""A task due within so many days shows yellow (design/domain.md, Task closure)."""


class TaskState(LabelledEnum):
    """not_started → in_progress → closure_requested → confirmed → closed."""

    NOT_STARTED = "not_started", "未启动", "neutral"
    IN_PROGRESS = "in_progress", "进行中", "info"
    CLOSURE_REQUESTED = "closure_requested", "待帮扶方确认", "accent"
    CONFIRMED = "confirmed", "待省中心核验", "accent"
    CLOSED = "closed", "已销号", "success"
    SUSPENDED = "suspended", "已暂停", "neutral"
    CANCELLED = "cancelled", "已取消", "neutral"

    @property
    def waits_for_review(self) -> bool:
        """Whether the task is locked because somebody else must act."""
        return self in (TaskState.CLOSURE_REQUESTED, TaskState.CONFIRMED)

    @property
    def is_over(self) -> bool:
        """Whether nothing of the task is left to do: closed, or cancelled by an amendment."""
        return self in OVER

    @property
    def is_running(self) -> bool:
        """Whether the task is to be brought to its end: only such a one can be late."""
        return self not in RESTING

    @property
    def counts(self) -> bool:
        """Whether the task stands in totals and rates: a cancelled one does not any more."""
        return self is not TaskState.CANCELLED

    @property
    def rest_label(self) -> str:
        """What stands in the place of a light's name while nobody works on the task."""
        return self.label if self in (TaskState.SUSPENDED, TaskState.CANCELLED) else ""


OVER = (TaskState.CLOSED, TaskState.CANCELLED)
"""Nothing of such a task is left to do."""

RESTING = (*OVER, TaskState.SUSPENDED)
"""Nobody works on such a task: it is over, or suspended by a resolution until it is resumed."""


class Task(Identified, Versioned, Base):
    """One task of a pairing's list. Nothing of it is deleted once the plan is in force."""

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        CheckConstraint("weight BETWEEN 1 AND 3", name="weight"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        CheckConstraint("due_on >= starts_on", name="dates_in_order"),
        CheckConstraint("(state = 'closed') = (closed_on IS NOT NULL)", name="closed_has_date"),
        CheckConstraint(
            "(state = 'cancelled') = (cancelled_on IS NOT NULL)", name="cancelled_has_date"
        ),
        CheckConstraint(
            "(state = 'suspended') = (suspended_from IS NOT NULL)", name="suspended_from_state"
        ),
        Index("ix_tasks_due", "due_on", "id"),
        Index("ix_tasks_pairing_due", "pairing_id", "due_on", "id"),
        Index("ix_tasks_state_due", "state", "due_on", "id"),
        Index("ix_tasks_cell", "pairing_id", "area", "state", "due_on"),
        Index("ix_tasks_area_due", "area", "due_on", "id"),
        Index("ix_tasks_code", "code", "id"),
        Index("ix_tasks_state_since", "state", "state_since", "id"),
    )

    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"))
    number: Mapped[int]
    code: Mapped[str] = mapped_column(String(30))
    area: Mapped[Area] = mapped_column(enum_column(Area, "area"))
    title: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(Text, default="")
    criteria: Mapped[str] = mapped_column(Text)
    weight: Mapped[int] = mapped_column(default=1)
    year: Mapped[int] = mapped_column(default=1)
    starts_on: Mapped[date]
    due_on: Mapped[date]
    first_due_on: Mapped[date]
    extensions: Mapped[int] = mapped_column(default=0, server_default="0")
    state: Mapped[TaskState] = mapped_column(
        enum_column(TaskState, "state"), default=TaskState.NOT_STARTED
    )
    state_since: Mapped[datetime]
    # True between a return (or a look-back) and the next application.
    is_returned: Mapped[bool] = mapped_column(default=False, server_default="0")
    return_reason: Mapped[str] = mapped_column(Text, default="")
    progress: Mapped[int] = mapped_column(default=0, server_default="0")
    closed_on: Mapped[date | None]
    # 帮扶措施: what the two bases will do, beside what must come out (``criteria``).
    measures: Mapped[str] = mapped_column(Text, default="", server_default="")
    # Who is in charge where the person has no account here.
    supporting_person: Mapped[str] = mapped_column(String(40), default="", server_default="")
    supported_person: Mapped[str] = mapped_column(String(40), default="", server_default="")
    # The state that a suspended task goes back to.
    suspended_from: Mapped[str | None] = mapped_column(String(40))
    cancelled_on: Mapped[date | None]
    library_task_id: Mapped[int | None] = mapped_column(ForeignKey("library_tasks.id"))
    supporting_owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    supported_owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]

    # How many examples stand beside its standard task; asked for where a page shows it.
    examples_shown: Mapped[int | None] = query_expression()

    plan: Mapped[Plan] = relationship(back_populates="tasks")
    pairing: Mapped[Pairing] = relationship()
    supporting_owner: Mapped[User | None] = relationship(foreign_keys=[supporting_owner_id])
    supported_owner: Mapped[User | None] = relationship(foreign_keys=[supported_owner_id])
    requirements: Mapped[list["EvidenceRequirement"]] = relationship(
        back_populates="task", order_by="EvidenceRequirement.position", cascade="all, delete-orphan"
    )
    evidence_uses: Mapped[list["EvidenceUse"]] = relationship(
        back_populates="task", order_by="EvidenceUse.id"
    )
    milestones: Mapped[list["Milestone"]] = relationship(
        back_populates="task", order_by="Milestone.position", cascade="all, delete-orphan"
    )
    problem_links: Mapped[list["ProblemTask"]] = relationship(
        back_populates="task", order_by="ProblemTask.id", cascade="all, delete-orphan"
    )
    extension_requests: Mapped[list["ExtensionRequest"]] = relationship(
        back_populates="task", order_by="ExtensionRequest.id"
    )
    notes: Mapped[list["ProgressNote"]] = relationship(order_by="ProgressNote.at.desc()")
    closure_requests: Mapped[list["ClosureRequest"]] = relationship(
        back_populates="task", order_by="ClosureRequest.round"
    )

    @hybrid_property
    def is_closed(self) -> bool:
        """Whether the task is closed off."""
        return self.state is TaskState.CLOSED

    @is_closed.inplace.expression
    @classmethod
    def _is_closed_expression(cls) -> sa.ColumnElement[bool]:
        return cls.state == TaskState.CLOSED

    @hybrid_property
    def is_over(self) -> bool:
        """Whether nothing of the task is left to do."""
        return self.state.is_over

    @is_over.inplace.expression
    @classmethod
    def _is_over_expression(cls) -> sa.ColumnElement[bool]:
        return cls.state.in_(OVER)

    @hybrid_property
    def is_running(self) -> bool:
        """Whether the task is to be brought to its end: neither over nor suspended."""
        return self.state.is_running

    @is_running.inplace.expression
    @classmethod
    def _is_running_expression(cls) -> sa.ColumnElement[bool]:
        return cls.state.not_in(RESTING)

    @hybrid_property
    def counts(self) -> bool:
        """Whether the task stands in totals and rates."""
        return self.state.counts

    @counts.inplace.expression
    @classmethod
    def _counts_expression(cls) -> sa.ColumnElement[bool]:
        return cls.state != TaskState.CANCELLED

    @property
    def what_is_done(self) -> str:
        """What every list and paper shows as 帮扶措施: the measures, else the description."""
        return self.measures or self.description

    @classmethod
    def is_late(cls, today: date) -> sa.ColumnElement[bool]:
        """Return the condition under which a task is past its day and still to be done."""
        return sa.and_(cls.is_running, cls.due_on < today)

    def light_on(self, today: date) -> Light:
        """Return the task's light on ``today`` (the Shanghai date)."""
        return light_of(self.state, self.due_on, self.starts_on, self.is_returned, today)

    def owner_on(self, side: Side) -> User | None:
        """Return the person in charge on ``side``."""
        return self.supporting_owner if side is Side.SUPPORTING else self.supported_owner

    def in_charge_on(self, side: Side) -> str:
        """Return the name of the person in charge on ``side``, account or not; empty for none."""
        owner = self.owner_on(side)
        return owner.name if owner else str(getattr(self, f"{side.value}_person") or "")


def light_of(
    state: TaskState, due_on: date, starts_on: date, is_returned: bool, today: date
) -> Light:
    """Derive the light (design/domain.md, Task closure).

    Closed = green; overdue = red; due within 30 days, or returned = yellow;
    not begun and not yet due to begin = grey; else green. Nobody is late with what is
    suspended or cancelled: grey (domain-facts §10.3).
    """
    if not state.is_running:
        return Light.GREEN if state is TaskState.CLOSED else Light.GREY
    if due_on < today:
        return Light.RED
    if is_returned or due_on <= today + timedelta(days=DUE_SOON_DAYS):
        return Light.YELLOW
    if state is TaskState.NOT_STARTED and starts_on > today:
        return Light.GREY
    return Light.GREEN


def light_condition(light: Light, today: date) -> sa.ColumnElement[bool]:
    """Return the rule of :func:`light_of` as the condition under which a task shows ``light``.

    Written without a CASE, so that an index on state and dates can serve it.
    """
    soon = today + timedelta(days=DUE_SOON_DAYS)
    if light is Light.RED:
        return Task.is_late(today)
    if light is Light.YELLOW:
        near = sa.or_(Task.is_returned, Task.due_on <= soon)
        return sa.and_(Task.is_running, Task.due_on >= today, near)
    calm = sa.and_(Task.is_running, Task.due_on > soon, sa.not_(Task.is_returned))
    waiting = sa.and_(Task.state == TaskState.NOT_STARTED, Task.starts_on > today)
    if light is Light.GREY:
        resting = Task.state.in_([TaskState.SUSPENDED, TaskState.CANCELLED])
        return sa.or_(resting, sa.and_(calm, waiting))
    return sa.or_(Task.is_closed, sa.and_(calm, sa.not_(waiting)))


class EvidenceRequirement(Identified, Base):
    """One kind of evidence a task must show before closure can be applied for."""

    __tablename__ = "evidence_requirements"
    __table_args__ = (UniqueConstraint("task_id", "position"),)

    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))

    task: Mapped[Task] = relationship(back_populates="requirements")


class Milestone(Identified, Base):
    """A step on the way of a task, with its day; ``done_on`` once it is reached."""

    __tablename__ = "milestones"
    __table_args__ = (UniqueConstraint("task_id", "position"),)

    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(100))
    due_on: Mapped[date]
    done_on: Mapped[date | None]

    task: Mapped[Task] = relationship(back_populates="milestones")


class ProgressNote(Identified, Base):
    """What was done since last time, and how far the task has come."""

    __tablename__ = "progress_notes"

    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    progress: Mapped[int]
    body: Mapped[str] = mapped_column(Text)

    author: Mapped[User] = relationship()


class ClosureState(LabelledEnum):
    """Where one application for closure stands."""

    REQUESTED = "requested", "待帮扶方确认", "accent"
    CONFIRMED = "confirmed", "待省中心核验", "accent"
    CLOSED = "closed", "已销号", "success"
    RETURNED = "returned", "已退回", "warning"
    VOIDED = "voided", "已作废", "neutral"
    REOPENED = "reopened", "回头看重启", "warning"

    @property
    def waits(self) -> bool:
        """Whether somebody still has to decide about it."""
        return self in (ClosureState.REQUESTED, ClosureState.CONFIRMED)


def texts_of(task: Task) -> dict[str, Any]:
    """Return what a closure slip tells of the task itself."""
    return {
        "title": task.title,
        "criteria": task.criteria,
        "measures": task.what_is_done,
        "weight": str(task.weight),
    }


class ClosureRequest(Identified, Base):
    """One round of closure: what was claimed, what stood behind it, what was decided.

    Every round is kept as it was; a look-back opens the next one (domain-facts §9.1.4).
    """

    __tablename__ = "closure_requests"
    __table_args__ = (
        UniqueConstraint("task_id", "round"),
        Index(
            "uq_closure_requests_waiting",
            "task_id",
            unique=True,
            postgresql_where=text("state IN ('requested', 'confirmed')"),
            sqlite_where=text("state IN ('requested', 'confirmed')"),
        ),
        Index("ix_closure_requests_queue", "state", "requested_at", "id"),
        CheckConstraint("statement <> ''", name="has_statement"),
        CheckConstraint(
            "state <> 'confirmed' OR confirmed_by_id IS NOT NULL", name="confirmed_by_somebody"
        ),
        CheckConstraint(
            "state NOT IN ('closed', 'reopened') OR decided_at IS NOT NULL", name="closed_at"
        ),
        CheckConstraint("state <> 'returned' OR return_reason <> ''", name="returned_has_reason"),
        CheckConstraint("state <> 'reopened' OR reopen_reason <> ''", name="reopened_has_reason"),
        CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> requested_by_id", name="four_eyes"
        ),
        # Who confirmed may also close, but only where the centre does not verify.
        CheckConstraint(
            "decided_by_id IS NULL OR (decided_by_id <> requested_by_id "
            "AND (decided_by_id <> confirmed_by_id OR NOT needs_centre))",
            name="decider_four_eyes",
        ),
    )

    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"))
    round: Mapped[int]
    state: Mapped[ClosureState] = mapped_column(
        enum_column(ClosureState, "state"), default=ClosureState.REQUESTED
    )
    statement: Mapped[str] = mapped_column(Text)
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    requested_at: Mapped[datetime]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    confirmed_at: Mapped[datetime | None]
    confirm_comment: Mapped[str] = mapped_column(Text, default="")
    # Drawn at confirmation; None until then.
    needs_centre: Mapped[bool | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    decide_comment: Mapped[str] = mapped_column(Text, default="")
    return_reason: Mapped[str] = mapped_column(Text, default="")
    returned_from: Mapped[str] = mapped_column(String(40), default="")
    reopened_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reopened_at: Mapped[datetime | None]
    reopen_reason: Mapped[str] = mapped_column(Text, default="")
    due_on: Mapped[date]
    extensions: Mapped[int] = mapped_column(default=0)
    # What the task said when closure was applied for; None for rounds from before this was kept.
    task_texts: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    # The evidence as it stood: title, requirement, file id, name and SHA-256.
    evidence: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)

    task: Mapped[Task] = relationship(back_populates="closure_requests")
    requested_by: Mapped[User] = relationship(foreign_keys=[requested_by_id])
    confirmed_by: Mapped[User | None] = relationship(foreign_keys=[confirmed_by_id])
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])
    reopened_by: Mapped[User | None] = relationship(foreign_keys=[reopened_by_id])

    @property
    def task_said(self) -> dict[str, Any]:
        """What the task said in this round: as kept, for older rounds as it says now."""
        return self.task_texts or texts_of(self.task)
