"""The three-year plan, its goals, and the library of standard tasks it starts from (H-33)."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.areas import Area, Side
from portal.models.base import Base, Identified, LabelledEnum, Versioned, enum_column
from portal.models.programmes import Pairing

if TYPE_CHECKING:
    from portal.models.tasks import Task


class PlanState(LabelledEnum):
    """drafting → agreed (both sides) → in_force (its agreement is filed) → completed."""

    DRAFTING = "drafting", "商议中", "neutral"
    AGREED = "agreed", "双方已商定", "info"
    IN_FORCE = "in_force", "执行中", "success"
    COMPLETED = "completed", "已完成", "neutral"


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


class LibraryTask(Identified, Base):
    """One standard task of one edition of the library (domain-facts §10.1)."""

    __tablename__ = "library_tasks"
    __table_args__ = (
        UniqueConstraint("edition", "code"),
        CheckConstraint("weight BETWEEN 1 AND 3", name="weight"),
    )

    edition: Mapped[str] = mapped_column(String(20))
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
