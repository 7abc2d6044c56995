"""What every kind of file store does; each test runs on a folder and on a real S3 server."""

from __future__ import annotations

import hashlib
import io
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal import storage
from portal.storage import Changed, LocalFileStore, S3FileStore, StorageSettings, StoreUnavailable
from portal.storage.base import FileStore
from portal.storage.s3 import PART, UNFINISHED

TOKEN = "upload-token-0123456789"
OTHER = "upload-token-9876543210"
SOME = b"".join(number.to_bytes(4, "big") for number in range(150_000))
NOBODY = "0" * 64


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read(store: FileStore, digest: str, start: int = 0) -> bytes:
    with store.open(digest, start) as stream:
        return stream.read()


def soon() -> datetime:
    """A moment after everything that has happened (S3 knows whole seconds only)."""
    return datetime.now(UTC) + timedelta(seconds=5)


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)


class Breaking(io.RawIOBase):
    """A connection that gives ``content`` and then breaks."""

    def __init__(self, content: bytes) -> None:
        self.rest = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        if chunk := self.rest.read(size):
            return chunk
        raise ConnectionResetError("the connection broke")


# Under their hash.


@pytest.mark.parametrize("content", [b"x", SOME, bytes(PART + 1)], ids=["small", "some", "parts"])
def test_saved_bytes_come_back_under_their_hash(any_store: FileStore, content: bytes) -> None:
    stored = any_store.save(io.BytesIO(content))
    assert (stored.sha256, stored.size) == (sha256(content), len(content))
    assert any_store.exists(stored.sha256)
    assert read(any_store, stored.sha256) == content
    assert list(any_store.incoming()) == []


def test_same_bytes_twice_are_one_file(any_store: FileStore) -> None:
    assert any_store.save(io.BytesIO(SOME)) == any_store.save(io.BytesIO(SOME))
    assert [(held.sha256, held.size) for held in any_store.held()] == [(sha256(SOME), len(SOME))]


def test_what_is_not_there_says_so(any_store: FileStore) -> None:
    assert not any_store.exists(NOBODY)
    assert not any_store.delete(NOBODY)
    with pytest.raises(FileNotFoundError):
        any_store.open(NOBODY)


def test_broken_upload_leaves_nothing(any_store: FileStore) -> None:
    with pytest.raises(ConnectionResetError):
        any_store.save(Breaking(SOME))
    assert list(any_store.held()) == []
    assert list(any_store.incoming()) == []


def test_other_bytes_than_expected_are_not_kept(any_store: FileStore) -> None:
    with pytest.raises(Changed, match=NOBODY):
        any_store.save(io.BytesIO(SOME), expected=NOBODY)
    assert list(any_store.held()) == []
    assert any_store.save(io.BytesIO(SOME), expected=sha256(SOME)).size == len(SOME)


@pytest.mark.parametrize("start", [0, 1, 262_144, len(SOME) - 1, len(SOME), len(SOME) + 9])
def test_file_opens_at_any_byte(any_store: FileStore, start: int) -> None:
    stored = any_store.save(io.BytesIO(SOME))
    assert read(any_store, stored.sha256, start) == SOME[start:]


def test_open_file_can_be_jumped_about_in(any_store: FileStore) -> None:
    stored = any_store.save(io.BytesIO(SOME))
    with any_store.open(stored.sha256) as stream:
        assert stream.read(4) == SOME[:4]
        assert stream.seek(-4, io.SEEK_END) == len(SOME) - 4
        assert stream.read() == SOME[-4:]
        stream.seek(400_000)
        assert stream.read(8) == SOME[400_000:400_008]
        stream.seek(-8, io.SEEK_CUR)
        assert stream.tell() == 400_000
        stream.seek(0)
        assert stream.read() == SOME


