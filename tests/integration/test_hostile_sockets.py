"""The table of hostile bytes, sent to the portal as it is served: by gunicorn."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.models import Base
from tests.integration.hostile.raw import ROWS, Bytes, get
from tests.support.apps import ROOT, build_app, dispose, migrate

START_SECONDS = 60
PATIENCE = 20


@dataclass(frozen=True)
class Served:
    port: int
    database: Path
    log: Path

    def ask(self, sent: bytes) -> bytes:
        """Send these bytes and no more; return all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            answer = b""
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65536):
                    answer += piece
            except (ConnectionResetError, BrokenPipeError):
                pass
            return answer

    def rows(self) -> dict[str, int]:
        with closing(sqlite3.connect(self.database)) as connection:
            return {
                name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
                for name in Base.metadata.tables
                if not name.startswith("audit_")
            }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    database = folder / "portal.sqlite3"
    app = build_app(f"sqlite:///{database}", folder)
    migrate(app)
    dispose(app)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    environment = {
        **os.environ,
        "PORTAL_ENV": "development",
        "PORTAL_INSTANCE_PATH": str(folder),
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
    }
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until_it_answers(port, process, log)
        yield Served(port, database, log)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def wait_until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"gunicorn did not start:\n{log.read_text()}") from None
            time.sleep(0.05)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_bytes_get_their_answer_and_leave_nothing(served: Served, row: Bytes) -> None:
    before, logged = served.rows(), served.log.stat().st_size
    answer = served.ask(row.sent)
    status = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    assert (int(status[1]) if status else 0) == row.status, answer[:300]
    assert row.without not in answer
    assert served.rows() == before
    assert served.ask(get(b"/login")).startswith(b"HTTP/1.1 200")
    assert b"Traceback" not in served.log.read_bytes()[logged:]
