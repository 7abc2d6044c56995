"""What large files cost a worker in memory: uploads, a download and a ZIP, over real sockets.

    script/bench --memory                 500 MB files and a ZIP of 2 GB, in a folder
    script/bench --memory --s3            the same in a bucket (a real S3 server)
    script/bench --memory --megabytes 50  quicker

A real gunicorn serves the portal. The figures are those of Linux: resident memory of the
worker before a step, and the most it had during the step (VmHWM, set back before each).
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from portal.extensions import db
from portal.storage import S3FileStore, StorageSettings
from tests.factories import PASSWORD, make_scene
from tests.support.apps import ROOT, build_app, dispose, migrate
from tests.support.stores import running_s3

MEBIBYTE = 1024 * 1024
ALLOWED = 64 * MEBIBYTE
PIECE = 8 * MEBIBYTE
BLOCK = 256 * 1024
ZIP_FILES = 4
BOUNDARY = "----a-boundary-that-no-file-holds"
# What a film looks like to whoever looks at its beginning.
FILM = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"


@dataclass
class Step:
    """One step of the benchmark; memory in bytes, the largest of the workers."""

    name: str
    size: int
    before: int
    peak: int
    seconds: float

    @property
    def added(self) -> int:
        return self.peak - self.before


def film(number: int, size: int) -> Iterator[bytes]:
    """A file of ``size`` bytes that no other number has, in blocks."""
    filler = hashlib.sha256(str(number).encode()).digest() * (BLOCK // 32)
    head = FILM + number.to_bytes(4, "big")
    yield head
    left = size - len(head)
    while left > 0:
        yield filler[: min(left, BLOCK)]
        left -= BLOCK


def memory_of(pid: int, line: str) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(rf"{line}:\s+(\d+) kB", text)[0]) * 1024


def workers_of(master: int) -> list[int]:
    text = Path(f"/proc/{master}/task/{master}/children").read_text()
    return [int(pid) for pid in text.split()]


@dataclass
class Visitor:
    """One browser: a connection, its cookies, its token."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    received: int = 0

    def send(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Send a request; the answer's body is only kept where it is a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        said = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), **(headers or {})}
        connection.request(method, path, body, said)  # type: ignore[arg-type]
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            self.cookies.update({k: v.value for k, v in SimpleCookie(line).items()})
        kept, size = b"", 0
        while block := answer.read(BLOCK):
            size += len(block)
            kept = kept + block if size < MEBIBYTE else b""
        length = answer.headers["Content-Length"]
        assert length is None or int(length) == size, f"{size} of {length}"
        self.received = size
        connection.close()
        if found := re.search(rb'name="csrf_token"[^>]*value="([^"]+)"', kept):
            self.token = found[1].decode()
        return answer.status, answer.headers, kept

    def log_in(self, username: str) -> None:
        self.send("GET", "/login")
        form = urlencode({"username": username, "password": PASSWORD, "csrf_token": self.token})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _, _ = self.send("POST", "/login", form, kind)
        assert status in (302, 303), status


def upload_by_form(visitor: Visitor, pairing: int, number: int, size: int) -> None:
    """As a browser without JavaScript sends it."""
    visitor.send("GET", f"/pairings/{pairing}/evidence")
    fields = {"csrf_token": visitor.token, "pairing": str(pairing), "evidence_on": "2020-06-01"}
    parts = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    opening = (
        f'{parts}--{BOUNDARY}\r\nContent-Disposition: form-data; name="files";'
        f' filename="film-{number}.mp4"\r\nContent-Type: video/mp4\r\n\r\n'
    ).encode()
    closing = f"\r\n--{BOUNDARY}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield opening
        yield from film(number, size)
        yield closing

    headers = {
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(len(opening) + size + len(closing)),
    }
    status, _, page = visitor.send("POST", "/uploads/files", body(), headers)
    assert status in (302, 303), (status, page.decode()[-2000:])


def upload_in_pieces(visitor: Visitor, pairing: int, number: int, size: int) -> None:
    """As the page's own script sends it."""
    said = {"filename": f"film-{number}.mp4", "pairing": str(pairing), "evidence_on": "2020-06-01"}
    metadata = ",".join(f"{k} {b64encode(v.encode()).decode()}" for k, v in said.items())
    common = {"Tus-Resumable": "1.0.0", "X-CSRFToken": visitor.token}
    begun = {**common, "Upload-Length": str(size), "Upload-Metadata": metadata}
    status, headers, page = visitor.send("POST", "/uploads", b"", begun)
    assert status == 201, (status, page.decode())
    blocks, offset = film(number, size), 0
    while offset < size:
        piece = b""
        while len(piece) < min(PIECE, size - offset):
            piece += next(blocks)
        sent = {
            **common,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
        }
        status, answer, page = visitor.send("PATCH", headers["Location"], piece, sent)
        assert status == 204, (status, page.decode())
        offset += len(piece)
        assert int(answer["Upload-Offset"]) == offset


def download(visitor: Visitor, path: str, at_least: int = 1) -> None:
    status, _, page = visitor.send("GET", path)
    assert status == 200, (status, page.decode()[:2000])
    assert visitor.received >= at_least, visitor.received


@contextmanager
def gunicorn(environment: dict[str, str], port: int) -> Iterator[int]:
    """A real server; yields the process id of its master."""
    log = Path(environment["PORTAL_INSTANCE_PATH"]) / "gunicorn.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"],
            cwd=ROOT,
            env={**os.environ, **environment, "PORT": str(port)},
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(log.read_text()) from None
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def plain_copy(folder: Path, size: int) -> float:
    """Seconds that ``sha256sum`` and ``cp`` take for a file of ``size`` on the same disk."""
    one, other = folder / "one", folder / "other"
    with one.open("wb") as stream:
        for block in film(0, size):
            stream.write(block)
    begun = time.monotonic()
    subprocess.run(["sha256sum", one], check=True, capture_output=True)
    subprocess.run(["cp", one, other], check=True)
    os.sync()
    seconds = time.monotonic() - begun
    one.unlink()
    other.unlink()
    return seconds


