"""People who log in, and the role that decides what they may do."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Identified, LabelledEnum, enum_column
from portal.models.organisations import Organisation


class Role(LabelledEnum):
    """The roles of design/domain.md, "Who"; administration is three that exclude one another."""

    COMMISSION_OFFICER = "commission_officer", "省卫健委"
    CENTRE_REVIEWER = "centre_reviewer", "省中心审核员"
    CITY_OFFICER = "city_officer", "市卫健委"
    BASE_COORDINATOR = "base_coordinator", "基地管理员"
    BASE_LEADER = "base_leader", "基地负责人"
    CONTRIBUTOR = "contributor", "科室人员"
    EXPERT = "expert", "评审专家"
    ADMINISTRATOR = "administrator", "系统管理员"
    SECURITY_ADMINISTRATOR = "security_administrator", "安全管理员"
    AUDITOR = "auditor", "审计员"

    @property
    def in_hospital(self) -> bool:
        """Whether the role belongs to one side of a pairing."""
        return self in HOSPITAL_ROLES


HOSPITAL_ROLES = frozenset({Role.BASE_COORDINATOR, Role.BASE_LEADER, Role.CONTRIBUTOR})
ADMINISTRATIVE_ROLES = frozenset({Role.ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR})
"""The three that exclude one another, and have no business rights (quality.md, Security)."""

ORGANISATION_FREE_ROLES = ADMINISTRATIVE_ROLES | {Role.EXPERT}


class User(Identified, Base):
    """An account. One person, one organisation, one role."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(
            "organisation_id IS NOT NULL OR role IN"
            " ('administrator', 'security_administrator', 'auditor', 'expert')",
            name="organisation_by_role",
        ),
    )

    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    position: Mapped[str] = mapped_column(String(60), default="")
    role: Mapped[Role] = mapped_column(enum_column(Role, "role"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(255), info={"secret": True})
    must_change_password: Mapped[bool] = mapped_column(default=True, server_default="1")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="1")
    failed_logins: Mapped[int] = mapped_column(default=0, server_default="0")
    locked_until: Mapped[datetime | None]
    # Made by the demonstration; production refuses to start while one exists.
    is_demo: Mapped[bool] = mapped_column(default=False, server_default="0")
    last_login_at: Mapped[datetime | None]
    password_changed_at: Mapped[datetime | None]
    # The second factor: its key (sealed, see portal/sealing.py), since when it counts, and the
    # last time step that was used. A key without a beginning waits for its first code.
    totp_secret: Mapped[str | None] = mapped_column(String(255), info={"secret": True})
    totp_since: Mapped[datetime | None]
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str] = mapped_column(String(200), default="", server_default="")
    created_at: Mapped[datetime]

    organisation: Mapped[Organisation | None] = relationship(
        back_populates="users", lazy="joined", innerjoin=False
    )

    # What Flask-Login asks of a user object.
    is_authenticated = True
    is_anonymous = False

    def get_id(self) -> str:
        """Name the account in the cookie; which log-in it is stands beside it (UserSession)."""
        return str(self.id)

    @property
    def organisation_name(self) -> str:
        """The organisation's name, or nothing for accounts that belong to none."""
        return self.organisation.name if self.organisation else ""
