"""What a baseline figure is measured by: a number with its edition and its source."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Identified, LabelledEnum, enum_column


class Comparison(LabelledEnum):
    """How a figure is held against its standard."""

    AT_LEAST = "at_least", "不低于"
    AT_MOST = "at_most", "不高于"
    BETWEEN = "between", "介于"
    PRESENT = "present", "应具备"


class Standard(Identified, Base):
    """One standard of one edition. Editions disagree, so none is merged (domain-facts §13).

    ``verified`` is False where the number was read in no official text; the page then says so.
    """

    __tablename__ = "standards"
    __table_args__ = (
        UniqueConstraint("key", "edition"),
        CheckConstraint("comparison = 'present' OR low IS NOT NULL", name="has_number"),
        CheckConstraint("comparison <> 'between' OR high IS NOT NULL", name="between_has_both"),
    )

    key: Mapped[str] = mapped_column(String(60), index=True)
    edition: Mapped[str] = mapped_column(String(60))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    comparison: Mapped[Comparison] = mapped_column(enum_column(Comparison, "comparison"))
    low: Mapped[Decimal | None] = mapped_column(Numeric(14, 4))
    high: Mapped[Decimal | None] = mapped_column(Numeric(14, 4))
    unit: Mapped[str] = mapped_column(String(20), default="")
    # For which kinds of bases (BaseKind slugs) it holds; empty means all.
    base_kinds: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    source: Mapped[str] = mapped_column(String(200))
    verified: Mapped[bool] = mapped_column(default=False, server_default="0")
    note: Mapped[str] = mapped_column(Text, default="")
