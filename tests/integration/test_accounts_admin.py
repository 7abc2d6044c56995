"""Issuing and keeping accounts, through the administration's pages."""

from collections.abc import Callable
from typing import Any

import pytest

from portal import passwords
from portal.errors import Forbidden, Rejected, StepRefused
from portal.extensions import db
from portal.models import Event, OrganisationKind, Role, User
from portal.services import users
from portal.services.users import UserEntry
from tests.factories import PASSWORD, make_organisation, make_scene, make_user
from tests.factories.accounts import (
    make_centre_reviewer,
    make_disabled_user,
    make_security_administrator,
)
from tests.support.pages import PageClient
from tests.support.queries import count_queries

KINDS = {
    Role.COMMISSION_OFFICER: OrganisationKind.COMMISSION,
    Role.CENTRE_REVIEWER: OrganisationKind.CENTRE,
    Role.CITY_OFFICER: OrganisationKind.CITY_COMMISSION,
    Role.BASE_COORDINATOR: OrganisationKind.HOSPITAL,
    Role.BASE_LEADER: OrganisationKind.HOSPITAL,
    Role.CONTRIBUTOR: OrganisationKind.HOSPITAL,
}
CENTRE_KEEPS = {
    Role.CITY_OFFICER,
    Role.BASE_COORDINATOR,
    Role.BASE_LEADER,
    Role.CONTRIBUTOR,
    Role.EXPERT,
}


def make_of(role: Role) -> User:
    return make_user(role, make_organisation(KINDS[role]) if role in KINDS else None)


def entry(role: Role, organisation: Any = None, name: str = "林一川") -> UserEntry:
    return UserEntry(name, "科教科科长", role, organisation)


def last_event(user: User) -> Event:
    return (
        db.session.query(Event)
        .filter_by(object_type="user", object_id=user.id)
        .order_by(Event.id.desc())
        .first()
    )


def the(username: str) -> User | None:
    return db.session.query(User).filter_by(username=username).one_or_none()


# Who keeps whose account.


@pytest.mark.parametrize("actor_role", list(Role))
@pytest.mark.parametrize("role", list(Role))
def test_only_the_keeper_of_a_role_issues_its_accounts(
    session: Any, actor_role: Role, role: Role
) -> None:
    actor = make_of(actor_role)
    organisation = make_organisation(KINDS[role]) if role in KINDS else None
    allowed = actor_role is Role.SECURITY_ADMINISTRATOR or (
        actor_role is Role.CENTRE_REVIEWER and role in CENTRE_KEEPS
    )
    if not allowed:
        with pytest.raises(Forbidden):
            users.issue_account("new-account", entry(role, organisation), actor=actor)
        assert the("new-account") is None
        return
    issued = users.issue_account("new-account", entry(role, organisation), actor=actor)
    assert issued.user.role is role
    assert last_event(issued.user).actor_id == actor.id


@pytest.mark.parametrize("kind", [None, *OrganisationKind])
@pytest.mark.parametrize("role", list(Role))
def test_account_belongs_to_the_kind_of_organisation_its_role_needs(
    session: Any, role: Role, kind: OrganisationKind | None
) -> None:
    actor = make_security_administrator()
    organisation = make_organisation(kind) if kind else None
    fits = role not in KINDS or KINDS[role] is kind
    if fits:
        issued = users.issue_account("new-account", entry(role, organisation), actor=actor)
        assert issued.user.organisation is organisation
        return
    with pytest.raises(Rejected) as refusal:
        users.issue_account("new-account", entry(role, organisation), actor=actor)
    assert list(refusal.value.fields) == ["organisation"]


# Issuing.


