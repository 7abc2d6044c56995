"""The leadership group of a pairing (notice, part three, item one; H-30)."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.areas import Side
from portal.models.base import Base, Identified, LabelledEnum, Versioned, enum_column
from portal.models.programmes import Pairing


class GroupRole(LabelledEnum):
    """Place in the leadership group."""

    LEADER = "leader", "组长", "accent"
    DEPUTY = "deputy", "副组长", "info"
    MEMBER = "member", "成员"


class Duty(LabelledEnum):
    """The office that a member holds at home; the notice names four."""

    BASE_HEAD = "base_head", "培训基地负责人"
    EXECUTIVE = "executive_in_charge", "分管领导"
    TRAINING_OFFICE = "training_office_head", "培训职能部门负责人"
    GP_DIRECTOR = "gp_base_director", "全科专业基地负责人"
    OTHER = "other", "其他成员"


class LeadershipGroup(Identified, Versioned, Base):
    """One pairing's leadership group, changed as people change."""

    __tablename__ = "leadership_groups"

    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"), unique=True)
    established_on: Mapped[date | None]
    updated_at: Mapped[datetime]

    pairing: Mapped[Pairing] = relationship(back_populates="group")
    members: Mapped[list["GroupMember"]] = relationship(
        back_populates="group", order_by="GroupMember.position", cascade="all, delete-orphan"
    )

    @property
    def current_members(self) -> list["GroupMember"]:
        """Members who have not left."""
        return [member for member in self.members if member.left_on is None]


class GroupMember(Identified, Base):
    """A person in the group; one who leaves stays on the record with a date."""

    __tablename__ = "group_members"

    group_id: Mapped[int] = mapped_column(ForeignKey("leadership_groups.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(String(40))
    side: Mapped[Side] = mapped_column(enum_column(Side, "side"))
    job_title: Mapped[str] = mapped_column(String(60), default="")
    role: Mapped[GroupRole] = mapped_column(enum_column(GroupRole, "role"))
    duty: Mapped[Duty] = mapped_column(enum_column(Duty, "duty"))
    joined_on: Mapped[date]
    left_on: Mapped[date | None]

    group: Mapped[LeadershipGroup] = relationship(back_populates="members")
