"""The history every page shows: one row for each thing that happened to an object."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Identified


class Event(Identified, Base):
    """What was done to which object, by whom, when and why. Rows are only ever added.

    Names are copied, because the record must still be readable when the person
    has moved to another hospital.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_object", "object_type", "object_id", "id"),
        Index("ix_events_pairing", "pairing_id", "id"),
    )

    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[int]
    pairing_id: Mapped[int | None] = mapped_column(ForeignKey("pairings.id"))
    action: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(200))
    from_state: Mapped[str] = mapped_column(String(40), default="")
    to_state: Mapped[str] = mapped_column(String(40), default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    tone: Mapped[str] = mapped_column(String(20), default="neutral")
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    actor_name: Mapped[str] = mapped_column(String(40))
    actor_role: Mapped[str] = mapped_column(String(40), default="")
    actor_org: Mapped[str] = mapped_column(String(100), default="")
    at: Mapped[datetime] = mapped_column(index=True)
    details: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    # Which fields of the object changed with it: [[name, old, new]].
    changes: Mapped[list[Any] | None] = mapped_column(sa.JSON)
    # The audit entry that seals it (AuditEntry.uid); none before the log was kept.
    audit_uid: Mapped[str | None] = mapped_column(String(32), index=True)


class SubmittedForm(Identified, Base):
    """A form's one-time key: a double click or a repeated request makes one record."""

    __tablename__ = "submitted_forms"

    key: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    location: Mapped[str] = mapped_column(String(500), default="")
    at: Mapped[datetime] = mapped_column(index=True)
