"""Killed at any moment of an upload: no row without its file, no half file with a row.

Real processes, killed by SIGKILL, on real databases and both kinds of store.
"""

from __future__ import annotations

import hashlib
import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import clock, storage
from portal.extensions import db
from portal.models import StoredFile
from portal.queries import fixity
from portal.services.sweeping import sweep
from portal.storage import LocalFileStore, S3FileStore, StorageSettings
from portal.storage.base import FileStore
from tests.factories import make_scene
from tests.support.apps import BOTH_DATABASES, ROOT, _database_url, build_app, dispose, migrate
from tests.support.killed import CONTENT, TOKEN

DIGEST = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Mortals:
    """The process whose children die, and the portal that looks at what they left."""

    app: Flask
    process: subprocess.Popen[str]
    job: dict[str, Any]

    def upload(self, **job: Any) -> int:
        """Let a child make an upload; return how it ended (minus the signal)."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({**self.job, **job}) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module", params=BOTH_DATABASES)
def mortals(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mortals]:
    folder = tmp_path_factory.mktemp("killed")
    for url in _database_url(request, "killed", folder):
        app = build_app(url, folder / "instance")
        migrate(app)
        with app.app_context():
            scene = make_scene()
            db.session.commit()
            job = {"pairing": scene.pairing_id, "user": scene.supported_coordinator.id}
        with subprocess.Popen(
            [sys.executable, "-m", "tests.support.killed", url, str(folder / "instance")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            yield Mortals(app, process, job)
        dispose(app)


@contextmanager
def looking(mortals: Mortals, store: FileStore) -> Iterator[None]:
    """As the portal finds things when it starts again; everything is forgotten at the end."""
    before = storage.store()
    with mortals.app.app_context():
        storage.use(store, upload_limit=2 * len(CONTENT))
        try:
            yield
        finally:
            db.session.rollback()
            db.session.execute(sa.delete(StoredFile))
            db.session.commit()
            for held in list(store.held()):
                store.delete(held.sha256)
            storage.use(before, upload_limit=mortals.app.config["UPLOAD_LIMIT"])


def rows() -> list[str]:
    found = list(db.session.scalars(sa.select(StoredFile.sha256)))
    # SQLite would keep the processes that die out of the database.
    db.session.rollback()
    return found


def nothing_is_half(store: FileStore) -> None:
    """Every file is what its name says, and every row has its file."""
    for held in store.held():
        with store.open(held.sha256) as stream:
            assert hashlib.sha256(stream.read()).hexdigest() == held.sha256
    assert [checked for checked in fixity.read_back() if checked.fault] == []


def goes_on(mortals: Mortals, store: FileStore, before: list[str]) -> None:
    """The same upload succeeds now, and the sweep clears away what was left."""
    assert mortals.upload(way="form", step="", bucket=bucket_of(store)) == 0
    assert rows() == [*before, DIGEST]
    with time_machine.travel(clock.machine() + timedelta(days=2)):
        sweep()
    assert list(store.incoming()) == []
    assert [held.sha256 for held in store.held()] == [DIGEST]
    nothing_is_half(store)


def bucket_of(store: FileStore) -> dict[str, Any] | None:
    return vars(store.settings) if isinstance(store, S3FileStore) else None


# (way, step, what is left: under its hash, of the parts, in the database)
ALL, NONE = len(CONTENT), 0
FORM = [
    ("form", "reading", False, NONE, False),
    ("form", "written", False, NONE, False),
    ("form", "named", True, NONE, False),
    ("form", "saved", True, NONE, False),
    ("form", "flushed", True, NONE, False),
    ("form", "committed", True, NONE, True),
]
PARTS = [
    ("parts", "arriving", False, None, False),
    ("parts", "arrived", False, ALL, False),
    ("parts", "written", False, ALL, False),
    ("parts", "named", True, None, False),
    ("parts", "flushed", True, NONE, False),
    ("parts", "committed", True, NONE, True),
]
SENDING = [
    ("form", "reading", False, NONE, False),
    ("form", "sending", False, NONE, False),
    ("form", "named", True, NONE, False),
    ("parts", "arriving", False, None, False),
    ("parts", "sending", False, None, False),
    ("parts", "named", True, ALL, False),
]


def check(
    mortals: Mortals, store: FileStore, way: str, step: str, held: bool, parts: Any, row: bool
) -> None:
    with looking(mortals, store):
        ended = mortals.upload(way=way, step=step, bucket=bucket_of(store))
        assert ended == -signal.SIGKILL
        assert store.exists(DIGEST) is held
        assert rows() == ([DIGEST] if row else [])
        nothing_is_half(store)
        received = store.received(TOKEN)
        assert received == parts or (parts is None and received <= ALL)
        goes_on(mortals, store, rows())


@pytest.mark.parametrize(("way", "step", "held", "parts", "row"), FORM + PARTS)
def test_upload_killed_in_a_folder(
    mortals: Mortals, way: str, step: str, held: bool, parts: int | None, row: bool
) -> None:
    store = LocalFileStore(Path(mortals.app.config["INSTANCE_PATH"]) / "files")
    check(mortals, store, way, step, held, parts, row)


@pytest.mark.parametrize("mortals", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("way", "step", "held", "parts", "row"), SENDING)
def test_upload_killed_on_the_way_to_a_bucket(
    mortals: Mortals,
    new_bucket: Callable[[], StorageSettings],
    way: str,
    step: str,
    held: bool,
    parts: int | None,
    row: bool,
) -> None:
    store = S3FileStore(new_bucket())
    check(mortals, store, way, step, held, parts, row)
    store.client.close()


def test_upload_in_parts_goes_on_after_the_server_was_killed(mortals: Mortals) -> None:
    store = LocalFileStore(Path(mortals.app.config["INSTANCE_PATH"]) / "files")
    with looking(mortals, store):
        mortals.upload(way="parts", step="arriving", bucket=None)
        start = store.received(TOKEN)
        assert 0 < start < ALL
        store.append(TOKEN, start, io.BytesIO(CONTENT[start:]))
        assert store.keep(TOKEN).sha256 == DIGEST
