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
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import clock, storage
from portal.extensions import db
from portal.models import StoredFile, Upload, UploadState
from portal.services import uploads as services
from portal.services.sweeping import cancel_forgotten_uploads, sweep
from portal.storage import LocalFileStore, S3FileStore, StorageSettings
from portal.storage.base import FileStore
from tests.factories import make_scene
from tests.support.apps import BOTH_DATABASES, ROOT, _database_url, build_app, dispose, migrate
from tests.support.killed import SIZE, content_of

numbers = count(1)


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
    """As the portal finds things when it starts again."""
    with mortals.app.app_context():
        storage.use(store, upload_limit=2 * SIZE)
        yield
        db.session.rollback()


def seen(question: Any) -> list[Any]:
    found = list(db.session.scalars(question))
    # SQLite would keep the processes that die out of the database.
    db.session.rollback()
    return found


def rows(digest: str) -> int:
    return len(seen(sa.select(StoredFile.id).where(StoredFile.sha256 == digest)))


def nothing_is_half(store: FileStore) -> None:
    """Every file is what its name says."""
    for held in store.held():
        with store.open(held.sha256) as stream:
            assert hashlib.sha256(stream.read()).hexdigest() == held.sha256


def goes_on(mortals: Mortals, store: FileStore, job: dict[str, Any], digest: str) -> None:
    """The same upload succeeds now, and the sweep clears away what was left."""
    before = rows(digest)
    assert mortals.upload(**{**job, "way": "form", "step": ""}) == 0
    assert rows(digest) == before + 1
    with time_machine.travel(clock.machine() + timedelta(days=8)):
        cancel_forgotten_uploads()
        db.session.commit()
        sweep()
    assert list(store.incoming()) == []
    assert {held.sha256 for held in store.held()} <= set(seen(sa.select(StoredFile.sha256)))
    assert store.exists(digest)
    nothing_is_half(store)


# (way, step, whether the bytes are under their hash, whether there is a row)
FORM = [
    ("form", "reading", False, False),
    ("form", "written", False, False),
    ("form", "named", True, False),
    ("form", "saved", True, False),
    ("form", "flushed", True, False),
    ("form", "committed", True, True),
]
PARTS = [
    ("parts", "arriving", False, False),
    ("parts", "arrived", False, False),
    ("parts", "written", False, False),
    ("parts", "named", True, False),
    ("parts", "flushed", True, False),
    ("parts", "committed", True, True),
]
SENDING = [
    ("form", "reading", False, False),
    ("form", "sending", False, False),
    ("form", "named", True, False),
    ("parts", "arriving", False, False),
    ("parts", "sending", False, False),
    ("parts", "named", True, False),
]


def check(mortals: Mortals, store: FileStore, way: str, step: str, held: bool, row: bool) -> None:
    job = {"way": way, "step": step, "number": next(numbers), "bucket": bucket_of(store)}
    digest = hashlib.sha256(content_of(job["number"])).hexdigest()
    with looking(mortals, store):
        assert mortals.upload(**job) == -signal.SIGKILL
        assert store.exists(digest) is held
        assert rows(digest) == row
        nothing_is_half(store)
        if way == "parts":
            stored = seen(sa.select(Upload.state).order_by(Upload.id))[-1] is UploadState.STORED
            assert stored is row
        goes_on(mortals, store, job, digest)


def bucket_of(store: FileStore) -> dict[str, Any] | None:
    return vars(store.settings) if isinstance(store, S3FileStore) else None


def folder_of(mortals: Mortals) -> LocalFileStore:
    return LocalFileStore(Path(mortals.app.config["INSTANCE_PATH"]) / "files")


@pytest.mark.parametrize(("way", "step", "held", "row"), FORM + PARTS)
def test_upload_killed_in_a_folder(
    mortals: Mortals, way: str, step: str, held: bool, row: bool
) -> None:
    check(mortals, folder_of(mortals), way, step, held, row)


@pytest.mark.parametrize("mortals", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("way", "step", "held", "row"), SENDING)
def test_upload_killed_on_the_way_to_a_bucket(
    mortals: Mortals,
    new_bucket: Callable[[], StorageSettings],
    way: str,
    step: str,
    held: bool,
    row: bool,
) -> None:
    store = S3FileStore(new_bucket())
    check(mortals, store, way, step, held, row)
    store.client.close()


@pytest.mark.parametrize("step", ["arriving", "arrived", "written", "named", "flushed"])
def test_upload_in_parts_goes_on_after_the_server_was_killed(mortals: Mortals, step: str) -> None:
    store, number = folder_of(mortals), next(numbers)
    content = content_of(number)
    with looking(mortals, store):
        mortals.upload(way="parts", step=step, number=number, bucket=None)
        upload = db.session.scalars(sa.select(Upload).order_by(Upload.id.desc())).first()
        assert upload is not None
        start = store.received(upload.token)
        assert 0 < start <= SIZE
        store.append(upload.token, start, io.BytesIO(content[start:]))
        services.note_received(upload, SIZE)
        services.settle(upload, services.inspect_received(upload))
        db.session.commit()
        assert upload.state is UploadState.STORED
        assert upload.evidence is not None
        assert upload.evidence.file.sha256 == hashlib.sha256(content).hexdigest()
        assert store.exists(upload.evidence.file.sha256)