def test_files_are_listed_in_the_order_of_their_hashes(any_store: FileStore) -> None:
    contents = [bytes([number]) * (number + 1) for number in range(12)]
    for content in contents:
        any_store.save(io.BytesIO(content))
    any_store.append(TOKEN, 0, io.BytesIO(b"not yet a file"))
    held = list(any_store.held())
    assert [one.sha256 for one in held] == sorted(map(sha256, contents))
    assert {one.sha256: one.size for one in held} == {sha256(c): len(c) for c in contents}
    assert all(long_ago() < one.modified < soon() for one in held)


def test_file_is_removed_only_if_it_is_old_enough(any_store: FileStore) -> None:
    stored = any_store.save(io.BytesIO(SOME))
    assert not any_store.delete(stored.sha256, older_than=long_ago())
    assert read(any_store, stored.sha256) == SOME
    assert any_store.delete(stored.sha256, older_than=soon())
    assert not any_store.exists(stored.sha256)
    assert list(any_store.incoming()) == []


def test_many_files_are_looked_for_at_once(any_store: FileStore) -> None:
    there = {any_store.save(io.BytesIO(b"%d" % n)).sha256 for n in range(12)}
    absent = {sha256(b"absent %d" % n) for n in range(12)}
    assert any_store.missing(there | absent) == absent
    assert any_store.missing(()) == set()


# Parts.


def test_parts_are_put_together(any_store: FileStore) -> None:
    assert any_store.received(TOKEN) == 0
    for start in range(0, len(SOME), 250_000):
        end = any_store.append(TOKEN, start, io.BytesIO(SOME[start : start + 250_000]))
        assert end == any_store.received(TOKEN) == min(start + 250_000, len(SOME))
    with any_store.assembled(TOKEN) as stream:
        assert stream.read(5) == SOME[:5]
        stream.seek(300_000)
        assert stream.read() == SOME[300_000:]
    stored = any_store.keep(TOKEN)
    assert (stored.sha256, stored.size) == (sha256(SOME), len(SOME))
    assert read(any_store, stored.sha256) == SOME
    # Whoever could not write it down finds everything as it was.
    assert any_store.received(TOKEN) == len(SOME)
    assert any_store.keep(TOKEN, expected=stored.sha256) == stored
    any_store.discard(TOKEN)
    assert any_store.received(TOKEN) == 0
    assert list(any_store.incoming()) == []
    assert read(any_store, stored.sha256) == SOME


def test_one_large_part_is_put_together(any_store: FileStore) -> None:
    content = SOME * 30
    assert len(content) > 2 * PART
    assert any_store.append(TOKEN, 0, io.BytesIO(content)) == len(content)
    assert any_store.keep(TOKEN).sha256 == sha256(content)
    assert read(any_store, sha256(content), PART - 2) == content[PART - 2 :]


def test_what_came_before_the_connection_broke_is_kept(any_store: FileStore) -> None:
    any_store.append(TOKEN, 0, io.BytesIO(SOME[:1000]))
    with pytest.raises(ConnectionResetError):
        any_store.append(TOKEN, 1000, Breaking(SOME[1000:400_000]))
    assert any_store.received(TOKEN) == 400_000
    any_store.append(TOKEN, 400_000, io.BytesIO(SOME[400_000:]))
    assert any_store.keep(TOKEN).sha256 == sha256(SOME)


def test_of_two_connections_that_add_at_once_one_is_refused(any_store: FileStore) -> None:
    refused = []

    class First(io.BytesIO):
        """While its first bytes are read, another connection sends all of the same."""

        def read(self, size: int | None = -1) -> bytes:
            if not self.tell():
                try:
                    any_store.append(TOKEN, 0, io.BytesIO(SOME))
                except ValueError:
                    refused.append("the second")
            return super().read(size)

    try:
        any_store.append(TOKEN, 0, First(SOME))
    except ValueError:
        refused.append("the first")
    assert len(refused) == 1
    assert any_store.received(TOKEN) == len(SOME)
    assert any_store.keep(TOKEN).sha256 == sha256(SOME)