def prepared(folder: Path, settings: StorageSettings) -> tuple[int, str]:
    """Make the database; return a pairing and the name of its coordinator."""
    app = build_app(f"sqlite:///{folder / 'portal.sqlite3'}", folder, STORAGE=settings)
    migrate(app)
    with app.app_context():
        scene = make_scene()
        found = scene.pairing_id, scene.supported_coordinator.username
        db.session.commit()
    dispose(app)
    return found


def environment_of(folder: Path, settings: StorageSettings, workers: int) -> dict[str, str]:
    found = {
        "PORTAL_ENV": "development",
        "PORTAL_INSTANCE_PATH": str(folder),
        "PORTAL_DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}",
        "PORTAL_STORAGE": settings.kind,
        "WEB_CONCURRENCY": str(workers),
        "TMPDIR": str(folder),
    }
    if settings.kind == "s3":
        found |= {
            "PORTAL_S3_BUCKET": settings.bucket,
            "PORTAL_S3_ENDPOINT": settings.endpoint,
            "PORTAL_S3_REGION": settings.region,
            "PORTAL_S3_ACCESS_KEY": settings.access_key,
            "PORTAL_S3_SECRET_KEY": settings.secret_key,
        }
    return found


def measured(name: str, size: int, workers: list[int], work: Callable[[], None]) -> Step:
    """Do ``work`` and see how much memory the workers took for it."""
    before = {pid: memory_of(pid, "VmRSS") for pid in workers}
    for pid in workers:
        # Sets the highest mark back to what is there now (proc(5)).
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    begun = time.monotonic()
    work()
    seconds = time.monotonic() - begun
    peaks = {pid: memory_of(pid, "VmHWM") for pid in workers}
    pid = max(workers, key=lambda one: peaks[one] - before[one])
    step = Step(name, size, before[pid], peaks[pid], seconds)
    print(
        f"| {name} | {size / MEBIBYTE:,.0f} | {step.before / MEBIBYTE:.1f} |"
        f" {step.peak / MEBIBYTE:.1f} | {step.added / MEBIBYTE:+.1f} | {seconds:.1f} |",
        flush=True,
    )
    return step


def run(size: int, workers: int, settings: StorageSettings, folder: Path) -> list[Step]:
    """Take every step once; the first visits are not measured, since they load what is needed."""
    pairing, username = prepared(folder, settings)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    visitor = Visitor(port)
    with gunicorn(environment_of(folder, settings, workers), port) as master:
        visitor.log_in(username)
        for number in range(3 * workers):
            upload_by_form(visitor, pairing, 100 + number, MEBIBYTE)
            upload_in_pieces(visitor, pairing, 200 + number, MEBIBYTE)
            download(visitor, "/files/1?download=1")
            download(visitor, f"/pairings/{pairing}/pack.zip")
        first = 6 * workers + 1
        pids = workers_of(master)
        print("| step | MiB | before | peak | added | seconds |\n|---|---|---|---|---|---|")
        total, pack = ZIP_FILES * size, f"/pairings/{pairing}/pack.zip"
        film_file = f"/files/{first}?download=1"
        steps = [
            measured("form", size, pids, lambda: upload_by_form(visitor, pairing, 1, size)),
            measured("pieces", size, pids, lambda: upload_in_pieces(visitor, pairing, 2, size)),
            measured("download", size, pids, lambda: download(visitor, film_file, size)),
        ]
        for number in range(3, ZIP_FILES + 1):
            upload_in_pieces(visitor, pairing, number, size)
        steps.append(measured("ZIP", total, pids, lambda: download(visitor, pack, total)))
        assert workers_of(master) == pids, "a worker died and was replaced"
    return steps


def main() -> int:
    """Run the benchmark; exit status 1 where a step took more than 64 MiB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", action="store_true", help="this benchmark")
    parser.add_argument("--megabytes", type=int, default=500, help="of each file")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--s3", action="store_true", help="keep the files in a bucket")
    chosen = parser.parse_args()
    size = chosen.megabytes * MEBIBYTE
    folder = Path(tempfile.mkdtemp(prefix="portal-memory-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        settings = StorageSettings()
        if chosen.s3:
            address = stack.enter_context(running_s3(folder / "s3.log"))
            settings = StorageSettings(
                "s3", "portal", "portal", address, "us-east-1", "k", "secret"
            )
            S3FileStore(settings).client.create_bucket(Bucket=settings.bucket)
        copied = plain_copy(folder, size)
        print(f"sha256sum and cp of {chosen.megabytes} MiB: {copied:.1f} s\n")
        steps = run(size, chosen.workers, settings, folder)
    over = [step.name for step in steps if step.added > ALLOWED]
    print(f"\nmore than {ALLOWED / MEBIBYTE:.0f} MiB added: {', '.join(over) or 'none'}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
