"""Accounts in the states that the log-in and administration pages know."""

from portal.extensions import db
from portal.models import BaseKind, Organisation, OrganisationKind, Role, TrainingBase, User
from portal.passwords import hash_password
from tests.factories.people import make_organisation, make_user

INITIAL_PASSWORD = "Chushi-2020-mima"


def make_issued_user(role: Role = Role.BASE_COORDINATOR) -> User:
    """An account whose owner has not logged in yet; its password is INITIAL_PASSWORD."""
    user = make_user(role, make_organisation() if role.in_hospital else None)
    user.password_hash = hash_password(INITIAL_PASSWORD)
    user.must_change_password = True
    db.session.flush()
    return user


def make_disabled_user(role: Role = Role.BASE_COORDINATOR) -> User:
    """An account that was closed."""
    user = make_user(role, make_organisation() if role.in_hospital else None)
    user.is_active = False
    db.session.flush()
    return user


def make_administrator(username: str = "") -> User:
    """A system administrator."""
    return make_user(Role.ADMINISTRATOR, username=username)


def make_security_administrator(username: str = "") -> User:
    """A security administrator, who keeps every account."""
    return make_user(Role.SECURITY_ADMINISTRATOR, username=username)


def make_centre_reviewer() -> User:
    """A reviewer of the provincial centre."""
    return make_user(Role.CENTRE_REVIEWER, make_organisation(OrganisationKind.CENTRE, city=""))


def make_auditor() -> User:
    """An auditor."""
    return make_user(Role.AUDITOR)


def make_hospital_with_base(kind: BaseKind = BaseKind.GP_RESIDENCY) -> Organisation:
    """A hospital with one accredited base."""
    hospital = make_organisation()
    hospital.bases = [TrainingBase(kind=kind)]
    db.session.flush()
    return hospital