@pytest.mark.parametrize("offset", [0, 2, 4])
def test_part_at_the_wrong_place_is_refused(any_store: FileStore, offset: int) -> None:
    any_store.append(TOKEN, 0, io.BytesIO(b"abc"))
    with pytest.raises(ValueError, match="end at 3"):
        any_store.append(TOKEN, offset, io.BytesIO(b"def"))
    assert any_store.received(TOKEN) == 3


def test_parts_of_two_uploads_do_not_mix(any_store: FileStore) -> None:
    any_store.append(TOKEN, 0, io.BytesIO(b"one"))
    any_store.append(OTHER, 0, io.BytesIO(b"other"))
    assert {name for name, _ in any_store.incoming()} == {TOKEN, OTHER}
    assert all(long_ago() < when < soon() for _, when in any_store.incoming())
    any_store.discard(TOKEN)
    any_store.discard(TOKEN)
    assert [name for name, _ in any_store.incoming()] == [OTHER]
    assert any_store.keep(OTHER).sha256 == sha256(b"other")


def test_nothing_cannot_be_kept(any_store: FileStore) -> None:
    with pytest.raises(FileNotFoundError):
        any_store.keep(TOKEN)
    with pytest.raises(FileNotFoundError), any_store.assembled(TOKEN):
        pass


@pytest.mark.parametrize("token", ["", "short", "../../../../etc/passwd", "a/b" * 8, "x" * 65])
def test_no_other_name_can_be_reached_by_a_token(any_store: FileStore, token: str) -> None:
    for reach in (any_store.received, any_store.discard, any_store.keep):
        with pytest.raises(ValueError, match="not "):
            reach(token)
    with pytest.raises(ValueError, match="not "):
        any_store.append(token, 0, io.BytesIO(b"x"))


# A folder.


@pytest.fixture
def folder(tmp_path: Path) -> LocalFileStore:
    return LocalFileStore(tmp_path)


def test_kept_parts_do_not_grow_any_more(folder: LocalFileStore) -> None:
    folder.append(TOKEN, 0, io.BytesIO(SOME))
    stored = folder.keep(TOKEN)
    with pytest.raises(ValueError, match="kept under their hash"):
        folder.append(TOKEN, len(SOME), io.BytesIO(b"more"))
    assert read(folder, stored.sha256) == SOME


def test_kept_parts_look_as_young_as_they_are(folder: LocalFileStore, tmp_path: Path) -> None:
    folder.append(TOKEN, 0, io.BytesIO(SOME))
    os.utime(tmp_path / "incoming" / TOKEN, (0, 0))
    stored = folder.keep(TOKEN)
    assert not folder.delete(stored.sha256, older_than=long_ago())


def test_file_saved_again_while_it_is_removed_stays(folder: LocalFileStore) -> None:
    stored = folder.save(io.BytesIO(SOME))
    os.utime(folder.path(stored.sha256), (0, 0))
    folder.save(io.BytesIO(SOME))
    assert not folder.delete(stored.sha256, older_than=long_ago())
    assert read(folder, stored.sha256) == SOME


def test_only_copy_of_a_file_that_a_killed_removal_left_aside_is_put_back(
    folder: LocalFileStore,
) -> None:
    stored = folder.save(io.BytesIO(SOME))
    folder.path(stored.sha256).rename(folder.root / "incoming" / "tmp-0123456789abcdef")
    folder.discard("tmp-0123456789abcdef")
    assert read(folder, stored.sha256) == SOME
    assert list(folder.incoming()) == []


def test_young_file_is_not_even_moved_by_a_removal(folder: LocalFileStore) -> None:
    stored = folder.save(io.BytesIO(SOME))
    inode = folder.path(stored.sha256).stat()
    assert not folder.delete(stored.sha256, older_than=long_ago())
    assert folder.path(stored.sha256).stat().st_ctime_ns == inode.st_ctime_ns


