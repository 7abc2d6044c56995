"""Forged, replayed and mixed-up answers of a log-in service: told kindly, and nobody is in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from flask import Flask

from portal.extensions import db
from portal.models import User, UserSession
from portal.sso import Provider
from portal.web.single_sign_on import EXTENSION, SingleSignOn
from tests.support.oidc import CLIENT_ID, FakeProvider
from tests.support.pages import PageClient
from tests.support.sso import back_from, come_in, is_in

CANNOT_BE_PROVED = "无法核实"


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