def test_administrator_issues_an_account_and_sees_its_password_once(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    hospital = make_organisation()
    client.login(make_security_administrator(), PASSWORD)
    form = client.get("/admin/users/new")
    filled = {
        "username": "Lin.Yichuan",
        "name": "林一川",
        "position": "科教科科长",
        "role": "base_coordinator",
        "organisation": str(hospital.id),
        "way": "password",
    }
    page = client.submit(form, "main form", **filled)
    assert page.status == 200
    password = page.texts("#initial-password")[0]
    user = the("lin.yichuan")
    assert user is not None
    assert user.must_change_password
    assert password not in client.get(f"/admin/users/{user.id}").html
    owner = new_client()
    owner.login(user, password)
    assert owner.get("/").location == "/account/password"
    # Sent again, the form neither makes a second account nor shows the password again.
    again = client.submit(form, "main form", **filled)
    assert again.location == f"/admin/users/{user.id}"
    assert db.session.query(User).filter_by(name="林一川").count() == 1


def test_password_page_is_kept_by_no_cache(client: PageClient) -> None:
    client.login(make_security_administrator(), PASSWORD)
    page = client.post(f"/admin/users/{make_of(Role.EXPERT).id}/password")
    assert "no-store" in page.headers["Cache-Control"]


def test_initial_passwords_are_fit_and_differ() -> None:
    made = {passwords.initial_password() for _ in range(200)}
    assert len(made) == 200
    assert [one for one in made if passwords.weaknesses(one, ["user"])] == []


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"username": "ab"}, "username", "3 至 64 位"),
        ({"username": "9lives"}, "username", "小写字母开头"),
        ({"username": "林一川"}, "username", "小写字母开头"),
        ({"username": "a" * 65}, "username", "最多 64 个字"),
        ({"username": "TAKEN"}, "username", "已被使用"),
        ({"username": ""}, "username", "请填写用户名"),
        ({"name": " "}, "name", "请填写姓名"),
        ({"name": "林" * 41}, "name", "最多 40 个字，现有 41 个字"),
        ({"position": "长" * 61}, "position", "最多 60 个字"),
        ({"role": ""}, "role", "请选择角色"),
        ({"role": "emperor"}, "role", "不是有效的选择"),
        ({"organisation": ""}, "organisation", "必须选择所属单位"),
        ({"organisation": "999999"}, "organisation", "不是有效的选择"),
        ({"role": "city_officer"}, "organisation", "只能属于市卫生健康委"),
    ],
)
def test_unfit_account_is_refused_and_what_was_typed_stays(
    client: PageClient, changed: dict[str, str], field: str, says: str
) -> None:
    make_user(Role.EXPERT, username="taken")
    hospital = make_organisation()
    client.login(make_security_administrator(), PASSWORD)
    values = {
        "username": "lin.yichuan",
        "name": "林一川",
        "position": "科教科科长",
        "role": "base_leader",
        "organisation": str(hospital.id),
    } | changed
    page = client.submit(client.get("/admin/users/new"), "main form", **values)
    assert page.status == 422
    assert says in page.texts(f"#{field}-error")[0]
    for kept in {"username", "name", "position"} - {field}:
        assert page.one(f"#{kept}")["value"] == values[kept]
    assert db.session.query(User).filter_by(name="林一川").count() == 0


def test_centre_is_offered_only_the_roles_it_keeps(client: PageClient) -> None:
    client.login(make_centre_reviewer(), PASSWORD)
    page = client.get("/admin/users/new")
    offered = {option["value"] for option in page.select("#role option")} - {""}
    assert offered == {role.value for role in CENTRE_KEEPS}


# The list.


def test_list_shows_the_accounts_one_keeps_and_no_others(
    new_client: Callable[[], PageClient],
) -> None:
    scene = make_scene()
    administrator, centre = new_client(), new_client()
    administrator.login(scene.security_administrator, PASSWORD)
    centre.login(scene.centre, PASSWORD)
    everyone = {user.username for user in db.session.query(User)}
    kept = {user.username for user in db.session.query(User) if user.role in CENTRE_KEEPS}
    column = "td[data-label=用户名]"
    assert set(administrator.get("/admin/users").texts(column)) == everyone
    assert set(centre.get("/admin/users").texts(column)) == kept
    assert len(kept) < len(everyone)


