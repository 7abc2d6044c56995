"""The three-year plan, its goals, and the library of standard tasks it starts from (H-33)."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

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
from portal.models.programmes import Pairing

if TYPE_CHECKING:
    from portal.models.targets import MetTarget
    from portal.models.tasks import Task


class PlanState(LabelledEnum):
    """drafting → agreed (both sides) → in_force (its agreement is filed) → completed.

    Terminated with its agreement: what is not closed by then is not worked on any more.
    """

    DRAFTING = "drafting", "商议中", "neutral"
    AGREED = "agreed", "双方已商定", "info"
    IN_FORCE = "in_force", "执行中", "success"
    COMPLETED = "completed", "已完成", "neutral"
    TERMINATED = "terminated", "已终止", "danger"


class Plan(Identified, Versioned, Base):
    """A pairing's three-year plan; its tasks are the task list."""

    __tablename__ = "plans"
    __table_args__ = (
        CheckConstraint("state <> 'in_force' OR in_force_at IS NOT NULL", name="in_force_has_time"),
    )

    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"), unique=True)
    state: Mapped[PlanState] = mapped_column(
        enum_column(PlanState, "state"), default=PlanState.DRAFTING
    )
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    state_since: Mapped[datetime]
    in_force_at: Mapped[datetime | None]

    pairing: Mapped[Pairing] = relationship()
    goals: Mapped[list["YearGoal"]] = relationship(
        order_by="YearGoal.year, YearGoal.id", cascade="all, delete-orphan"
    )
    figures: Mapped[list["GoalFigure"]] = relationship(
        order_by="GoalFigure.area, GoalFigure.position", cascade="all, delete-orphan"
    )
    met_targets: Mapped[list["MetTarget"]] = relationship(
        back_populates="plan", order_by="MetTarget.id"
    )
    endorsements: Mapped[list["PlanEndorsement"]] = relationship(
        order_by="PlanEndorsement.endorsed_at", cascade="all, delete-orphan"
    )
    tasks: Mapped[list["Task"]] = relationship(back_populates="plan", order_by="Task.number")

    def endorsement_of(self, side: Side) -> "PlanEndorsement | None":
        """Return the standing endorsement of ``side``; a change to the plan removes both."""
        return next((mark for mark in self.endorsements if mark.side is side), None)


class YearGoal(Identified, Base):
    """What one area should reach in one year of the programme."""

    __tablename__ = "year_goals"
    __table_args__ = (UniqueConstraint("plan_id", "year", "area"),)

    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    year: Mapped[int]
    area: Mapped[Area] = mapped_column(enum_column(Area, "area"))
    goal: Mapped[str] = mapped_column(Text)


class GoalFigure(Identified, Base):
    """A figure that an area should move: where it starts and what each year should reach.

    ``targets`` maps the year of the programme ("1", "2", "3") to a decimal as text.
    """

    __tablename__ = "goal_figures"
    __table_args__ = (UniqueConstraint("plan_id", "area", "position"),)

    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    area: Mapped[Area] = mapped_column(enum_column(Area, "area"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    unit: Mapped[str] = mapped_column(String(20), default="")
    baseline: Mapped[Decimal | None] = mapped_column(Numeric(14, 4))
    targets: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    # SurveyItem.key that the baseline was taken from; empty for one that was typed.
    item_key: Mapped[str] = mapped_column(String(60), default="", server_default="")


class PlanEndorsement(Identified, Base):
    """One side's leader agrees to the plan as it stands."""

    __tablename__ = "plan_endorsements"
    __table_args__ = (UniqueConstraint("plan_id", "side"),)

    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    side: Mapped[Side] = mapped_column(enum_column(Side, "side"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(40))
    endorsed_at: Mapped[datetime]

    user: Mapped[User] = relationship()


class Recurrence(LabelledEnum):
    """Whether a standard task is done once or in every year of the programme."""

    ONCE = "once", "一次性"
    YEARLY = "yearly", "每年"


class CheckKind(LabelledEnum):
    """How a standard task is found to be done (domain-facts §10.1: A, D and E)."""

    COMPUTED = "computed", "系统核算"
    DOCUMENT = "document", "材料核对"
    ON_SITE = "on_site", "现场核查"


class EditionState(LabelledEnum):
    """draft → published → retired."""

    DRAFT = "draft", "编辑中", "accent"
    PUBLISHED = "published", "现行", "success"
    RETIRED = "retired", "已停用", "neutral"


class LibraryEdition(Identified, Versioned, Base):
    """One edition of the library. A published one is never changed: the next one is drafted."""

    __tablename__ = "library_editions"
    __table_args__ = (
        Index(
            "uq_library_editions_one_each",
            "state",
            unique=True,
            postgresql_where=text("state <> 'retired'"),
            sqlite_where=text("state <> 'retired'"),
        ),
        CheckConstraint("state = 'draft' OR published_at IS NOT NULL", name="published_has_time"),
        CheckConstraint("published_by_id <> edited_by_id", name="four_eyes"),
    )

    edition: Mapped[str] = mapped_column(String(20), unique=True)
    title: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[EditionState] = mapped_column(
        enum_column(EditionState, "state"), default=EditionState.DRAFT
    )
    based_on: Mapped[str] = mapped_column(String(20), default="")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    # Who changed the draft last: somebody else publishes it.
    edited_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime | None]

    created_by: Mapped[User | None] = relationship(foreign_keys=[created_by_id])
    edited_by: Mapped[User | None] = relationship(foreign_keys=[edited_by_id])
    published_by: Mapped[User | None] = relationship(foreign_keys=[published_by_id])
    tasks: Mapped[list["LibraryTask"]] = relationship(
        order_by="LibraryTask.position", back_populates="of_edition"
    )


class LibraryTask(Identified, Versioned, Base):
    """One standard task of one edition of the library (domain-facts §10.1)."""

    __tablename__ = "library_tasks"
    __table_args__ = (
        UniqueConstraint("edition", "code"),
        CheckConstraint("weight BETWEEN 1 AND 3", name="weight"),
    )

    edition: Mapped[str] = mapped_column(ForeignKey("library_editions.edition"))
    code: Mapped[str] = mapped_column(String(20))
    position: Mapped[int]
    area: Mapped[Area] = mapped_column(enum_column(Area, "area"))
    title: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(Text, default="")
    criteria: Mapped[str] = mapped_column(Text)
    evidence: Mapped[list[Any]] = mapped_column(sa.JSON)
    weight: Mapped[int]
    due_months: Mapped[int]
    recurrence: Mapped[Recurrence] = mapped_column(enum_column(Recurrence, "recurrence"))
    checks: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    base_kinds: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    basis: Mapped[str] = mapped_column(String(200), default="")
    verified: Mapped[bool] = mapped_column(default=False, server_default="0")
    measures: Mapped[str] = mapped_column(Text, default="", server_default="")
    # SurveyItem keys whose bad answer this task mends: what the library suggests for a problem.
    item_keys: Mapped[list[Any]] = mapped_column(sa.JSON, default=list, server_default="[]")
    # [[title, months after the task's start]].
    milestones: Mapped[list[Any]] = mapped_column(sa.JSON, default=list, server_default="[]")

    of_edition: Mapped[LibraryEdition] = relationship(back_populates="tasks")
