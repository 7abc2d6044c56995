"""The service is down, or is not who it should be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask

from portal.models import User
from portal.sso import Provider
from portal.web.single_sign_on import EXTENSION, SingleSignOn
from tests.support.oidc import CLIENT_SECRET, FakeProvider
from tests.support.pages import PageClient
from tests.support.sso import back_from


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
