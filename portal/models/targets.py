"""Standard tasks that a base has met already, and closed tasks that serve as an example."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.base import Base, Identified
from portal.models.evidence import Evidence
from portal.models.plans import LibraryTask, Plan
from portal.models.surveys import SiteSurvey
from portal.models.tasks import Task


class MetTarget(Identified, Base):
    """A core task is left out of a plan because its target is met already (§10.1, count check).

    It needs a statement and something that shows it: a piece of evidence or the survey.
    """

    __tablename__ = "met_targets"
    __table_args__ = (
        UniqueConstraint("plan_id", "library_task_id"),
        CheckConstraint("statement <> ''", name="has_statement"),
        CheckConstraint("evidence_id IS NOT NULL OR survey_id IS NOT NULL", name="has_proof"),
    )

    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    library_task_id: Mapped[int] = mapped_column(ForeignKey("library_tasks.id"))
    statement: Mapped[str] = mapped_column(Text)
    met_on: Mapped[date]
    evidence_id: Mapped[int | None] = mapped_column(ForeignKey("evidence.id"), index=True)
    survey_id: Mapped[int | None] = mapped_column(ForeignKey("site_surveys.id"))
    added_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime]

    plan: Mapped[Plan] = relationship(back_populates="met_targets")
    library_task: Mapped[LibraryTask] = relationship()
    evidence: Mapped[Evidence | None] = relationship()
    survey: Mapped[SiteSurvey | None] = relationship()
    added_by: Mapped[User] = relationship()


class LibraryExample(Identified, Base):
    """A well done, closed task that the centre shows beside its standard task."""

    __tablename__ = "library_examples"
    __table_args__ = (UniqueConstraint("code", "task_id"),)

    # The code of the standard task, so that an example outlives an edition.
    code: Mapped[str] = mapped_column(String(20), index=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"), index=True)
    # What others see of it: told anew by the centre, without files and names of people.
    summary: Mapped[str] = mapped_column(Text)
    # Whether the two hospitals are named to others.
    names_hospitals: Mapped[bool] = mapped_column(default=False, server_default="0")
    promoted_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    promoted_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    task: Mapped[Task] = relationship()
    promoted_by: Mapped[User] = relationship()
