"""Places for files: a folder, and a real S3 server over HTTP in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from portal import storage
from portal.storage import LocalFileStore, S3FileStore, StorageSettings
from portal.storage.base import FileStore

START_SECONDS = 60


@contextmanager
def running_s3(log: Path) -> Iterator[str]:
    """Start a server; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
            stdout=output,
            stderr=output,
        )
    try:
        wait_until_it_answers(port, process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server's address."""
    with running_s3(tmp_path_factory.mktemp("s3") / "log") as address:
        yield address


def wait_until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the S3 server did not start:\n{log.read_text()}") from None
            time.sleep(0.05)


@pytest.fixture
def new_bucket(s3_server: str) -> Iterator[Callable[[], StorageSettings]]:
    """Make an empty bucket; close the connections to it at the end."""
    made: list[S3FileStore] = []

    def make() -> StorageSettings:
        settings = StorageSettings(
            kind="s3",
            bucket=f"portal-{time.monotonic_ns()}",
            endpoint=s3_server,
            region="us-east-1",
            access_key="test",
            secret_key="test-secret",
        )
        store = S3FileStore(settings)
        store.client.create_bucket(Bucket=settings.bucket)
        made.append(store)
        return settings

    yield make
    for store in made:
        store.client.close()


@pytest.fixture(params=["local", "s3"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FileStore]:
    """An empty store of each kind."""
    if request.param == "local":
        yield LocalFileStore(tmp_path / "files")
        return
    store = S3FileStore(request.getfixturevalue("new_bucket")())
    yield store
    store.client.close()


@pytest.fixture
def stored_in(app: Flask, any_store: FileStore) -> Iterator[FileStore]:
    """The portal keeps its files in an empty store of each kind."""
    before = storage.store()
    storage.use(any_store, upload_limit=app.config["UPLOAD_LIMIT"])
    yield any_store
    storage.use(before, upload_limit=app.config["UPLOAD_LIMIT"])
