"""Leadership-group meetings, their minutes and resolutions (H-31; domain-facts §9.2.6, §11)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.areas import Area, Side
from portal.models.base import Base, Identified, LabelledEnum, Versioned, enum_column
from portal.models.groups import GroupMember
from portal.models.programmes import Pairing
from portal.models.tasks import Task


class MeetingState(LabelledEnum):
    """planned → held → minutes_approved; a planned one may be cancelled."""

    PLANNED = "planned", "已计划", "info"
    HELD = "held", "待批准纪要", "accent"
    APPROVED = "minutes_approved", "纪要已批准", "success"
    CANCELLED = "cancelled", "已取消", "neutral"


class Meeting(Identified, Versioned, Base):
    """One meeting of a pairing."""

    __tablename__ = "meetings"
    __table_args__ = (
        CheckConstraint(
            "state <> 'minutes_approved' OR (approved_by_id IS NOT NULL"
            " AND approved_at IS NOT NULL)",
            name="approved_by_somebody",
        ),
        CheckConstraint(
            "state NOT IN ('held', 'minutes_approved') OR held_on IS NOT NULL", name="held_on_day"
        ),
        CheckConstraint(
            "state <> 'minutes_approved' OR (number IS NOT NULL AND number_year IS NOT NULL)",
            name="approved_has_number",
        ),
        # The minutes' number 〔year〕n counts per pairing and year (domain-facts §9.2.6).
        UniqueConstraint("pairing_id", "number_year", "number"),
        Index("ix_meetings_pairing", "pairing_id", "planned_at", "id"),
        Index("ix_meetings_planned", "planned_at", "id"),
    )

    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"))
    kind: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(100))
    # Counts against the programme's interval (H-31).
    of_leadership: Mapped[bool] = mapped_column(default=True, server_default="1")
    state: Mapped[MeetingState] = mapped_column(
        enum_column(MeetingState, "state"), default=MeetingState.PLANNED
    )
    state_since: Mapped[datetime]
    planned_at: Mapped[datetime]
    place: Mapped[str] = mapped_column(String(100), default="")
    held_on: Mapped[date | None]
    chair: Mapped[str] = mapped_column(String(40), default="")
    recorder: Mapped[str] = mapped_column(String(40), default="")
    minutes: Mapped[str] = mapped_column(Text, default="")
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    minutes_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    minutes_at: Mapped[datetime | None]
    return_reason: Mapped[str] = mapped_column(Text, default="")
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    approved_at: Mapped[datetime | None]
    number_year: Mapped[int | None]
    number: Mapped[int | None]

    pairing: Mapped[Pairing] = relationship()
    created_by: Mapped[User] = relationship(foreign_keys=[created_by_id])
    minutes_by: Mapped[User | None] = relationship(foreign_keys=[minutes_by_id])
    approved_by: Mapped[User | None] = relationship(foreign_keys=[approved_by_id])
    agenda: Mapped[list["AgendaItem"]] = relationship(
        order_by="AgendaItem.position", cascade="all, delete-orphan"
    )
    attendance: Mapped[list["Attendance"]] = relationship(
        order_by="Attendance.id", cascade="all, delete-orphan"
    )
    resolutions: Mapped[list["Resolution"]] = relationship(
        back_populates="meeting", order_by="Resolution.position", cascade="all, delete-orphan"
    )

    @property
    def is_returned(self) -> bool:
        """Whether the minutes were sent back and wait to be mended."""
        return self.state is MeetingState.PLANNED and self.return_reason != ""

    @property
    def minutes_number(self) -> str:
        """The number on approved minutes, 〔2021〕2号; empty before approval."""
        return f"〔{self.number_year}〕{self.number}号" if self.number else ""


class AgendaItem(Identified, Base):
    """One point of the agenda, with what was said about it."""

    __tablename__ = "agenda_items"
    __table_args__ = (UniqueConstraint("meeting_id", "position"),)

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    discussion: Mapped[str] = mapped_column(Text, default="")
    task_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id"))

    task: Mapped[Task | None] = relationship()


class AttendanceStatus(LabelledEnum):
    """How somebody took part."""

    PRESENT = "present", "出席", "success"
    ABSENT = "absent", "请假", "warning"
    OBSERVER = "observer", "列席", "neutral"


class Attendance(Identified, Base):
    """One person at one meeting; the name is kept even when the member leaves the group."""

    __tablename__ = "attendance"
    __table_args__ = (UniqueConstraint("meeting_id", "name", "side"),)

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("group_members.id"))
    name: Mapped[str] = mapped_column(String(40))
    side: Mapped[Side | None] = mapped_column(enum_column(Side, "side"))
    job_title: Mapped[str] = mapped_column(String(60), default="")
    group_role: Mapped[str] = mapped_column(String(20), default="")
    status: Mapped[AttendanceStatus] = mapped_column(enum_column(AttendanceStatus, "status"))

    member: Mapped[GroupMember | None] = relationship()


class Resolution(Identified, Base):
    """A resolved item: who does what by when; it becomes a task or is linked to one."""

    __tablename__ = "resolutions"
    __table_args__ = (UniqueConstraint("meeting_id", "position"),)

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id"))
    position: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    responsible_side: Mapped[Side] = mapped_column(enum_column(Side, "side"))
    due_on: Mapped[date | None]
    task_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id"), index=True)
    # The task to be made when the minutes are approved; no area means that one is linked.
    area: Mapped[Area | None] = mapped_column(enum_column(Area, "area"))
    criteria: Mapped[str] = mapped_column(Text, default="")
    evidence: Mapped[str] = mapped_column(String(100), default="")

    meeting: Mapped[Meeting] = relationship(back_populates="resolutions")
    task: Mapped[Task | None] = relationship()