def test_folder_can_be_read_by_the_group_and_nobody_else(folder: LocalFileStore) -> None:
    stored = folder.save(io.BytesIO(SOME))
    assert folder.path(stored.sha256).stat().st_mode & 0o777 == 0o640
    assert folder.address(stored.sha256, name="a.pdf", media_type="x/y", inline=False) is None


def test_strange_names_in_the_folder_are_no_files(folder: LocalFileStore, tmp_path: Path) -> None:
    assert list(folder.held()) == []
    stored = folder.save(io.BytesIO(SOME))
    (tmp_path / "lost+found").mkdir()
    folder.path(stored.sha256).with_name("readme.txt").write_text("not ours")
    assert [held.sha256 for held in folder.held()] == [stored.sha256]


# A bucket.


@pytest.fixture
def bucket(new_bucket: Callable[[], StorageSettings]) -> Any:
    store = S3FileStore(new_bucket())
    yield store
    store.client.close()


def test_address_serves_the_file_under_its_name(bucket: S3FileStore) -> None:
    stored = bucket.save(io.BytesIO(SOME))
    address = bucket.address(
        stored.sha256, name="全科 “方案”.pdf", media_type="application/pdf", inline=False
    )
    assert address is not None
    request = urllib.request.Request(address, headers={"Range": "bytes=4-7"})
    with urllib.request.urlopen(request) as answer:
        assert answer.read() == SOME[4:8]
        assert answer.headers["Content-Type"] == "application/pdf"
        name = "%E5%85%A8%E7%A7%91%20%E2%80%9C%E6%96%B9%E6%A1%88%E2%80%9D.pdf"
        assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"


def test_large_file_half_sent_by_a_killed_process_is_listed_and_forgotten(
    bucket: S3FileStore,
) -> None:
    started = bucket.client.create_multipart_upload(Bucket=bucket.bucket, Key="files/ab/abc")
    [(name, when)] = bucket.incoming()
    assert name == f"{UNFINISHED}{started['UploadId']}/files/ab/abc"
    # The test server dates every such sending in 2010.
    assert when < soon()
    # Other programs may send to the same bucket; theirs goes on.
    theirs = bucket.client.create_multipart_upload(Bucket=bucket.bucket, Key="theirs/film")
    bucket.discard(name)
    bucket.discard(name)
    assert list(bucket.incoming()) == []
    bucket.client.abort_multipart_upload(
        Bucket=bucket.bucket, Key="theirs/film", UploadId=theirs["UploadId"]
    )


def test_parts_after_a_gap_do_not_count(bucket: S3FileStore) -> None:
    bucket.append(TOKEN, 0, io.BytesIO(b"abc"))
    bucket.client.put_object(
        Bucket=bucket.bucket, Key=f"incoming/{TOKEN}/{5:015}", Body=b"from nowhere"
    )
    assert bucket.received(TOKEN) == 3
    assert bucket.append(TOKEN, 3, io.BytesIO(b"de")) == 5
    assert bucket.received(TOKEN) == 5


def test_bucket_that_is_not_there_is_no_missing_file(bucket: S3FileStore) -> None:
    lost = S3FileStore(StorageSettings(**{**vars(bucket.settings), "bucket": "no-such-bucket"}))
    with pytest.raises(StoreUnavailable):
        lost.save(io.BytesIO(b"x"))
    lost.client.close()


def test_store_that_does_not_answer_says_so(bucket: S3FileStore) -> None:
    settings = StorageSettings(**{**vars(bucket.settings), "endpoint": "http://127.0.0.1:9"})
    silent = S3FileStore(settings)
    for ask in (silent.exists, silent.open, silent.received):
        with pytest.raises(StoreUnavailable):
            ask(TOKEN)
    silent.client.close()


# By settings.


def test_settings_choose_the_store(tmp_path: Path) -> None:
    assert isinstance(storage.build(StorageSettings(), tmp_path), LocalFileStore)
    kind = StorageSettings(kind="s3", bucket="evidence")
    assert isinstance(storage.build(kind, tmp_path), S3FileStore)
