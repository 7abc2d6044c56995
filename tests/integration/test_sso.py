"""Logging in by a hospital's own service, which answers over real sockets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from flask import Flask

from portal.extensions import db
from portal.models import Event, Organisation, Role, User, UserIdentity, UserSession
from portal.services import users
from portal.sso import Provider
from portal.web.single_sign_on import EXTENSION, SingleSignOn
from tests.factories import PASSWORD, make_organisation, make_user
from tests.factories.access import make_identity, make_invitation, make_invited_user
from tests.factories.sessions import code_of, demand_second_factor, with_second_factor
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, FakeProvider
from tests.support.pages import Page, PageClient

HOSPITAL = "海口试验医院"
CANNOT_BE_PROVED = "无法核实"
NOT_LINKED = "还没有关联可用的门户账号"


@pytest.fixture
def provider(oidc_provider: FakeProvider) -> Provider:
    """The service as the operator's file would name it."""
    return Provider(
        slug="haikou",
        label="海口试验医院统一身份",
        organisation=HOSPITAL,
        issuer=oidc_provider.issuer,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )


@pytest.fixture(autouse=True)
def _sso(app: Flask, provider: Provider) -> Iterator[None]:
    before = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = SingleSignOn(app, {provider.slug: provider})
    yield
    app.extensions[EXTENSION] = before


@pytest.fixture
def hospital(app: Flask) -> Organisation:
    return make_organisation(name=HOSPITAL)


@pytest.fixture
def user(hospital: Organisation) -> User:
    """Somebody whom the service calls 0012."""
    person = make_user(Role.BASE_COORDINATOR, hospital, name="符同心")
    make_identity(person, "haikou", "0012")
    return person


def titles(user: User) -> list[str]:
    rows = db.session.query(Event).filter_by(object_type="user", object_id=user.id)
    return [event.title for event in rows.order_by(Event.id)]


