"""Secrets that stand in addresses reach no log and no record."""

from pathlib import Path

import pytest
from flask import Flask

from portal import create_app, tokens
from portal.web.secret_address import loggable_path

SECRET = "k3-Tz0pV_q8mWc1Yx7Lr5Nb2Hj6Fd9Gs4Ae0Uo-Qi8M"


@pytest.fixture
def bare_app(tmp_path: Path) -> Flask:
    app = create_app({"DATABASE_URL": "sqlite://", "INSTANCE_PATH": str(tmp_path)})
    app.add_url_rule("/opened/<secret:secret>/<int:number>", "opened", lambda **_: "")
    return app


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        (f"/opened/{SECRET}/7", "/opened/***/7"),
        ("/opened/cut-off/7", "/opened/***/7"),
        (f"/opened/{SECRET}", "/opened/***"),
        (f"/nowhere/{SECRET}/", "/nowhere/***/"),
        ("/tasks/7", "/tasks/7"),
        ("/static/css/portal.css", "/static/css/portal.css"),
    ],
)
def test_logged_path_holds_no_secret(bare_app: Flask, path: str, logged: str) -> None:
    with bare_app.test_request_context(path):
        assert loggable_path() == logged


def test_secrets_differ_and_are_kept_as_a_hash() -> None:
    made = {tokens.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(one) for one in made} == {43}
    kept = tokens.fingerprint(SECRET)
    assert len(kept) == 64
    assert SECRET not in kept
