"""How people come in: sessions, second factors, invitations, other providers, hand-overs."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.base import Base, Identified


class UserSession(Identified, Base):
    """One log-in of one browser; the cookie names it and it can be ended from elsewhere."""

    __tablename__ = "user_sessions"

    # SHA-256 of the secret in the cookie.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(45), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    # How the person came in: password, or the name of a provider.
    way: Mapped[str] = mapped_column(String(40), default="password")
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str] = mapped_column(String(40), default="")

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class RecoveryCode(Identified, Base):
    """A code on paper that stands in once for the second factor."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    code_hash: Mapped[str] = mapped_column(String(255), info={"secret": True})
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Invitation(Identified, Base):
    """A link by which the owner of a new account sets the first password."""

    __tablename__ = "invitations"

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    created_by: Mapped[User] = relationship(foreign_keys=[created_by_id])


class UserIdentity(Identified, Base):
    """Who a person is at a hospital's own log-in service (OpenID Connect)."""

    __tablename__ = "user_identities"
    __table_args__ = (UniqueConstraint("provider", "subject"),)

    provider: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    linked_at: Mapped[datetime]

    user: Mapped[User] = relationship()


class Handover(Identified, Base):
    """Everything open went from one person to another; ``items`` is the list as it was."""

    __tablename__ = "handovers"
    __table_args__ = (CheckConstraint("from_id <> to_id", name="two_people"),)

    from_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    to_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    made_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200))
    # Whose people they were: a hospital reads its own hand-overs, wherever they work today.
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    # Name, position, role and organisation of "from", "to" and "by" on that day.
    people: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    items: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)

    from_user: Mapped[User] = relationship(foreign_keys=[from_id])
    to_user: Mapped[User] = relationship(foreign_keys=[to_id])
    made_by: Mapped[User] = relationship(foreign_keys=[made_by_id])


class ParkedForm(Identified, Base):
    """What somebody had typed when the log-in ran out; given back after the next log-in."""

    __tablename__ = "parked_forms"

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    path: Mapped[str] = mapped_column(String(500))
    page: Mapped[str] = mapped_column(String(500), default="/")
    fields: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    files: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(index=True)


class Setting(Base):
    """A choice that administrators make while the portal runs."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[list[Any]] = mapped_column(sa.JSON)
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
