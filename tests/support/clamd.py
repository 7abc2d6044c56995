"""A real clamd for the tests, with one hand-made signature: that of the EICAR test file.

The test file is put together when it is needed, so that no file of the project holds it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from portal import scanner

START_SECONDS = 30
STREAM_LIMIT = 8 * 1024 * 1024
HALVES = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EIC", r"AR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")
EICAR = "".join(HALVES).encode("ascii")

CONFIGURATION = """\
Foreground yes
LocalSocket {folder}/clamd.sock
DatabaseDirectory {folder}/signatures
TemporaryDirectory {folder}
StreamMaxLength {limit}
MaxFileSize {limit}
MaxScanSize {limit}
AlertExceedsMax yes
"""


def infected(content: bytes = b"") -> bytes:
    """``content`` with the test signature behind it."""
    return content + EICAR


@dataclass
class ClamdServer:
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def address(self) -> str:
        return str(self.folder / "clamd.sock")

    def start(self) -> None:
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [program(), "--config-file", self.folder / "clamd.conf"], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"clamd did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.05)

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(self.address)
                connection.sendall(b"zPING\0")
                return connection.recv(16) == b"PONG\0"
            except OSError:
                return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None


def program() -> str | None:
    """Debian keeps it where only root's PATH leads."""
    return shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def running_clamd() -> Iterator[ClamdServer]:
    """Start a daemon in a temporary folder, and stop and forget it at the end."""
    # Not pytest's own folder: a socket's path may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="portal-clamd-"))
    server = ClamdServer(folder)
    try:
        signatures = folder / "signatures"
        signatures.mkdir()
        (signatures / "test.ndb").write_text(f"Test.EICAR:0:*:{EICAR.hex()}\n")
        (folder / "clamd.conf").write_text(
            CONFIGURATION.format(folder=folder, limit=STREAM_LIMIT), encoding="ascii"
        )
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def clamd_server() -> Iterator[ClamdServer]:
    if program() is None:
        pytest.skip("clamd is not installed (Debian: apt-get install clamav-daemon)")
    with running_clamd() as server:
        yield server


@pytest.fixture
def clamd(clamd_server: ClamdServer) -> Iterator[ClamdServer]:
    """The portal asks a real clamd while the test runs."""
    scanner.use(scanner.at(clamd_server.address))
    yield clamd_server
    scanner.use(scanner.at(""))


@pytest.fixture
def clamd_down(tmp_path: Path) -> Iterator[None]:
    """The portal asks a clamd that is not running."""
    scanner.use(scanner.at(str(tmp_path / "nobody.sock")))
    yield
    scanner.use(scanner.at(""))
