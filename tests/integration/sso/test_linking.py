"""Linking an account with a service, parting them again, and invitations without a password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from portal.extensions import db
from portal.models import Organisation, Role, User, UserIdentity, UserSession
from tests.factories import PASSWORD, make_organisation, make_user
from tests.factories.access import make_identity, make_invitation, make_invited_user
from tests.support.oidc import FakeProvider
from tests.support.pages import Page, PageClient
from tests.support.sso import NOT_LINKED, back_from, come_in, is_in, titles


def leave_for(page: Page) -> str:
    """Return the address to which a form's answer leads by itself."""
    refresh = str(page.one("meta[http-equiv=refresh]")["content"])
    address = refresh.partition("url=")[2]
    assert page.select(f"a[href='{address}']"), "without the jump there is a button"
    return address


def start_linking(client: PageClient) -> str:
    page = client.get("/account/identities")
    return leave_for(client.submit(page, "#provider-haikou form", password=PASSWORD))


def test_person_links_the_account_and_comes_in_by_the_service(
    client: PageClient, hospital: Organisation
) -> None:
    person = make_user(Role.BASE_LEADER, hospital)
    client.login(person, PASSWORD)
    linked = client.get(back_from(start_linking(client)))
    assert linked.location == "/account/identities"
    shown = client.get("/account/identities").one("#provider-haikou")
    assert "已关联" in shown.get_text()
    assert titles(person)[-1] == "关联海口试验医院统一身份"
    client.logout()
    assert come_in(client).status == 303
    assert is_in(client)


def test_person_parts_the_two_again(client: PageClient, user: User) -> None:
    client.login(user, PASSWORD)
    page = client.get("/account/identities")
    assert client.submit(page, "#provider-haikou form").status == 303
    assert db.session.query(UserIdentity).count() == 0
    assert titles(user)[-1] == "解除关联海口试验医院统一身份"
    client.logout()
    assert come_in(client).status == 403


def test_identity_of_somebody_else_is_not_taken(
    client: PageClient, user: User, hospital: Organisation
) -> None:
    person = make_user(Role.CONTRIBUTOR, hospital)
    client.login(person, PASSWORD)
    page = client.get(back_from(start_linking(client)))
    assert page.status == 409
    assert "已关联其他账号" in page.text
    assert db.session.query(UserIdentity).one().user_id == user.id


def test_second_identity_at_the_same_service_is_refused(
    client: PageClient, user: User, oidc_provider: FakeProvider
) -> None:
    client.login(user, PASSWORD)
    page = client.get("/account/identities")
    sent = {"csrf_token": client.csrf_token(), "password": PASSWORD}
    oidc_provider.subject = "0013"
    assert page.select("form[action$='/haikou/link']") == [], "no button: it is linked"
    started = client.post("/account/identities/haikou/link", sent)
    refused = client.get(back_from(leave_for(started)))
    assert refused.status == 409
    assert "另一个身份" in refused.text


@pytest.mark.parametrize(
    "role", [role for role in Role if not role.in_hospital and role is not Role.EXPERT]
)
def test_service_of_a_hospital_opens_no_account_of_other_roles(
    client: PageClient, hospital: Organisation, role: Role
) -> None:
    person = make_user(role, hospital)
    make_identity(person, "haikou", "0012")
    assert NOT_LINKED in come_in(client).text
    assert not is_in(client)


def test_linking_asks_the_password_and_ends_the_other_sessions(
    client: PageClient, new_client: Callable[[], PageClient], hospital: Organisation
) -> None:
    person, other = make_user(Role.BASE_COORDINATOR, hospital), new_client()
    other.login(person, PASSWORD)
    client.login(person, PASSWORD)
    page = client.get("/account/identities")
    refused = client.submit(page, "#provider-haikou form", password="Cuowu-2020")
    assert (refused.status, person.failed_logins) == (422, 1)
    assert refused.texts("#password-error")
    assert client.get(back_from(start_linking(client))).location == "/account/identities"
    assert (is_in(client), is_in(other)) == (True, False)


