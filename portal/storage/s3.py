"""Files in a bucket of any S3-compatible store.

boto3 is loaded when the first request needs it: whoever keeps files locally need not have it.
"""

import io
import os
import re
import tempfile
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from portal.storage.base import CHUNK, Held, Stored, StoreUnavailable, check, digest_of
from portal.storage.s3_reader import ObjectReader, translated
from portal.storage.settings import StorageSettings

PART = 8 * 1024 * 1024
"""What arrives is cut into objects of this size, and large files are sent in such parts."""
ADDRESS_SECONDS = 300
ASKED_AT_ONCE = 8
UNFINISHED = "unfinished/"
_MAKING = threading.Lock()
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


class S3FileStore:
    """Bytes in objects files/ab/<hash>, what is still arriving in incoming/<token>/<offset>."""

    def __init__(self, settings: StorageSettings) -> None:
        self.settings = settings
        self.bucket = settings.bucket

    @cached_property
    def client(self) -> Any:
        """The connection pool; made after the server has forked."""
        # Making a client is the one thing threads must not do at once.
        with _MAKING:
            return self._make_client()

    def _make_client(self) -> Any:
        from botocore.config import Config

        settings = self.settings
        return _session().client(
            "s3",
            endpoint_url=settings.endpoint or None,
            region_name=settings.region or None,
            aws_access_key_id=settings.access_key or None,
            aws_secret_access_key=settings.secret_key or None,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                connect_timeout=5,
                read_timeout=60,
                retries={"max_attempts": 3, "mode": "standard"},
                # Stores other than Amazon's know nothing of its newer checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def path(self, sha256: str) -> Path | None:
        """A bucket has no paths."""
        return None

    def exists(self, sha256: str) -> bool:
        """Whether the bytes of ``sha256`` are here: an object shows only when it is whole."""
        return self._head(_key(sha256)) is not None

    def missing(self, hashes: Collection[str]) -> set[str]:
        """Return those of ``hashes`` whose bytes are not here; several questions at a time."""
        asked = sorted(hashes)
        with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
            there = pool.map(self.exists, asked)
            return {one for one, here in zip(asked, there, strict=True) if not here}

    def open(self, sha256: str, start: int = 0) -> BinaryIO:
        """Open the bytes of ``sha256`` at byte ``start``. Raises FileNotFoundError."""
        return self._reader(_key(sha256), start)

    def address(self, sha256: str, *, name: str, media_type: str, inline: bool) -> str | None:
        """Return an address that works for five minutes and names the file as we would."""
        disposition = "inline" if inline else "attachment"
        with translated():
            return str(
                self.client.generate_presigned_url(
                    "get_object",
                    Params={
                        "Bucket": self.bucket,
                        "Key": _key(sha256),
                        "ResponseContentType": media_type,
                        "ResponseContentDisposition": (
                            f"{disposition}; filename*=UTF-8''{quote(name, safe='')}"
                        ),
                    },
                    ExpiresIn=ADDRESS_SECONDS,
                )
            )

    def save(self, stream: BinaryIO, *, expected: str = "") -> Stored:
        """Write to a nameless local file for the hash; only then send it under that name."""
        with tempfile.TemporaryFile() as temporary:
            stored = digest_of(stream, cast(BinaryIO, temporary))
            check(stored, expected)
            self._put(cast(BinaryIO, temporary), stored)
        return stored

    def held(self) -> Iterator[Held]:
        """List every file, in the order of their hashes."""
        for item in self._listed("files/"):
            yield Held(item["Key"].rpartition("/")[2], item["Size"], item["LastModified"])

    def delete(self, sha256: str, *, older_than: datetime | None = None) -> bool:
        """Remove the bytes of ``sha256``; the age is looked at immediately before."""
        about = self._head(_key(sha256))
        if about is None or (older_than is not None and about["LastModified"] >= older_than):
            return False
        self._remove(_key(sha256))
        return True

    def append(self, token: str, offset: int, stream: BinaryIO) -> int:
        """Add ``stream`` at ``offset`` as objects of at most 8 MiB.

        What came before a broken connection is kept. Of two connections that add at once, the
        later one finds its object taken, and is refused.
        """
        end = self.received(token)
        if end != offset:
            raise ValueError(f"the parts end at {end}, not at {offset}")
        self._forget_after(token, end)
        more = True
        while more:
            with tempfile.TemporaryFile() as temporary:
                try:
                    more = _fill(cast(BinaryIO, temporary), stream)
                finally:
                    size = temporary.tell()
                    if size:
                        self._add(f"{_folder(token)}{end:015}", cast(BinaryIO, temporary))
                        end += size
        return self.received(token)

    def received(self, token: str) -> int:
        """Return how many bytes of ``token`` are here, without a gap."""
        return sum(item["Size"] for item in self._pieces(token))

    @contextmanager
    def assembled(self, token: str) -> Iterator[BinaryIO]:
        """Fetch all parts of ``token`` into a nameless local file."""
        with tempfile.TemporaryFile() as temporary:
            self._fetch(token, cast(BinaryIO, temporary))
            temporary.seek(0)
            yield cast(BinaryIO, temporary)

    def keep(self, token: str, *, expected: str = "") -> Stored:
        """Put the parts of ``token`` together, and send them under their hash."""
        with self.assembled(token) as stream:
            stored = digest_of(stream)
            check(stored, expected)
            self._put(stream, stored)
        return stored

    def discard(self, token: str) -> None:
        """Forget the parts of ``token``, or an unfinished sending of parts."""
        if token.startswith(UNFINISHED):
            upload_id, _, key = token.removeprefix(UNFINISHED).partition("/")
            with translated(), _missing_is_fine():
                self.client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)
            return
        # Backwards, so that a killed process leaves a whole beginning.
        for item in reversed(list(self._listed(_folder(token)))):
            self._remove(item["Key"])

    def incoming(self) -> Iterator[tuple[str, datetime]]:
        """List what is still arriving, and what a killed process left half sent."""
        newest: dict[str, datetime] = {}
        for item in self._listed("incoming/"):
            token = item["Key"].split("/")[1]
            newest[token] = max(item["LastModified"], newest.get(token, item["LastModified"]))
        yield from newest.items()
        with translated():
            pages = self.client.get_paginator("list_multipart_uploads")
            # Other programs may send to the same bucket; theirs is none of our business.
            for page in pages.paginate(Bucket=self.bucket, Prefix="files/"):
                for upload in page.get("Uploads", []):
                    name = f"{UNFINISHED}{upload['UploadId']}/{upload['Key']}"
                    yield name, upload["Initiated"]

    def _pieces(self, token: str) -> Iterator[dict[str, Any]]:
        """List the objects of ``token`` that follow one another from byte 0."""
        end = 0
        for item in self._listed(_folder(token)):
            if int(item["Key"].rpartition("/")[2]) != end:
                return
            end += item["Size"]
            yield item

    def _forget_after(self, token: str, end: int) -> None:
        """Remove objects behind a gap: they would suddenly belong once the gap is filled."""
        for item in list(self._listed(_folder(token))):
            if int(item["Key"].rpartition("/")[2]) >= end:
                self._remove(item["Key"])

    def _fetch(self, token: str, into: BinaryIO) -> None:
        """Copy the parts of ``token``. Raises FileNotFoundError where nothing arrived."""
        for item in self._pieces(token):
            with self._reader(item["Key"], 0) as piece:
                digest_of(piece, into)
        if not into.tell():
            raise FileNotFoundError(token)

    def _put(self, stream: BinaryIO, stored: Stored) -> None:
        """Send bytes whose hash is known to their final name."""
        self._send(_key(stored.sha256), stream)
        about = self._head(_key(stored.sha256))
        if about is None or about["ContentLength"] != stored.size:
            raise StoreUnavailable(f"{stored.sha256} did not arrive whole")

    def _add(self, key: str, stream: BinaryIO) -> None:
        """Send one part, which must be the first of its name. Raises ValueError."""
        stream.seek(0)
        try:
            with translated():
                self.client.put_object(Bucket=self.bucket, Key=key, Body=stream, IfNoneMatch="*")
        except FileExistsError as error:
            raise ValueError("another connection is adding to these parts") from error

    def _send(self, key: str, stream: BinaryIO) -> None:
        """Send a local file from its beginning: in parts, without threads, in little memory."""
        from boto3.s3.transfer import TransferConfig

        plan = TransferConfig(
            multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=1, use_threads=False
        )
        # The transfer closes what it is given, but the caller may still want it; and a seek may
        # end in the buffer, where a second reader of the same file does not look.
        stream.flush()
        os.lseek(stream.fileno(), 0, os.SEEK_SET)
        with open(stream.fileno(), "rb", closefd=False) as body, translated():
            self.client.upload_fileobj(body, self.bucket, key, Config=plan)

    def _remove(self, key: str) -> None:
        with translated():
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def _head(self, key: str) -> dict[str, Any] | None:
        """Return what is known of an object, or None."""
        try:
            with translated():
                return cast(dict[str, Any], self.client.head_object(Bucket=self.bucket, Key=key))
        except FileNotFoundError:
            return None

    def _listed(self, prefix: str) -> Iterator[dict[str, Any]]:
        """List the objects under ``prefix`` in the order of their keys."""
        pages = self.client.get_paginator("list_objects_v2")
        with translated():
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                yield from page.get("Contents", [])

    def _reader(self, key: str, start: int) -> BinaryIO:
        """Open an object. Raises FileNotFoundError."""

        def fetch(position: int) -> Any:
            with translated():
                return self.client.get_object(
                    Bucket=self.bucket, Key=key, Range=f"bytes={position}-"
                )["Body"]

        about = self._head(key)
        if about is None:
            raise FileNotFoundError(key)
        return cast(
            BinaryIO, io.BufferedReader(ObjectReader(fetch, about["ContentLength"], start), CHUNK)
        )


@contextmanager
def _missing_is_fine() -> Iterator[None]:
    """Somebody else was quicker."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "NoSuchUpload":
            raise


@cache
def _session() -> Any:
    """boto3's descriptions of the protocol, read once: they are large."""
    import boto3

    return boto3.session.Session()


def _key(sha256: str) -> str:
    return f"files/{sha256[:2]}/{sha256}"


def _folder(token: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise ValueError("not a token of an upload")
    return f"incoming/{token}/"


def _fill(target: BinaryIO, stream: BinaryIO) -> bool:
    """Copy at most one part; return whether there may be more."""
    while (room := PART - target.tell()) > 0:
        chunk = stream.read(min(CHUNK, room))
        if not chunk:
            return False
        target.write(chunk)
    return True
