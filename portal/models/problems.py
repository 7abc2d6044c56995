"""What a survey or an inspection found 问题, and the tasks that answer it."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.areas import Area
from portal.models.base import Base, Identified, LabelledEnum, Versioned, enum_column
from portal.models.programmes import Pairing
from portal.models.surveys import SiteSurvey, SurveyItem
from portal.models.tasks import Task


class Severity(LabelledEnum):
    """How much a problem weighs."""

    GENERAL = "general", "一般", "neutral"
    SERIOUS = "serious", "较重", "warning"
    SEVERE = "severe", "严重", "danger"


class ProblemSource(LabelledEnum):
    """Where a problem was found."""

    SURVEY = "survey", "实地调研", "accent"
    INSPECTION = "inspection", "基地评估检查", "info"
    MEETING = "meeting", "领导小组会议", "info"
    SELF_CHECK = "self_check", "受援方自查", "neutral"
    OTHER = "other", "其他", "neutral"


class Problem(Identified, Versioned, Base):
    """One problem of a pairing: what is wrong, what is needed, what it should become.

    Whether it is solved is not stored: it is, once it has tasks and all of them are closed.
    """

    __tablename__ = "problems"
    __table_args__ = (
        UniqueConstraint("pairing_id", "number"),
        CheckConstraint(
            "dismissed_at IS NULL OR (dismissed_reason <> '' AND dismissed_by_id IS NOT NULL)",
            name="dismissed_has_reason",
        ),
        CheckConstraint("item_id IS NULL OR survey_id IS NOT NULL", name="item_with_survey"),
        Index("ix_problems_pairing_area", "pairing_id", "area", "number"),
    )

    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"))
    number: Mapped[int]
    area: Mapped[Area] = mapped_column(enum_column(Area, "area"))
    title: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(Text, default="")
    # 需求 and 目标 of the chain 需求 → 目标 → 任务 → 佐证 → 得分.
    need: Mapped[str] = mapped_column(Text, default="")
    goal: Mapped[str] = mapped_column(Text, default="")
    severity: Mapped[Severity] = mapped_column(
        enum_column(Severity, "severity"), default=Severity.GENERAL
    )
    source: Mapped[ProblemSource] = mapped_column(
        enum_column(ProblemSource, "source"), default=ProblemSource.SURVEY
    )
    found_on: Mapped[date]
    survey_id: Mapped[int | None] = mapped_column(ForeignKey("site_surveys.id"), index=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("survey_items.id"))
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    # 不列入帮扶: what the assistance cannot answer, told with its reason.
    dismissed_at: Mapped[datetime | None]
    dismissed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    dismissed_reason: Mapped[str] = mapped_column(Text, default="", server_default="")

    pairing: Mapped[Pairing] = relationship()
    survey: Mapped[SiteSurvey | None] = relationship()
    item: Mapped[SurveyItem | None] = relationship()
    created_by: Mapped[User] = relationship(foreign_keys=[created_by_id])
    dismissed_by: Mapped[User | None] = relationship(foreign_keys=[dismissed_by_id])
    answers: Mapped[list["ProblemTask"]] = relationship(
        back_populates="problem", order_by="ProblemTask.id", cascade="all, delete-orphan"
    )


class ProblemTask(Identified, Base):
    """A task answers a problem; one problem may have many tasks, and the other way."""

    __tablename__ = "problem_tasks"
    __table_args__ = (UniqueConstraint("problem_id", "task_id"),)

    problem_id: Mapped[int] = mapped_column(ForeignKey("problems.id"))
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"), index=True)
    added_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime]

    problem: Mapped[Problem] = relationship(back_populates="answers")
    task: Mapped[Task] = relationship(back_populates="problem_links")
