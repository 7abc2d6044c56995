"""A round of pairing assistance and the pairs of hospitals in it."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.areas import Side
from portal.models.base import Base, Identified, LabelledEnum, Versioned, enum_column
from portal.models.organisations import Organisation

if TYPE_CHECKING:
    from portal.models.assessments import Scheme
    from portal.models.groups import LeadershipGroup


class VerificationPolicy(LabelledEnum):
    """Which confirmed tasks the centre verifies itself."""

    ALL = "all", "全部任务由省中心核验"
    KEY_AND_SAMPLE = "key_and_sample", "核心任务全部核验，其余抽查"


class Programme(Identified, Versioned, Base):
    """One round: its dates, its deadline and how it is verified and scored."""

    __tablename__ = "programmes"
    __table_args__ = (
        CheckConstraint("ends_on > starts_on", name="dates_in_order"),
        CheckConstraint("sample_percent BETWEEN 0 AND 100", name="sample_percent"),
        CheckConstraint("meeting_interval_months BETWEEN 1 AND 12", name="meeting_interval"),
    )

    name: Mapped[str] = mapped_column(String(100), unique=True)
    document: Mapped[str] = mapped_column(String(200))
    basis: Mapped[str] = mapped_column(String(200), default="")
    issued_on: Mapped[date | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    filing_deadline: Mapped[date]
    meeting_interval_months: Mapped[int] = mapped_column(default=3)
    verification: Mapped[VerificationPolicy] = mapped_column(
        enum_column(VerificationPolicy, "verification"), default=VerificationPolicy.ALL
    )
    sample_percent: Mapped[int] = mapped_column(default=20)
    bonus_enabled: Mapped[bool] = mapped_column(default=False, server_default="0")
    scheme_id: Mapped[int | None] = mapped_column(ForeignKey("schemes.id"))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    pairings: Mapped[list["Pairing"]] = relationship(
        back_populates="programme", order_by="Pairing.sequence"
    )
    bonus_bands: Mapped[list["BonusBand"]] = relationship(
        order_by="BonusBand.min_score.desc()", cascade="all, delete-orphan"
    )
    scheme: Mapped["Scheme | None"] = relationship()

    @property
    def years(self) -> list[int]:
        """The years of the programme, counted from one."""
        months = (self.ends_on.year - self.starts_on.year) * 12
        months += self.ends_on.month - self.starts_on.month
        return list(range(1, max(1, round(months / 12)) + 1))


class BonusBand(Identified, Base):
    """From which final score on how many points the supporting base gains (H-38)."""

    __tablename__ = "bonus_bands"
    __table_args__ = (UniqueConstraint("programme_id", "min_score"),)

    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    min_score: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    points: Mapped[Decimal] = mapped_column(Numeric(6, 2))


class Pairing(Identified, Base):
    """A supporting hospital and a supported one in a programme."""

    __tablename__ = "pairings"
    __table_args__ = (
        UniqueConstraint("programme_id", "supported_id"),
        UniqueConstraint("programme_id", "sequence"),
        CheckConstraint("supporting_id <> supported_id", name="two_hospitals"),
    )

    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    sequence: Mapped[int]
    supporting_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    supported_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]

    programme: Mapped[Programme] = relationship(back_populates="pairings")
    supporting: Mapped[Organisation] = relationship(foreign_keys=[supporting_id])
    supported: Mapped[Organisation] = relationship(foreign_keys=[supported_id])
    group: Mapped["LeadershipGroup | None"] = relationship(back_populates="pairing")

    @property
    def title(self) -> str:
        """How the pairing is called on every page."""
        return f"{self.supporting.short_name} → {self.supported.short_name}"

    def organisation_on(self, side: Side) -> Organisation:
        """Return the hospital on ``side``."""
        return self.supporting if side is Side.SUPPORTING else self.supported