def back_from(address: str) -> str:
    """Let the service log the person in, and return the path it sends the browser to."""
    answer = requests.get(address, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def come_in(client: PageClient, query: str = "") -> Page:
    started = client.get(f"/sso/haikou{query}")
    assert started.status == 302
    return client.get(back_from(started.location))


def is_in(client: PageClient) -> bool:
    return client.get("/account/identities").status == 200


# Coming in.


def test_person_comes_in_by_the_service(client: PageClient, user: User) -> None:
    button = client.get("/login").one("a[href^='/sso/haikou']")
    assert "海口试验医院统一身份" in button.get_text()
    page = come_in(client)
    assert page.location == "/"
    assert "符同心" in client.get("/").text
    assert titles(user) == ["登录"]
    assert db.session.query(UserSession).one().way == "haikou"
    assert user.last_login_at is not None


def test_service_is_asked_with_state_nonce_and_pkce(
    client: PageClient, user: User, oidc_provider: FakeProvider
) -> None:
    asked = parse_qs(urlsplit(client.get("/sso/haikou").location).query)
    assert asked["response_type"] == ["code"]
    assert asked["scope"] == ["openid"]
    assert asked["code_challenge_method"] == ["S256"]
    assert min(len(asked[name][0]) for name in ("state", "nonce", "code_challenge")) >= 20
    assert asked["redirect_uri"] == ["http://localhost/sso/haikou/callback"]
    again = parse_qs(urlsplit(client.get("/sso/haikou").location).query)
    assert asked["state"] != again["state"]
    assert asked["nonce"] != again["nonce"]


def test_lock_after_wrong_passwords_does_not_matter(client: PageClient, user: User) -> None:
    for _ in range(5):
        client.post("/login", {"username": user.username, "password": "falsch"})
    assert user.locked_until is not None
    assert come_in(client).status == 303
    assert is_in(client)


def test_login_page_has_no_button_without_a_service(app: Flask, client: PageClient) -> None:
    app.extensions[EXTENSION] = SingleSignOn(app, {})
    assert client.get("/login").select("a[href^='/sso/']") == []
    assert client.get("/sso/haikou").status == 404
    assert client.get("/sso/haikou/callback?code=x&state=y").status == 404


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/pairings", "/pairings"),
        ("/tasks?light=red", "/tasks?light=red"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_service_leads_to_the_wanted_page_of_the_portal_and_nowhere_else(
    client: PageClient, user: User, wanted: str, leads_to: str
) -> None:
    started = client.get("/sso/haikou", {"next": wanted})
    assert client.get(back_from(started.location)).location == leads_to


# The second factor.


def trusted(app: Flask, provider: Provider, **more: Any) -> None:
    found = replace(provider, second_factor=True, **more)
    app.extensions[EXTENSION] = SingleSignOn(app, {"haikou": found})


def test_own_second_factor_is_asked_for_after_the_service_too(
    client: PageClient, user: User
) -> None:
    with_second_factor(user)
    page = come_in(client, "?next=/pairings")
    assert page.location.startswith("/login/code")
    assert not is_in(client)
    done = client.submit(client.get(page.location), "main form", code=code_of(user))
    assert done.location == "/pairings"
    assert db.session.query(UserSession).one().way == "haikou"


def test_service_trusted_with_the_second_factor_spares_ours(
    app: Flask, client: PageClient, user: User, provider: Provider
) -> None:
    trusted(app, provider)
    with_second_factor(user)
    assert come_in(client).location == "/"
    assert is_in(client)


@pytest.mark.parametrize(
    ("acr", "leads_to"), [("mfa", "/"), ("pwd", "/login/code"), (None, "/login/code")]
)
def test_trust_can_hang_on_the_mark_of_the_service(
    app: Flask,
    client: PageClient,
    user: User,
    provider: Provider,
    oidc_provider: FakeProvider,
    acr: str | None,
    leads_to: str,
) -> None:
    trusted(app, provider, acr="mfa")
    with_second_factor(user)
    oidc_provider.claims = {"acr": acr}
    started = client.get("/sso/haikou")
    assert parse_qs(urlsplit(started.location).query)["acr_values"] == ["mfa"]
    assert client.get(back_from(started.location)).location == leads_to


@pytest.mark.parametrize(("is_trusted", "status"), [(False, 302), (True, 200)])
def test_demanded_second_factor_is_set_up_first_unless_the_service_gives_it(
    app: Flask, client: PageClient, user: User, provider: Provider, is_trusted: bool, status: int
) -> None:
    demand_second_factor(user.role)
    if is_trusted:
        trusted(app, provider)
    come_in(client)
    assert client.get("/pairings").status == status


# Who does not come in.


def of_nobody(user: User) -> None:
    db.session.query(UserIdentity).delete()


def disabled(user: User) -> None:
    keeper = make_user(Role.SECURITY_ADMINISTRATOR)
    users.disable_account(user, reason="离职", actor=keeper)


def moved(user: User) -> None:
    user.organisation = make_organisation()


@pytest.mark.parametrize("happen", [of_nobody, disabled, moved])
def test_identity_without_a_usable_account_is_told_one_sentence(
    client: PageClient, user: User, happen: Callable[[User], None]
) -> None:
    happen(user)
    page = come_in(client)
    assert page.status == 403
    assert NOT_LINKED in page.text
    assert "先用用户名和密码登录一次" in page.text
    assert user.name not in page.text
    assert not is_in(client)
    assert "登录" not in titles(user)


def test_refused_log_in_of_a_disabled_account_is_on_the_record(
    client: PageClient, user: User
) -> None:
    disabled(user)
    come_in(client)
    assert titles(user)[-1] == "海口试验医院统一身份登录被拒绝"


def test_same_subject_at_another_service_is_somebody_else(
    client: PageClient, user: User, oidc_provider: FakeProvider
) -> None:
    db.session.query(UserIdentity).update({"provider": "sanya"})
    assert NOT_LINKED in come_in(client).text
    assert not is_in(client)


# Forged, replayed and mixed-up answers. Each is told kindly, and nobody is in.


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": 1_500_000_000},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 12},
    ],
    ids=str,
)
def test_token_with_wrong_claims_opens_nothing(
    client: PageClient, user: User, oidc_provider: FakeProvider, claims: dict[str, Any]
) -> None:
    oidc_provider.claims = claims
    page = come_in(client)
    assert page.status == 403
    assert CANNOT_BE_PROVED in page.text
    assert not is_in(client)
    assert db.session.query(UserSession).count() == 0


@pytest.mark.parametrize("signed", ["foreign", "shared", "none"])
def test_token_signed_by_nobody_we_trust_opens_nothing(
    client: PageClient, user: User, oidc_provider: FakeProvider, signed: str
) -> None:
    oidc_provider.signs_with = signed
    page = come_in(client)
    assert page.status == 403
    assert CANNOT_BE_PROVED in page.text
    assert not is_in(client)