def test_linking_after_coming_in_by_a_service_asks_for_a_fresh_log_in(
    client: PageClient, hospital: Organisation
) -> None:
    person = make_user(Role.BASE_COORDINATOR, hospital)
    client.login(person, PASSWORD)
    (here,) = db.session.query(UserSession)
    here.way = "another"
    db.session.flush()
    page = client.get("/account/identities")
    assert page.select("#password") == []
    assert client.submit(page, "#provider-haikou form").status == 200
    here.created_at -= timedelta(minutes=11)
    db.session.flush()
    assert client.submit(client.get("/account/identities"), "#provider-haikou form").status == 409


def test_account_of_another_hospital_cannot_be_linked(client: PageClient) -> None:
    client.login(make_user(Role.BASE_COORDINATOR, make_organisation()), PASSWORD)
    assert client.get("/account/identities").select("form[action*=link]") == []
    assert client.post("/account/identities/haikou/link").status == 403


def test_link_begun_by_one_person_is_not_finished_for_the_next(
    client: PageClient, hospital: Organisation
) -> None:
    first, second = (make_user(Role.CONTRIBUTOR, hospital) for _ in range(2))
    client.login(first, PASSWORD)
    answer = back_from(start_linking(client))
    cookie = client.http.get_cookie("session")
    client.login(second, PASSWORD)
    page = client.get(answer)
    assert page.status == 403
    assert cookie is not None
    client.logout()
    client.http.set_cookie("session", cookie.value)
    # The old cookie still knows the errand, but its log-in was ended by the second one.
    page = client.get(answer)
    assert page.status == 403
    assert db.session.query(UserIdentity).count() == 0


def test_nobody_unlinks_an_identity_that_is_not_theirs(
    client: PageClient, user: User, hospital: Organisation
) -> None:
    number = db.session.query(UserIdentity).one().id
    client.login(make_user(Role.BASE_LEADER, hospital), PASSWORD)
    assert client.post(f"/account/identities/{number}/unlink").status == 404
    assert db.session.query(UserIdentity).count() == 1


def test_keeper_of_the_account_unlinks_it(client: PageClient, user: User) -> None:
    client.login(make_user(Role.SECURITY_ADMINISTRATOR), PASSWORD)
    page = client.get(f"/admin/users/{user.id}")
    done = client.submit(page, "#identities form")
    assert done.location == f"/admin/users/{user.id}"
    assert db.session.query(UserIdentity).count() == 0


def test_invited_person_comes_in_by_the_service_and_needs_no_password(
    client: PageClient, hospital: Organisation
) -> None:
    person = make_invited_user(Role.CONTRIBUTOR, hospital, name="新来的人")
    page = client.get(f"/invitation/{make_invitation(person)}")
    done = client.get(back_from(leave_for(client.submit(page, ".inline-action"))))
    assert done.location == "/"
    assert "新来的人" in client.get("/").text
    assert not person.must_change_password
    assert titles(person) == [
        "关联海口试验医院统一身份",
        "通过邀请链接启用账号（海口试验医院统一身份）",
        "登录",
    ]
    client.logout()
    assert come_in(client).status == 303


def test_link_used_meanwhile_is_closed_on_the_way_back(
    client: PageClient, hospital: Organisation
) -> None:
    person = make_invited_user(Role.CONTRIBUTOR, hospital)
    secret = make_invitation(person)
    away = leave_for(client.submit(client.get(f"/invitation/{secret}"), ".inline-action"))
    person.must_change_password = False
    db.session.flush()
    page = client.get(back_from(away))
    assert page.status == 410
    assert db.session.query(UserIdentity).count() == 0
    assert not is_in(client)


def test_invitation_of_another_hospital_offers_no_service(client: PageClient) -> None:
    secret = make_invitation(make_invited_user(Role.CONTRIBUTOR, make_organisation()))
    assert client.get(f"/invitation/{secret}").select(".inline-action") == []
    assert client.post(f"/invitation/{secret}/sso/haikou").status == 403


def test_forged_invitation_leads_to_no_service(client: PageClient) -> None:
    page = client.post("/invitation/forged/sso/haikou")
    assert page.status == 404
    assert "没有找到这个邀请链接" in page.text
