"""Organisations and accounts."""

from functools import cache
from itertools import count

from portal import clock
from portal.extensions import db
from portal.models import Organisation, OrganisationKind, Role, User
from portal.passwords import hash_password

PASSWORD = "Ceshi-2020-mima"
_numbers = count(1)


def make_organisation(
    kind: OrganisationKind = OrganisationKind.HOSPITAL, *, city: str = "海口市", name: str = ""
) -> Organisation:
    """Add an organisation."""
    number = next(_numbers)
    organisation = Organisation(
        name=name or f"第{number}医院", short_name=name or f"{number}院", kind=kind, city=city
    )
    db.session.add(organisation)
    db.session.flush()
    return organisation


@cache
def _hashed(password: str) -> str:
    """Hash once: every account of every test has the same password."""
    return hash_password(password)


def make_user(
    role: Role, organisation: Organisation | None = None, *, username: str = "", name: str = ""
) -> User:
    """Add an account that has already set its own password."""
    user = new_user(role, organisation, username=username, name=name)
    db.session.flush()
    return user


def new_user(
    role: Role, organisation: Organisation | None = None, *, username: str = "", name: str = ""
) -> User:
    """Add such an account without flushing: where many are made, one flush serves them all."""
    number = next(_numbers)
    user = User(
        username=username or f"user-{number}",
        name=name or f"用户{number}",
        position=role.label,
        role=role,
        organisation=organisation,
        password_hash=_hashed(PASSWORD),
        must_change_password=False,
        created_at=clock.now(),
    )
    db.session.add(user)
    return user