def test_filters_stand_in_the_address_and_narrow_the_list(client: PageClient) -> None:
    administrator = make_security_administrator("zz-admin")
    hospital = make_organisation()
    make_user(Role.BASE_LEADER, hospital, username="leader-one", name="周明远")
    make_user(Role.CONTRIBUTOR, hospital, username="doctor-one", name="周一一")
    make_user(Role.EXPERT, username="expert-one", name="吴二二")
    closed = make_disabled_user()
    client.login(administrator, PASSWORD)

    def listed(**query: Any) -> set[str]:
        return set(client.get("/admin/users", query).texts("td[data-label=用户名]"))

    assert listed(role="base_leader") == {"leader-one"}
    assert listed(organisation=hospital.id) == {"leader-one", "doctor-one"}
    assert listed(q="周") == {"leader-one", "doctor-one"}
    assert listed(q="EXPERT-") == {"expert-one"}
    assert listed(q="%") == set()
    assert listed(active="0") == {closed.username}
    assert listed(active="1", role="expert") == {"expert-one"}
    assert listed(role="nonsense", organisation="x", active="7") >= {"leader-one", "zz-admin"}
    page = client.get("/admin/users", {"role": "base_leader"})
    assert page.one("select[name=role] option[selected]")["value"] == "base_leader"


def test_list_is_paged_by_key_forwards_and_back(client: PageClient) -> None:
    for number in range(120):
        make_user(Role.EXPERT, username=f"expert-{number:03}")
    client.login(make_security_administrator(), PASSWORD)
    pages, address = [], "/admin/users?role=expert"
    while address:
        page = client.get(address)
        pages.append(page.texts("td[data-label=用户名]"))
        address = next((a["href"] for a in page.select("a[rel=next]")), "")
    assert [len(names) for names in pages] == [50, 50, 20]
    assert [name for names in pages for name in names] == [
        f"expert-{number:03}" for number in range(120)
    ]
    back = client.get(page.one("a[rel=prev]")["href"])
    assert back.texts("td[data-label=用户名]") == pages[1]
    first = client.get(back.one("a[rel=prev]")["href"])
    assert first.texts("td[data-label=用户名]") == pages[0]
    assert first.select("a[rel=prev]") == []


def test_list_asks_a_fixed_number_of_queries(client: PageClient) -> None:
    client.login(make_security_administrator(), PASSWORD)
    for _ in range(30):
        make_of(Role.BASE_COORDINATOR)
    with count_queries() as queries:
        client.get("/admin/users")
    # The account of the request, the page of accounts, the organisations and their bases.
    queries.at_most(4)


def test_empty_list_says_what_belongs_there(client: PageClient) -> None:
    client.login(make_security_administrator(), PASSWORD)
    page = client.get("/admin/users?q=nobody-of-that-name")
    assert "没有符合条件的账号" in page.text


# Editing.


def test_centre_edits_name_and_position_but_not_role_and_organisation(client: PageClient) -> None:
    user, other = make_of(Role.BASE_COORDINATOR), make_organisation()
    home = user.organisation_id
    client.login(make_centre_reviewer(), PASSWORD)
    page = client.get(f"/admin/users/{user.id}")
    assert page.select("#role, #organisation") == []
    saved = client.submit(
        page,
        "#details form",
        name="赵新名",
        position="副科长",
        role="base_leader",
        organisation=str(other.id),
    )
    assert saved.status == 303
    assert (user.name, user.position) == ("赵新名", "副科长")
    assert (user.role, user.organisation_id) == (Role.BASE_COORDINATOR, home)
    assert last_event(user).details[0][0] == "姓名"


def test_centre_may_not_move_an_account_by_the_service_either(session: Any) -> None:
    user, centre = make_of(Role.BASE_COORDINATOR), make_centre_reviewer()
    moved = UserEntry(user.name, user.position, Role.BASE_LEADER, user.organisation)
    with pytest.raises(Forbidden):
        users.edit_account(user, moved, seen=None, actor=centre)
    assert user.role is Role.BASE_COORDINATOR


def test_administrator_moves_an_account_and_the_record_says_from_where(client: PageClient) -> None:
    user, other = make_of(Role.BASE_COORDINATOR), make_organisation()
    client.login(make_security_administrator(), PASSWORD)
    page = client.get(f"/admin/users/{user.id}")
    before = user.organisation_name
    client.submit(page, "#details form", role="base_leader", organisation=str(other.id))
    assert (user.role, user.organisation) == (Role.BASE_LEADER, other)
    event = last_event(user)
    assert event.title == "调整账号角色或单位"
    assert ["单位", f"{before} → {other.name}"] in event.details


