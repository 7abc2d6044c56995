"""``flask files move`` between a folder and a real bucket."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal import clock, storage
from portal.storage import LocalFileStore, S3FileStore, StorageSettings, moving
from portal.storage.base import FileStore
from tests.factories import Scene, make_scene
from tests.factories.evidence import evidence_in
from tests.support.commands import Run


@pytest.fixture
def folder(app: Flask, tmp_path: Path) -> Iterator[LocalFileStore]:
    """The folder of an instance of its own, in which the portal keeps its files."""
    before, instance = storage.store(), app.config["INSTANCE_PATH"]
    app.config["INSTANCE_PATH"] = str(tmp_path)
    store = LocalFileStore(tmp_path / "files")
    storage.use(store, upload_limit=app.config["UPLOAD_LIMIT"])
    yield store
    app.config["INSTANCE_PATH"] = instance
    storage.use(before, upload_limit=app.config["UPLOAD_LIMIT"])


@pytest.fixture
def bucket(app: Flask, new_bucket: Callable[[], StorageSettings]) -> Iterator[S3FileStore]:
    """A bucket that the settings name, while the portal still keeps its files in the folder."""
    before: StorageSettings = app.config["STORAGE"]
    settings = new_bucket()
    app.config["STORAGE"] = StorageSettings(**{**vars(settings), "kind": "local"})
    store = S3FileStore(settings)
    yield store
    store.client.close()
    app.config["STORAGE"] = before


@pytest.fixture
def hashes(session: Any, folder: LocalFileStore) -> list[str]:
    """Three files of the portal, by hash."""
    scene: Scene = make_scene()
    pieces = [evidence_in(scene.pairing, by=scene.supported_coordinator) for _ in range(3)]
    return sorted(piece.file.sha256 for piece in pieces)


def held(store: FileStore) -> list[str]:
    return [one.sha256 for one in store.held()]


def content(store: FileStore, sha256: str) -> bytes:
    with store.open(sha256) as stream:
        return stream.read()


def age(folder: LocalFileStore) -> None:
    """Let the files be from yesterday."""
    yesterday = clock.machine().timestamp() - 86_400
    for sha256 in held(folder):
        os.utime(folder.path(sha256), (yesterday, yesterday))


def test_files_are_moved_to_a_bucket_and_back(
    folder: LocalFileStore, bucket: S3FileStore, hashes: list[str], run: Run
) -> None:
    before = {sha256: content(folder, sha256) for sha256 in hashes}
    result = run("files", "move", "--to", "s3")
    assert result.exit_code == 0, result.output
    assert "3 copied, 0 present" in result.output
    assert {sha256: content(bucket, sha256) for sha256 in held(bucket)} == before
    assert held(folder) == hashes

    age(folder)
    result = run("files", "move", "--to", "s3", "--delete-source")
    assert "0 copied, 3 present" in result.output
    assert "3 removed from the old place." in result.output
    assert (held(folder), held(bucket)) == ([], hashes)

    result = run("files", "move", "--to", "local")
    assert "3 copied, 0 present" in result.output
    assert {sha256: content(folder, sha256) for sha256 in held(folder)} == before


def test_interrupted_move_goes_on_where_it_was(
    folder: LocalFileStore, bucket: S3FileStore, hashes: list[str], run: Run
) -> None:
    stopped = moving.copy_all(folder, bucket)
    assert next(stopped).outcome is moving.Outcome.COPIED
    stopped.close()
    assert held(bucket) == hashes[:1]
    assert "2 copied, 1 present" in run("files", "move", "--to", "s3").output
    assert held(bucket) == hashes


def test_copy_that_was_damaged_in_the_new_place_is_made_again(
    folder: LocalFileStore, bucket: S3FileStore, hashes: list[str], run: Run
) -> None:
    run("files", "move", "--to", "s3")
    key = f"files/{hashes[1][:2]}/{hashes[1]}"
    bucket.client.put_object(Bucket=bucket.bucket, Key=key, Body=b"damaged")
    assert "1 copied, 2 present" in run("files", "move", "--to", "s3").output
    assert content(bucket, hashes[1]) == content(folder, hashes[1])


def test_damaged_file_is_named_and_nothing_is_deleted(
    folder: LocalFileStore, bucket: S3FileStore, hashes: list[str], run: Run
) -> None:
    folder.path(hashes[1]).write_bytes(b"damaged")
    age(folder)
    result = run("files", "move", "--to", "s3", "--delete-source")
    assert result.exit_code == 1
    assert f"damaged: {hashes[1]} file " in result.output
    assert "2 copied, 0 present, 0 gone meanwhile, 1 damaged, 0 failed" in result.output
    assert "nothing was deleted" in result.output
    assert held(bucket) == [hashes[0], hashes[2]]
    assert held(folder) == hashes


def test_file_that_came_during_the_move_stays_in_the_old_place(
    folder: LocalFileStore, bucket: S3FileStore, hashes: list[str], run: Run
) -> None:
    age(folder)
    os.utime(folder.path(hashes[2]))
    begun = clock.machine()
    os.utime(folder.path(hashes[0]), (begun.timestamp() + 1, begun.timestamp() + 1))
    assert [one.outcome for one in moving.copy_all(folder, bucket)] == [moving.Outcome.COPIED] * 3
    assert moving.delete_moved(folder, bucket, older_than=begun) == 2
    assert held(folder) == hashes[:1]


def test_uploads_under_way_are_told_of(
    folder: LocalFileStore, bucket: S3FileStore, hashes: list[str], run: Run
) -> None:
    folder.append("an-upload-under-way", 0, io.BytesIO(b"half"))
    assert "1 uploads are still under way" in run("files", "move", "--to", "s3").output


def test_move_needs_a_bucket(folder: LocalFileStore, run: Run) -> None:
    result = run("files", "move", "--to", "s3")
    assert result.exit_code == 1
    assert "PORTAL_S3_BUCKET" in result.output
