"""Commissions, the provincial centre and hospitals with their accredited bases."""

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Identified, LabelledEnum, enum_column

if TYPE_CHECKING:
    from portal.models.accounts import User


class OrganisationKind(LabelledEnum):
    """What an organisation is in the programme."""

    COMMISSION = "commission", "省卫生健康委"
    CENTRE = "centre", "省医学学术交流管理中心"
    CITY_COMMISSION = "city_commission", "市卫生健康委"
    HOSPITAL = "hospital", "医院"


class BaseKind(LabelledEnum):
    """The three programmes a hospital may be accredited for (domain-facts §1.2)."""

    GP_RESIDENCY = "gp_residency", "全科住培"
    ASSISTANT_GP = "assistant_gp", "助理全科"
    GP_TRANSFER = "gp_transfer", "转岗培训"


class Organisation(Identified, Base):
    """One commission, centre or hospital."""

    __tablename__ = "organisations"

    name: Mapped[str] = mapped_column(String(100), unique=True)
    short_name: Mapped[str] = mapped_column(String(40))
    kind: Mapped[OrganisationKind] = mapped_column(enum_column(OrganisationKind, "kind"))
    city: Mapped[str] = mapped_column(String(40), default="")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="1")

    bases: Mapped[list["TrainingBase"]] = relationship(
        back_populates="organisation", order_by="TrainingBase.id", cascade="all, delete-orphan"
    )
    users: Mapped[list["User"]] = relationship(back_populates="organisation")


class TrainingBase(Identified, Base):
    """A hospital's accredited base of one kind."""

    __tablename__ = "training_bases"
    __table_args__ = (UniqueConstraint("organisation_id", "kind"),)

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[BaseKind] = mapped_column(enum_column(BaseKind, "kind"))

    organisation: Mapped[Organisation] = relationship(back_populates="bases")
