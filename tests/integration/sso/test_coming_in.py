"""Coming in by a hospital's own log-in service, against a provider over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from portal.extensions import db
from portal.models import Role, User, UserIdentity, UserSession
from portal.services import users
from portal.sso import Provider
from portal.web.single_sign_on import EXTENSION, SingleSignOn
from tests.factories import make_organisation, make_user
from tests.factories.sessions import code_of, demand_second_factor, with_second_factor
from tests.support.oidc import FakeProvider
from tests.support.pages import PageClient
from tests.support.sso import NOT_LINKED, back_from, come_in, is_in, titles


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
