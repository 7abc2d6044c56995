"""Downloads handed over to a real nginx, configured as docs/storage.md says."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from portal.extensions import db
from portal.models import User
from portal.storage import StorageSettings
from tests.factories import PASSWORD, make_scene
from tests.factories.evidence import evidence_in, pdf_bytes
from tests.support.apps import build_app, dispose, migrate
from tests.support.nginx import running_nginx
from tests.support.pages import PageClient

CONTENT = pdf_bytes("经过代理").ljust(3_000_000, b".")


@dataclass
class Fetch:
    """Fetches through nginx, logged in as one person or another."""

    url: str
    address: str
    sha256: str
    cookies: dict[str, str]

    def __call__(
        self, path: str = "", who: str = "own", **headers: str
    ) -> tuple[int, Message, bytes]:
        cookie = f"session={self.cookies[who]}"
        request = urllib.request.Request(
            self.url + (path or self.address), headers={"Cookie": cookie, **headers}
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()


def logged_in(app: Flask, user: User) -> str:
    """The cookie of somebody who has logged in."""
    client = PageClient(app)
    client.login(user, PASSWORD)
    cookie = client.http.get_cookie("session")
    assert cookie is not None
    return cookie.value


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The portal on a free port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def fetch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fetch]:
    folder = tmp_path_factory.mktemp("nginx")
    app = build_app(
        f"sqlite:///{folder / 'portal.sqlite3'}",
        folder,
        STORAGE=StorageSettings(delivery="nginx"),
        PROXY_HOPS=1,
    )
    migrate(app)
    with app.app_context():
        scene = make_scene()
        piece = evidence_in(
            scene.pairing, by=scene.supported_coordinator, name="全科 方案.pdf", content=CONTENT
        )
        db.session.commit()
        address, sha256 = f"/files/{piece.file_id}", piece.file.sha256
        cookies = {
            "own": logged_in(app, scene.supported_coordinator),
            "foreign": logged_in(app, scene.foreign_coordinator),
        }
    files = Path(app.config["INSTANCE_PATH"]) / "files"
    with served(app) as portal, running_nginx(folder, portal=portal, files=files) as url:
        yield Fetch(url, address, sha256, cookies)
    dispose(app)


def test_coordinator_gets_the_file_with_our_headers(fetch: Fetch) -> None:
    status, headers, body = fetch()
    assert (status, body) == (200, CONTENT)
    assert headers["Server"].startswith("nginx")
    assert headers["Content-Type"] == "application/pdf"
    assert "filename*=UTF-8''%E5%85%A8%E7%A7%91%20" in headers["Content-Disposition"]
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
    [policy] = headers.get_all("Content-Security-Policy") or []
    assert policy.startswith("default-src 'none'; object-src 'self'")
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["X-Accel-Redirect"] is None


def test_coordinator_gets_ranges_and_is_told_of_an_unchanged_file(fetch: Fetch) -> None:
    status, headers, body = fetch(Range="bytes=2999990-")
    assert (status, body) == (206, CONTENT[-10:])
    assert headers["Content-Range"] == "bytes 2999990-2999999/3000000"
    status, _, body = fetch(**{"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")


def test_stranger_gets_nothing_from_nginx(fetch: Fetch) -> None:
    assert fetch(who="foreign")[0] == 404


def test_nobody_reaches_the_folder_past_the_portal(fetch: Fetch) -> None:
    digest = fetch.sha256
    status, _, body = fetch(f"/_files/{digest[:2]}/{digest[2:4]}/{digest}")
    assert status == 404
    assert CONTENT[:50] not in body