def test_moving_to_an_organisation_of_the_wrong_kind_is_refused(client: PageClient) -> None:
    user, city = make_of(Role.BASE_LEADER), make_organisation(OrganisationKind.CITY_COMMISSION)
    client.login(make_security_administrator(), PASSWORD)
    page = client.get(f"/admin/users/{user.id}")
    refused = client.submit(page, "#details form", name="改名", organisation=str(city.id))
    assert refused.status == 422
    assert "只能属于医院" in refused.texts("#organisation-error")[0]
    assert refused.one("#name")["value"] == "改名"
    assert user.name != "改名"


def test_later_of_two_editors_is_told_and_sees_both_texts(
    new_client: Callable[[], PageClient],
) -> None:
    user = make_of(Role.BASE_LEADER)
    first, second = new_client(), new_client()
    first.login(make_security_administrator(), PASSWORD)
    second.login(make_centre_reviewer(), PASSWORD)
    page, stale = first.get(f"/admin/users/{user.id}"), second.get(f"/admin/users/{user.id}")
    first.submit(page, "#details form", name="甲改的名")
    told = second.submit(stale, "#details form", name="乙改的名")
    assert told.status == 409
    assert "甲改的名" in told.one(".conflict").get_text()
    assert told.one("#name")["value"] == "乙改的名"
    assert user.name == "甲改的名"
    saved = second.submit(told, "#details form")
    assert saved.status == 303
    assert user.name == "乙改的名"


def test_saving_without_a_change_records_nothing(client: PageClient) -> None:
    user = make_of(Role.BASE_LEADER)
    client.login(make_security_administrator(), PASSWORD)
    client.submit(client.get(f"/admin/users/{user.id}"), "#details form")
    assert last_event(user) is None


# Disabling, enabling, new passwords.


