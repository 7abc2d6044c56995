"""Uploads that die: run as a process of its own, which forks one child for each of them.

Each line of the standard input is a job; the child makes an upload through the services, and
kills itself, by the signal nobody can catch, at the step the job names. The answer is the
child's exit status. What dies is the store or the connection, both built from the real ones.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from flask import Flask

from portal import clock, storage
from portal.extensions import db
from portal.models import Pairing, User
from portal.policies.uploads import Destination
from portal.services import uploads
from portal.services.files import store_upload
from portal.storage import CHUNK, LocalFileStore, S3FileStore, StorageSettings, Stored
from tests.factories.evidence import pdf_bytes
from tests.support.apps import build_app

SIZE = 9 * 1024 * 1024
"""Larger than one part of a bucket (8 MiB), so that sending takes several requests."""


def content_of(number: int) -> bytes:
    """The file of one job; no two have the same."""
    return pdf_bytes(f"中断{number}").ljust(SIZE, b".")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Dying(io.BytesIO):
    """A file that kills the process when half of it has been read."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > len(self.getbuffer()) // 2:
            die()
        return super().read(size)


class DyingSteps:
    """Mixed into a store: dies at the named step of keeping bytes."""

    step = ""

    def save(self, stream: BinaryIO, *, expected: str = "") -> Stored:
        content = Dying(stream.read()) if self.step == "reading" else stream
        stored: Stored = super().save(content, expected=expected)  # type: ignore[misc]
        if self.step == "saved":
            die()
        return stored

    def _put(self, *arguments: Any) -> None:
        if self.step == "written":
            die()
        super()._put(*arguments)  # type: ignore[misc]
        if self.step == "named":
            die()


class DyingFolder(DyingSteps, LocalFileStore):
    pass


class DyingBucket(DyingSteps, S3FileStore):
    def __init__(self, settings: StorageSettings, step: str) -> None:
        super().__init__(settings)
        if step == "sending":
            self.client.meta.events.register("after-call.s3.UploadPart", lambda **_: die())


def dying_store(job: dict[str, Any], folder: Path) -> Any:
    """The store of the job; it dies at the job's step."""
    store: Any = DyingFolder(folder)
    if job["bucket"]:
        store = DyingBucket(StorageSettings(**job["bucket"]), job["step"])
    store.step = job["step"]
    return store


def run(job: dict[str, Any]) -> None:
    """Take in a file as one form, or in parts, and die on the way."""
    pairing, actor = db.session.get(Pairing, job["pairing"]), db.session.get(User, job["user"])
    assert pairing is not None
    assert actor is not None
    content = content_of(job["number"])
    if job["way"] == "form":
        store_upload("方案.pdf", io.BytesIO(content), pairing=pairing, actor=actor)
    else:
        in_parts(content, Destination(pairing), actor, job["step"])
    if job["step"] == "flushed":
        die()
    db.session.commit()
    if job["step"] == "committed":
        die()


def in_parts(content: bytes, place: Destination, actor: User, step: str) -> None:
    """Begin, send two pieces, and have the whole looked into, as the endpoints do."""
    upload = uploads.begin(
        place, filename="方案.pdf", size=SIZE, evidence_on=clock.today(), actor=actor
    )
    db.session.commit()
    body = Dying if step == "arriving" else io.BytesIO
    for start, end in ((0, 5 * CHUNK), (5 * CHUNK, SIZE)):
        received = storage.store().append(upload.token, start, body(content[start:end]))
        uploads.note_received(upload, received)
        db.session.commit()
    if step == "arrived":
        die()
    found = uploads.inspect_received(upload)
    uploads.settle(upload, found)


def ended(app: Flask, job: dict[str, Any], instance: Path) -> int:
    """Do a job in this process; return its exit status, should it live that long."""
    try:
        with app.app_context():
            storage.use(dying_store(job, instance / "files"), upload_limit=2 * SIZE)
            run(job)
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def serve(database_url: str, instance: Path) -> None:
    """Fork a child for each job on the standard input; print how it ended."""
    app = build_app(database_url, instance)
    # Read boto3's descriptions once, for all children; nothing is connected by that.
    _ = S3FileStore(StorageSettings(region="us-east-1")).client
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(ended(app, job, instance))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