@pytest.mark.parametrize("signed", ["shared", "none"])
def test_weak_signature_is_refused_even_where_the_service_offers_it(
    client: PageClient, user: User, oidc_provider: FakeProvider, signed: str
) -> None:
    offered = ["RS256", "HS256", "none"]
    oidc_provider.metadata = {"id_token_signing_alg_values_supported": offered}
    oidc_provider.signs_with = signed
    assert come_in(client).status == 403
    assert not is_in(client)


def test_answer_is_good_once(client: PageClient, user: User) -> None:
    answer = back_from(client.get("/sso/haikou").location)
    assert client.get(answer).status == 303
    client.logout()
    again = client.get(answer)
    assert again.status == 403
    assert "已经失效" in again.text


def test_answer_replayed_with_the_old_cookie_is_refused_by_the_service(
    client: PageClient, user: User
) -> None:
    answer = back_from(client.get("/sso/haikou").location)
    cookie = client.http.get_cookie("session")
    assert cookie is not None
    assert client.get(answer).status == 303
    client.logout()
    client.http.set_cookie("session", cookie.value)
    again = client.get(answer)
    assert again.status == 403
    assert CANNOT_BE_PROVED in again.text
    assert not is_in(client)


def test_answer_meant_for_another_browser_is_refused(
    client: PageClient, new_client: Callable[[], PageClient], user: User
) -> None:
    """Nobody can be logged in as somebody else by a link (log-in CSRF)."""
    victim = new_client()
    victim.get("/sso/haikou")
    answer = back_from(client.get("/sso/haikou").location)
    page = victim.get(answer)
    assert page.status == 403
    assert "已经失效" in page.text
    assert not is_in(victim)


def test_code_of_another_round_is_refused(client: PageClient, user: User) -> None:
    """A code that was begun elsewhere does not fit this browser's proof key."""
    stolen = parse_qs(urlsplit(back_from(client.get("/sso/haikou").location)).query)["code"][0]
    own = parse_qs(urlsplit(client.get("/sso/haikou").location).query)["state"][0]
    page = client.get("/sso/haikou/callback", {"code": stolen, "state": own})
    assert page.status == 403
    assert not is_in(client)


@pytest.mark.parametrize("query", ["", "code=x", "state=x", "code=x&state=y", "error=server_error"])
def test_answer_that_nobody_asked_for_is_refused(client: PageClient, query: str) -> None:
    page = client.get(f"/sso/haikou/callback?{query}")
    assert page.status == 403
    assert "已经失效" in page.text


def test_answer_of_another_service_is_refused(
    client: PageClient, user: User, oidc_provider: FakeProvider
) -> None:
    answer = back_from(client.get("/sso/haikou").location)
    mixed = answer.partition("&iss=")[0] + "&iss=https%3A%2F%2Fevil.example"
    page = client.get(mixed)
    assert page.status == 403
    assert oidc_provider.token_requests == [], "the code must not be given to anybody"


def test_missing_sender_is_refused_where_the_service_promises_to_name_itself(
    client: PageClient, user: User, oidc_provider: FakeProvider
) -> None:
    oidc_provider.metadata = {"authorization_response_iss_parameter_supported": True}
    answer = back_from(client.get("/sso/haikou").location)
    assert client.get(answer.partition("&iss=")[0]).status == 403
    assert not is_in(client)


def test_answer_to_one_service_is_none_to_the_other(
    app: Flask, client: PageClient, user: User, provider: Provider
) -> None:
    both = {"haikou": provider, "sanya": replace(provider, slug="sanya")}
    app.extensions[EXTENSION] = SingleSignOn(app, both)
    answer = back_from(client.get("/sso/haikou").location)
    page = client.get(answer.replace("/sso/haikou/", "/sso/sanya/"))
    assert page.status == 403
    assert "已经失效" in page.text


def test_answer_after_a_quarter_of_an_hour_is_too_late(client: PageClient, user: User) -> None:
    with time_machine.travel("2026-01-05T09:00:00+08:00", tick=False) as clock:
        started = client.get("/sso/haikou")
        clock.shift(15 * 60 + 1)
        page = client.get(back_from(started.location))
    assert page.status == 403
    assert "用时过长" in page.text


