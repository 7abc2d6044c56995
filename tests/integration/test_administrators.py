"""The three administrative roles: they exclude one another and every business role."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.errors import Forbidden, StepRefused
from portal.extensions import db
from portal.models import ADMINISTRATIVE_ROLES, Event, Role, User
from portal.services import users
from portal.services.users import UserEntry
from tests.factories import PASSWORD, make_organisation, make_scene, make_user
from tests.factories.accounts import make_security_administrator
from tests.support.pages import PageClient

ADMINISTRATIVE = sorted(ADMINISTRATIVE_ROLES)
BUSINESS = [Role.EXPERT, Role.BASE_COORDINATOR]


def move(user: User, role: Role, *, by: User) -> None:
    organisation = make_organisation() if role.in_hospital else user.organisation
    entry = UserEntry(user.name, user.position, role, organisation)
    users.edit_account(user, entry, seen=None, actor=by)


@pytest.mark.parametrize("other", [*ADMINISTRATIVE, *BUSINESS])
@pytest.mark.parametrize("role", ADMINISTRATIVE)
def test_administrative_account_keeps_its_role_for_life(
    session: Any, role: Role, other: Role
) -> None:
    user = make_user(role)
    if role is other:
        move(user, other, by=make_security_administrator())
        assert user.role is role
        return
    with pytest.raises(Forbidden, match="另发账号"):
        move(user, other, by=make_security_administrator())
    assert user.role is role


@pytest.mark.parametrize("role", ADMINISTRATIVE)
@pytest.mark.parametrize("before", BUSINESS)
def test_business_account_never_becomes_an_administrator(
    session: Any, before: Role, role: Role
) -> None:
    user = make_user(before, make_organisation() if before.in_hospital else None)
    with pytest.raises(Forbidden, match="另发账号"):
        move(user, role, by=make_security_administrator())
    assert user.role is before


def test_form_offers_no_role_that_the_account_cannot_take(client: PageClient) -> None:
    business, auditor = make_user(Role.EXPERT), make_user(Role.AUDITOR)
    client.login(make_security_administrator(), PASSWORD)
    page = client.get(f"/admin/users/{business.id}")
    offered = {option["value"] for option in page.select("#role option")} - {""}
    assert offered == {role.value for role in set(Role) - ADMINISTRATIVE_ROLES}
    page = client.get(f"/admin/users/{auditor.id}")
    assert page.select("#role") == []
    assert "“审计员”账号的角色不能改变" in page.text
    sent = client.submit(page, "#details form", role="expert", name="新名字")
    assert (sent.status, auditor.role, auditor.name) == (303, Role.AUDITOR, "新名字")
    forced = client.submit(
        client.get(f"/admin/users/{business.id}"), "#details form", role="auditor"
    )
    assert (forced.status, business.role) == (422, Role.EXPERT)


@pytest.mark.parametrize("role", ADMINISTRATIVE)
def test_administrators_keep_what_is_theirs_and_nothing_else(
    client: PageClient, role: Role
) -> None:
    scene = make_scene()
    client.login(make_user(role), PASSWORD)
    theirs = {
        Role.ADMINISTRATOR: "/admin/organisations",
        Role.SECURITY_ADMINISTRATOR: "/admin/users",
        Role.AUDITOR: "/admin/audit",
    }
    for owner, address in theirs.items():
        assert client.get(address).status == (200 if owner is role else 404)
    for address in ("/pairings", f"/pairings/{scene.pairing_id}", "/tasks", "/agreements"):
        assert client.get(address).status == 404
    menu = [link["href"] for link in client.get(theirs[role]).select(".site-nav a")]
    assert menu[0] == theirs[role]
    assert all(str(address).startswith("/admin/") for address in menu)


def test_list_of_organisations_leads_no_system_administrator_to_the_accounts(
    new_client: Callable[[], PageClient],
) -> None:
    scene = make_scene()
    administrator, centre = new_client(), new_client()
    administrator.login(scene.administrator, PASSWORD)
    centre.login(scene.centre, PASSWORD)
    links = "a[href^='/admin/users']"
    assert administrator.get("/admin/organisations").select(links) == []
    assert len(centre.get("/admin/organisations").select(links)) > 1


@pytest.mark.parametrize(
    ("options", "role"),
    [
        ([], Role.ADMINISTRATOR),
        (["--role", "administrator"], Role.ADMINISTRATOR),
        (["--role", "security_administrator"], Role.SECURITY_ADMINISTRATOR),
    ],
)
def test_operator_makes_the_first_of_each_kind_and_only_the_first(
    session: Any, app: Any, options: list[str], role: Role
) -> None:
    runner = app.test_cli_runner()
    done = runner.invoke(args=["create-admin", *options, "first", "邓某某"])
    assert done.exit_code == 0, done.output
    user = db.session.query(User).filter_by(username="first").one()
    assert (user.role, user.position, user.must_change_password) == (role, role.label, True)
    event = db.session.query(Event).filter_by(object_type="user", object_id=user.id).one()
    assert event.title == f"建立首个{role.label}账号"
    assert runner.invoke(args=["create-admin", *options, "second", "某"]).exit_code == 1
    with pytest.raises(StepRefused, match="安全管理员"):
        users.first_administrator("second", "某", role)


@pytest.mark.parametrize("role", ["auditor", "centre_reviewer", "emperor"])
def test_operator_makes_no_other_account(session: Any, app: Any, role: str) -> None:
    refused = app.test_cli_runner().invoke(args=["create-admin", "--role", role, "first", "某"])
    assert refused.exit_code == 2
    assert db.session.query(User).filter_by(username="first").count() == 0
