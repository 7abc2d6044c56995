"""Connections that break, and two that send at once, against a real server with real commits."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from werkzeug.serving import make_server

from portal import clock, scanner, storage
from portal.extensions import db
from portal.models import Evidence, ScanState, Upload, UploadState
from portal.services import uploads as services
from tests.factories import PASSWORD, make_scene
from tests.factories.evidence import evidence_in, pdf_bytes
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.factories.uploads import receiving
from tests.support.apps import build_app, dispose, migrate

CONTENT = pdf_bytes("断") + b"% " + b"x" * 600_000
PATIENCE = 10


class Desk:
    """A running portal, and a coordinator who is logged in there with one upload begun."""

    def __init__(self, app: Flask, port: int) -> None:
        self.app, self.port = app, port
        with app.app_context():
            scene = make_scene()
            task = make_task(plan_in_force(scene.pairing, scene))
            self.token = receiving(task, by=scene.supported_coordinator, content=CONTENT).token
            self.username = scene.supported_coordinator.username
            db.session.commit()
        self.http = requests.Session()
        self._log_in()

    def _log_in(self) -> None:
        page = self.http.get(self.url("/login"), timeout=PATIENCE).text
        form = {"username": self.username, "password": PASSWORD, "csrf_token": _csrf(page)}
        answer = self.http.post(self.url("/login"), form, timeout=PATIENCE)
        self.csrf = _csrf(answer.text)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def address(self) -> str:
        return f"/uploads/{self.token}"

    def headers(self, offset: int) -> dict[str, str]:
        return {
            "Tus-Resumable": "1.0.0",
            "X-CSRFToken": self.csrf,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }

    def send(self, offset: int, body: bytes) -> requests.Response:
        return self.http.patch(
            self.url(self.address), body, headers=self.headers(offset), timeout=PATIENCE
        )

    def offset(self) -> int:
        said = self.http.head(
            self.url(self.address), headers={"Tus-Resumable": "1.0.0"}, timeout=PATIENCE
        )
        return int(said.headers["Upload-Offset"])

    def open_piece(self, offset: int, announced: int) -> socket.socket:
        """Begin to send a piece by hand."""
        cookies = "; ".join(f"{one.name}={one.value}" for one in self.http.cookies)
        lines = [f"PATCH {self.address} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in self.headers(offset).items()]
        lines += [f"Content-Length: {announced}", f"Cookie: {cookies}", "", ""]
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection.sendall("\r\n".join(lines).encode())
        return connection

    def noted(self) -> int:
        """What the row says has arrived; asked without holding SQLite's one lock afterwards."""
        received = self.upload().received
        db.session.rollback()
        return received

    def upload(self) -> Upload:
        return db.session.query(Upload).filter_by(token=self.token).one()


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def until(what: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


@pytest.fixture
def desk(empty_database_url: str, tmp_path: Path) -> Iterator[Desk]:
    app = build_app(empty_database_url, tmp_path / "instance")
    migrate(app)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Desk(app, server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        dispose(app)


def test_connection_is_cut_in_the_middle_and_what_arrived_is_kept(desk: Desk) -> None:
    with desk.open_piece(0, len(CONTENT)) as connection:
        connection.sendall(CONTENT[:300_000])
        until(lambda: storage.store().received(desk.token) > 0)
    with desk.app.app_context():
        # The row follows when the server has seen that nobody is there any more.
        until(lambda: desk.noted() == 300_000)
        assert desk.upload().state is UploadState.RECEIVING
    assert desk.offset() == 300_000
    assert desk.send(0, CONTENT).status_code == 409
    answer = desk.send(300_000, CONTENT[300_000:])
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(len(CONTENT)))
    with desk.app.app_context():
        assert desk.upload().state is UploadState.STORED
        piece = desk.upload().evidence
        assert piece
        with storage.store().open(piece.file.sha256) as kept:
            assert kept.read() == CONTENT


def test_nobody_waits_while_bytes_are_on_their_way(desk: Desk) -> None:
    """A slow upload holds no lock: the same person goes on writing, on SQLite as well."""
    with desk.open_piece(0, len(CONTENT)) as connection:
        connection.sendall(CONTENT[:300_000])
        until(lambda: storage.store().received(desk.token) > 0)
        page = desk.http.get(desk.url("/"), timeout=PATIENCE)
        assert page.status_code == 200
        with desk.app.app_context():
            task_id = desk.upload().task_id
        note = {"csrf_token": desk.csrf, "progress": "10", "body": "上传的同时填写进展。"}
        said = desk.http.post(desk.url(f"/tasks/{task_id}/notes"), note, timeout=PATIENCE)
        assert "进展已记录" in said.text


def test_nobody_waits_while_the_files_of_a_form_are_looked_into(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else writes while the body arrives, and while the scanner thinks."""
    with desk.app.app_context():
        scene_task = desk.upload().task
        assert scene_task
        piece = evidence_in(scene_task.pairing, by=desk.upload().user)
        places = (f"/tasks/{scene_task.id}/evidence", f"/evidence/{piece.id}/revise")
        fields = ("file-other", "file")
        version = str(piece.version)
        db.session.commit()
    written: list[int] = []

    class Thinking:
        def scan(self, stream: Any) -> ScanState:
            with ThreadPoolExecutor(1) as pool:
                written.append(pool.submit(note, desk).result(PATIENCE))
            return ScanState.CLEAN

    for place, name in zip(places, fields, strict=True):
        written.clear()
        monkeypatch.setattr(scanner, "_scanner", Thinking())
        said = desk.http.post(
            desk.url(place),
            {
                "csrf_token": desk.csrf,
                "_once": place.replace("/", "-"),
                "evidence_on": "2021-01-01",
                "note": "换新",
                "version": version,
            },
            files={name: ("新.pdf", pdf_bytes(place), "application/pdf")},
            timeout=PATIENCE,
            allow_redirects=False,
        )
        assert said.status_code == 303, said.text
        assert written


def note(desk: Desk) -> int:
    """Write something of one's own, from elsewhere."""
    with desk.app.app_context():
        db.session.execute(sa.update(Upload).values(touched_at=clock.now()))
        db.session.commit()
    return 1


def test_form_sent_twice_is_taken_once(desk: Desk) -> None:
    with desk.app.app_context():
        place = f"/tasks/{desk.upload().task_id}/evidence"
    for _ in range(2):
        said = desk.http.post(
            desk.url(place),
            {"csrf_token": desk.csrf, "_once": "twice", "evidence_on": "2021-01-01"},
            files={"file-other": ("新.pdf", pdf_bytes("两次"), "application/pdf")},
            timeout=PATIENCE,
            allow_redirects=False,
        )
        assert said.status_code == 303, said.text
    with desk.app.app_context():
        assert db.session.query(Upload).filter_by(name="新.pdf").count() == 1


def test_of_two_that_send_at_once_one_is_told(desk: Desk) -> None:
    with desk.open_piece(0, len(CONTENT)) as connection:
        connection.sendall(CONTENT[:300_000])
        until(lambda: storage.store().received(desk.token) > 0)
        assert desk.send(desk.offset(), b"other").status_code == 409
        connection.sendall(CONTENT[300_000:])
        assert connection.recv(200).split()[1] == b"204"
    with desk.app.app_context():
        assert desk.upload().state is UploadState.STORED


def test_of_two_that_settle_at_once_one_stores(desk: Desk) -> None:
    assert desk.send(0, CONTENT[:-1]).status_code == 204
    with storage.store().assembled(desk.token):
        pass
    storage.store().append(desk.token, len(CONTENT) - 1, _Bytes(CONTENT[-1:]))
    both = threading.Barrier(2)

    def settle() -> None:
        with desk.app.app_context():
            upload = desk.upload()
            found = services.inspect_received(upload)
            db.session.rollback()
            both.wait(PATIENCE)
            services.settle(upload, found)
            db.session.commit()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(settle) for _ in range(2)]:
            done.result(PATIENCE)
    with desk.app.app_context():
        assert db.session.query(Evidence).count() == 1
        assert desk.upload().state is UploadState.STORED


def test_of_two_with_the_same_bytes_the_second_finds_the_first(desk: Desk) -> None:
    with desk.app.app_context():
        mine = desk.upload()
        place, actor = mine.task, mine.user
        assert place
        tokens = [
            receiving(place, by=actor, content=CONTENT, arrived=len(CONTENT)).token
            for _ in range(2)
        ]
        db.session.commit()
    both = threading.Barrier(2)

    def settle(token: str) -> None:
        with desk.app.app_context():
            upload = db.session.query(Upload).filter_by(token=token).one()
            found = services.inspect_received(upload)
            db.session.rollback()
            both.wait(PATIENCE)
            services.settle(upload, found)
            db.session.commit()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(settle, token) for token in tokens]:
            done.result(PATIENCE)
    with desk.app.app_context():
        assert db.session.query(Evidence).count() == 1
        both_rows = db.session.query(Upload).filter(Upload.token.in_(tokens)).all()
        assert [one.state for one in both_rows] == [UploadState.STORED] * 2
        # The second is led to the piece of the first, and told so.
        assert len({one.evidence_id for one in both_rows}) == 1
        assert sorted("没有重复保存" in one.answer for one in both_rows) == [False, True]


class _Bytes:
    """A stream that gives its bytes once."""

    def __init__(self, content: bytes) -> None:
        self._left = content

    def read(self, _size: int = -1) -> bytes:
        given, self._left = self._left, b""
        return given
