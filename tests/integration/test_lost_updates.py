"""Somebody else saved between reading and writing: it is seen under the lock, not overwritten.

The other person's save goes past the session, as one over another connection would: what the
session has loaded is then older than what is stored.
"""

from typing import Any

import pytest
import sqlalchemy as sa

from portal import passwords
from portal.errors import Rejected, StaleEdit
from portal.extensions import db
from portal.models import (
    BaseKind,
    LeadershipGroup,
    Organisation,
    OrganisationKind,
    Role,
    TrainingBase,
    User,
)
from portal.services import accounts, groups, organisations, users
from portal.services.organisations import OrganisationEntry
from portal.services.users import UserEntry
from tests.factories import PASSWORD, make_organisation, make_pairing, make_scene, make_user
from tests.factories.accounts import make_centre_reviewer, make_security_administrator
from tests.factories.meetings import leadership_group


def saved_elsewhere(model: Any, id_: int, **values: object) -> None:
    statement = sa.update(model).where(model.id == id_).values(**values)
    db.session.execute(statement.execution_options(synchronize_session=False))


def test_account_changed_meanwhile_is_not_overwritten(session: Any) -> None:
    user = make_user(Role.BASE_COORDINATOR, make_organisation())
    seen = users.edition_of(user)
    saved_elsewhere(User, user.id, position="科教科科长")
    entry = UserEntry("新名", user.position, user.role, user.organisation)
    with pytest.raises(StaleEdit):
        users.edit_account(user, entry, seen=seen, actor=make_security_administrator())
    db.session.expire_all()
    assert (user.name == "新名", user.position) == (False, "科教科科长")


def test_organisation_changed_meanwhile_is_not_overwritten(session: Any) -> None:
    hospital = make_organisation()
    seen = organisations.edition_of(hospital)
    saved_elsewhere(Organisation, hospital.id, city="文昌市")
    entry = OrganisationEntry(hospital.name, "新简称", OrganisationKind.HOSPITAL, "海口市", [])
    with pytest.raises(StaleEdit):
        organisations.edit_organisation(hospital, entry, seen=seen, actor=make_centre_reviewer())
    db.session.expire_all()
    assert (hospital.short_name == "新简称", hospital.city) == (False, "文昌市")


def test_base_accredited_meanwhile_is_not_taken_away(session: Any) -> None:
    hospital = make_organisation()
    seen = organisations.edition_of(hospital)
    statement = sa.insert(TrainingBase).values(
        organisation_id=hospital.id, kind=BaseKind.GP_RESIDENCY
    )
    db.session.execute(statement)
    entry = OrganisationEntry(hospital.name, "新简称", OrganisationKind.HOSPITAL, "海口市", [])
    with pytest.raises(StaleEdit):
        organisations.edit_organisation(hospital, entry, seen=seen, actor=make_centre_reviewer())
    db.session.expire_all()
    assert [base.kind for base in hospital.bases] == [BaseKind.GP_RESIDENCY]


def test_failures_counted_meanwhile_are_not_forgotten(session: Any) -> None:
    user = make_user(Role.BASE_COORDINATOR, make_organisation())
    saved_elsewhere(User, user.id, failed_logins=accounts.FAILURES_BEFORE_LOCK - 1)
    with pytest.raises(Rejected):
        accounts.change_password(user, current="bu-dui-2020", new="Xin-mima-2020-ok")
    assert accounts.is_locked(user)


def test_group_saved_meanwhile_is_not_overwritten_by_a_copy(session: Any) -> None:
    scene = make_scene()
    leadership_group(scene)
    target = make_pairing(scene.programme, scene.pairing.supporting)
    group = groups.save_group(
        target, [], established_on=None, seen_version=0, actor=scene.supporting_coordinator
    )
    db.session.refresh(target)
    assert target.group is group
    saved_elsewhere(LeadershipGroup, group.id, version=group.version + 1)
    with pytest.raises(StaleEdit):
        groups.copy_group(scene.pairing, [target], actor=scene.supporting_coordinator)
    db.session.expire_all()
    assert group.members == []


def test_group_made_meanwhile_is_not_overwritten_by_a_copy(session: Any) -> None:
    scene = make_scene()
    leadership_group(scene)
    target = make_pairing(scene.programme, scene.pairing.supporting)
    assert target.group is None
    made = sa.insert(LeadershipGroup).values(
        pairing_id=target.id, version=1, updated_at=scene.pairing.created_at
    )
    db.session.execute(made)
    with pytest.raises(StaleEdit):
        groups.copy_group(scene.pairing, [target], actor=scene.supporting_coordinator)


def test_present_password_still_changes_it(session: Any) -> None:
    user = make_user(Role.BASE_COORDINATOR, make_organisation())
    accounts.change_password(user, current=PASSWORD, new="Xin-mima-2020-ok")
    assert user.failed_logins == 0
    assert passwords.verify_password(user.password_hash, "Xin-mima-2020-ok")