def test_cancelling_at_the_service_is_told_so(client: PageClient, user: User) -> None:
    state = parse_qs(urlsplit(client.get("/sso/haikou").location).query)["state"][0]
    page = client.get("/sso/haikou/callback", {"error": "access_denied", "state": state})
    assert page.status == 403
    assert "取消了登录" in page.text


def test_way_back_takes_no_head_and_no_form(client: PageClient) -> None:
    assert client.http.head("/sso/haikou/callback").status_code == 405
    assert client.post("/sso/haikou/callback").status == 405


# The service is down, or is not who it should be.


def test_service_that_offers_only_weak_signatures_is_not_used(
    client: PageClient, user: User, oidc_provider: FakeProvider
) -> None:
    oidc_provider.metadata = {"id_token_signing_alg_values_supported": ["HS256", "none"]}
    for _ in range(2):
        assert client.get("/sso/haikou").status == 503


def test_service_that_did_not_answer_is_left_alone_for_a_while(
    app: Flask, client: PageClient, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = replace(provider, issuer="http://127.0.0.1:9")
    app.extensions[EXTENSION] = SingleSignOn(app, {"haikou": nowhere})
    asked: list[str] = []
    send = requests.Session.send

    def noting(self: Any, asking: Any, **more: Any) -> Any:
        asked.append(asking.url)
        assert more["timeout"] == (2, 8)
        return send(self, asking, **more)

    monkeypatch.setattr(requests.Session, "send", noting)
    for _ in range(3):
        assert client.get("/sso/haikou").status == 503
    assert len(asked) == 1


def busy(provider: FakeProvider) -> None:
    provider.fails_with = 503


def another_name(provider: FakeProvider) -> None:
    provider.metadata = {"issuer": "https://evil.example"}


def no_token_address(provider: FakeProvider) -> None:
    provider.metadata = {"token_endpoint": None}


def odd_address(provider: FakeProvider) -> None:
    provider.metadata = {"authorization_endpoint": "javascript:alert(1)"}


@pytest.mark.parametrize("happen", [busy, another_name, no_token_address, odd_address])
def test_service_that_fails_is_told_kindly_and_logged(
    client: PageClient,
    oidc_provider: FakeProvider,
    caplog: pytest.LogCaptureFixture,
    happen: Callable[[FakeProvider], None],
) -> None:
    happen(oidc_provider)
    with caplog.at_level(logging.WARNING, logger="portal.sso"):
        page = client.get("/sso/haikou")
    assert page.status == 503
    assert "暂时没有响应" in page.text
    assert "sso haikou" in caplog.text
    oidc_provider.reset()
    assert client.get("/sso/haikou").status == 302, "it is asked again as soon as it is well"


def test_service_that_nobody_answers_for_is_told_kindly(
    app: Flask, client: PageClient, provider: Provider
) -> None:
    gone = replace(provider, issuer="http://127.0.0.1:9")
    app.extensions[EXTENSION] = SingleSignOn(app, {"haikou": gone})
    page = client.get("/sso/haikou")
    assert page.status == 503
    assert page.select("a[href='/login']") != []


def test_https_service_must_not_send_to_plain_http(
    app: Flask, client: PageClient, provider: Provider, oidc_provider: FakeProvider
) -> None:
    secure = replace(provider, issuer="https://sso.example.org")
    sign_on = SingleSignOn(app, {"haikou": secure})
    app.extensions[EXTENSION] = sign_on
    described = requests.get(
        f"{oidc_provider.issuer}/.well-known/openid-configuration", timeout=5
    ).json()
    sign_on.client(secure).server_metadata.update(
        described | {"issuer": secure.issuer, "_loaded_at": 4_000_000_000}
    )
    assert client.get("/sso/haikou").status == 503


def test_secrets_of_a_log_in_reach_no_log(
    client: PageClient, user: User, caplog: pytest.LogCaptureFixture, oidc_provider: FakeProvider
) -> None:
    oidc_provider.claims = {"nonce": "another"}
    with caplog.at_level(logging.INFO):
        started = client.get("/sso/haikou")
        answer = back_from(started.location)
        client.get(answer)
    code = parse_qs(urlsplit(answer).query)["code"][0]
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("portal"))
    assert "refused" in ours
    assert code not in ours
    assert CLIENT_SECRET not in caplog.text


# Linking.


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


# An invitation without a password.


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
