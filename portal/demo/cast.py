"""Who plays in the demonstration: the people of each hospital, by what they do there."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from portal import reference_data
from portal.extensions import db
from portal.models import Duty, GroupRole, Organisation, Role, Side, User
from portal.services.groups import MemberEntry

ROLE_OF_DUTY = {
    (Side.SUPPORTING, Duty.BASE_HEAD): GroupRole.LEADER,
    (Side.SUPPORTED, Duty.EXECUTIVE): GroupRole.DEPUTY,
}


@dataclass(frozen=True)
class Hospital:
    """The accounts of one hospital that act in the story."""

    organisation: Organisation
    leader: User
    coordinator: User
    contributor: User

    def members(self, side: Side) -> list[MemberEntry]:
        """Return the people the notice wants in the group, as lines of its form (H-30)."""
        wanted = {Duty.TRAINING_OFFICE, Duty.GP_DIRECTOR}
        wanted.add(Duty.BASE_HEAD if side is Side.SUPPORTING else Duty.EXECUTIVE)
        found = []
        for person in _people(self.organisation.name):
            duty = Duty(person["duty"]) if person["duty"] else Duty.OTHER
            if duty in wanted:
                role = ROLE_OF_DUTY.get((side, duty), GroupRole.MEMBER)
                found.append(MemberEntry(person["name"], side, person["position"], role, duty))
        return sorted(found, key=lambda entry: list(GroupRole).index(entry.role))

    @property
    def training_head(self) -> str:
        """The name of the training office's head, who has no account of the story's."""
        people = _people(self.organisation.name)
        return next(str(one["name"]) for one in people if one["duty"] == Duty.TRAINING_OFFICE)


def _people(organisation: str) -> list[dict[str, Any]]:
    """Return the invented people of one organisation."""
    everybody: list[dict[str, Any]] = reference_data.load("demo_people")["person"]
    return [person for person in everybody if person["organisation"] == organisation]


def hospital(organisation: Organisation) -> Hospital:
    """Return the hospital with its leader, its coordinator and its first contributor."""
    accounts = db.session.scalars(
        sa.select(User).where(User.organisation_id == organisation.id).order_by(User.id)
    ).all()

    def first(role: Role) -> User:
        return next(user for user in accounts if user.role is role)

    return Hospital(
        organisation,
        first(Role.BASE_LEADER),
        first(Role.BASE_COORDINATOR),
        first(Role.CONTRIBUTOR),
    )


def account(username: str) -> User:
    """Return the account of that user name."""
    return db.session.scalars(sa.select(User).where(User.username == username)).one()
