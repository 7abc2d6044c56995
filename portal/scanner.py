"""Asking ClamAV whether a file is clean before it is kept; without a setting nobody is asked.

A dozen lines of socket instead of a package: docs/decisions/0017 says why.
"""

import logging
import socket
import struct
from pathlib import Path
from typing import BinaryIO, Protocol

from portal.models import ScanState

log = logging.getLogger("portal")

CHUNK = 128 * 1024
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
"""The longest wait for one step of the conversation; a large archive takes long to look into."""
LONGEST_ANSWER = 4096

CLEAN = b"stream: OK"
TOO_LARGE = b"INSTREAM size limit exceeded"


class TooLargeToScan(Exception):
    """The scanner works, but its StreamMaxLength is below this file: it will never say clean."""


class Scanner(Protocol):
    """Something that says whether bytes are clean."""

    def scan(self, stream: BinaryIO) -> ScanState:
        """Judge everything ``stream`` gives from where it stands."""


class NoScanner:
    """The null twin: every file is taken as it comes, and says that nobody looked."""

    def scan(self, stream: BinaryIO) -> ScanState:
        """Look at nothing."""
        return ScanState.NOT_SCANNED


class Clamd:
    """A ClamAV daemon behind a unix socket (a path) or a network one (``host:port``)."""

    def __init__(self, address: str, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.address = address
        self.answer_seconds = answer_seconds

    def scan(self, stream: BinaryIO) -> ScanState:
        """Send ``stream`` and judge the answer: only exactly ``stream: OK`` is clean.

        A daemon that is down, silent or broken gives WAITING; the file may be asked about
        again. Raises TooLargeToScan where asking again would not help.
        """
        try:
            with self._connected() as connection:
                answer = _instream(connection, stream)
        except OSError as error:
            log.warning("the virus scanner at %s does not answer: %s", self.address, error)
            return ScanState.WAITING
        return self._judged(answer)

    def _judged(self, answer: bytes) -> ScanState:
        """Return what the daemon's ``answer`` means."""
        if answer == CLEAN:
            return ScanState.CLEAN
        if answer.endswith(b" FOUND"):
            log.warning("the virus scanner answers %r", answer)
            return ScanState.INFECTED
        if answer.startswith(TOO_LARGE):
            raise TooLargeToScan(answer.decode("utf-8", "replace"))
        log.warning("the virus scanner at %s answers %r", self.address, answer)
        return ScanState.WAITING

    def _connected(self) -> socket.socket:
        """Return an open connection. Raises OSError."""
        host, colon, port = self.address.rpartition(":")
        if colon and port.isdigit() and "/" not in self.address:
            connection = socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS)
        else:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(CONNECT_SECONDS)
            try:
                connection.connect(str(Path(self.address)))
            except OSError:
                connection.close()
                raise
        connection.settimeout(self.answer_seconds)
        return connection


def _instream(connection: socket.socket, stream: BinaryIO) -> bytes:
    """Send ``stream`` by clamd's INSTREAM and return its answer. Raises OSError.

    A daemon that has had enough answers and hangs up while we still send: its answer is read
    all the same.
    """
    try:
        connection.sendall(b"zINSTREAM\0")
        while chunk := stream.read(CHUNK):
            connection.sendall(struct.pack("!L", len(chunk)) + chunk)
        connection.sendall(struct.pack("!L", 0))
    except (BrokenPipeError, ConnectionResetError):
        log.info("the virus scanner hung up before the end of the file")
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
        if not (more := connection.recv(LONGEST_ANSWER)):
            break
        answer += more
    if not answer.endswith(b"\0"):
        raise ConnectionError(f"the answer broke off: {answer!r}")
    return answer[:-1]


_scanner: Scanner = NoScanner()


def use(scanner: Scanner) -> None:
    """Make ``scanner`` the one this process asks. Called by create_app()."""
    global _scanner
    _scanner = scanner


def at(address: str) -> Scanner:
    """Return the scanner at ``address`` (PORTAL_CLAMD), or the null twin for none."""
    return Clamd(address) if address else NoScanner()


def scan(stream: BinaryIO) -> ScanState:
    """Ask this process's scanner about ``stream`` from its beginning, and rewind it.

    NOT_SCANNED without a scanner, CLEAN, INFECTED, or WAITING while the scanner is down.
    Raises TooLargeToScan.
    """
    stream.seek(0)
    try:
        return _scanner.scan(stream)
    finally:
        stream.seek(0)