def test_disabled_account_is_put_out_and_its_reason_kept(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    user, keeper = make_of(Role.BASE_COORDINATOR), make_centre_reviewer()
    theirs = new_client()
    theirs.login(user, PASSWORD)
    client.login(keeper, PASSWORD)
    page = client.get(f"/admin/users/{user.id}")
    assert client.submit(page, "#disable", reason="调离本单位").status == 303
    assert theirs.get("/pairings").status == 302
    event = last_event(user)
    assert (event.action, event.comment, event.actor_id) == ("disabled", "调离本单位", keeper.id)
    shown = client.get(f"/admin/users/{user.id}")
    assert "账号已停用" in shown.text
    assert client.submit(shown, ".inline-action").status == 303
    theirs.login(user, PASSWORD)
    assert theirs.get("/pairings").status == 200


def test_disabling_without_a_reason_is_refused_beside_its_field(client: PageClient) -> None:
    user = make_of(Role.BASE_COORDINATOR)
    client.login(make_security_administrator(), PASSWORD)
    page = client.submit(client.get(f"/admin/users/{user.id}"), "#disable", reason=" ")
    assert page.status == 422
    assert page.texts("#reason-error") == ["请填写停用的原因。"]
    assert user.is_active


def test_reset_password_lifts_the_lock_and_ends_the_sessions(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    user = make_of(Role.BASE_COORDINATOR)
    theirs = new_client()
    theirs.login(user, PASSWORD)
    for _ in range(5):
        new_client().post("/login", {"username": user.username, "password": "Cuowu-2020"})
    client.login(make_centre_reviewer(), PASSWORD)
    assert "暂时锁定" in client.get(f"/admin/users/{user.id}").text
    page = client.post(f"/admin/users/{user.id}/password")
    assert page.status == 200
    assert theirs.get("/pairings").status == 302
    theirs.login(user, page.texts("#initial-password")[0])
    assert theirs.get("/pairings").location == "/account/password"
    assert last_event(user).action == "log_in"


@pytest.mark.parametrize("verb", ["disable", "enable", "password"])
def test_nobody_switches_or_resets_their_own_account(client: PageClient, verb: str) -> None:
    administrator = make_security_administrator()
    client.login(administrator, PASSWORD)
    page = client.post(f"/admin/users/{administrator.id}/{verb}", {"reason": "试一试"})
    assert page.status == 403
    assert administrator.is_active
    assert client.get("/admin/users").status == 200


def test_nobody_changes_their_own_role(client: PageClient) -> None:
    administrator = make_security_administrator()
    client.login(administrator, PASSWORD)
    page = client.get(f"/admin/users/{administrator.id}")
    assert page.select("#role") == []
    saved = client.submit(page, "#details form", role="auditor", name="改自己的名")
    assert saved.status == 303
    assert (administrator.role, administrator.name) == (Role.SECURITY_ADMINISTRATOR, "改自己的名")
    moved = UserEntry("改自己的名", "", Role.AUDITOR, None)
    with pytest.raises(Forbidden):
        users.edit_account(administrator, moved, seen=None, actor=administrator)


@pytest.mark.parametrize("role", sorted(set(Role) - CENTRE_KEEPS))
def test_centre_is_told_there_is_no_account_of_the_province(client: PageClient, role: Role) -> None:
    user = make_of(role)
    client.login(make_centre_reviewer(), PASSWORD)
    assert client.get(f"/admin/users/{user.id}").status == 404
    for verb in ("disable", "enable", "password"):
        answer = client.post(f"/admin/users/{user.id}/{verb}", {"reason": "试一试"})
        assert answer.status == 404
    assert user.is_active


@pytest.mark.parametrize(
    ("verb", "make"),
    [
        ("disable", make_disabled_user),
        ("enable", lambda: make_of(Role.EXPERT)),
        ("password", make_disabled_user),
    ],
)
def test_step_that_is_not_open_now_is_refused_and_changes_nothing(
    client: PageClient, verb: str, make: Callable[[], User]
) -> None:
    user = make()
    before = (user.is_active, user.password_hash)
    client.login(make_security_administrator(), PASSWORD)
    page = client.post(f"/admin/users/{user.id}/{verb}", {"reason": "试一试"})
    assert page.status == 409
    assert (user.is_active, user.password_hash) == before


# The first administrator of a fresh database.


def test_operator_makes_the_first_administrator_and_only_the_first(session: Any, app: Any) -> None:
    runner = app.test_cli_runner()
    done = runner.invoke(args=["create-admin", "Xitong", "邓某某"])
    assert done.exit_code == 0, done.output
    user = the("xitong")
    assert user is not None
    assert user.role is Role.ADMINISTRATOR
    assert passwords.verify_password(user.password_hash, done.output.split()[-1])
    again = runner.invoke(args=["create-admin", "another", "某某"])
    assert again.exit_code == 1
    assert the("another") is None
    with pytest.raises(StepRefused):
        users.first_administrator("another", "某某")


def test_operator_is_told_of_an_unfit_user_name(session: Any, app: Any) -> None:
    refused = app.test_cli_runner().invoke(args=["create-admin", "x", "某某"])
    assert refused.exit_code == 1
    assert "3 至 64 位" in refused.output


def test_keeper_lifts_a_lock_and_the_password_stays(client: PageClient) -> None:
    user = make_of(Role.BASE_COORDINATOR)
    for _ in range(5):
        client.post("/login", {"username": user.username, "password": "Cuowu-2020"})
    client.login(make_centre_reviewer(), PASSWORD)
    page = client.get(f"/admin/users/{user.id}")
    form = f"form[action='/admin/users/{user.id}/unlock']"
    assert client.submit(page, form).location == f"/admin/users/{user.id}"
    assert "解除锁定" in client.get(f"/admin/users/{user.id}").texts("#history")[0]
    assert client.post(f"/admin/users/{user.id}/unlock").status == 409
    client.post("/logout")
    client.login(user, PASSWORD)
    assert client.get("/pairings").status == 200


def test_nobody_but_the_keeper_lifts_a_lock(session: Any) -> None:
    user = make_of(Role.BASE_COORDINATOR)
    with pytest.raises(Forbidden):
        users.unlock_account(user, actor=make_of(Role.BASE_LEADER))
