"""What a place for files must do; the same tests run on every kind (tests/integration)."""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

CHUNK = 256 * 1024


@dataclass(frozen=True)
class Stored:
    """What is known of bytes once they are safe: SHA-256 in hex, and size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Held:
    """One file as the store itself lists it."""

    sha256: str
    size: int
    modified: datetime


class StoreUnavailable(OSError):
    """The place does not answer; the bytes may well be there."""


class Changed(ValueError):
    """The bytes are not those of the hash they were announced under."""


class FileStore(Protocol):
    """A place that keeps bytes by their hash, and the parts of those still arriving.

    Everything may raise StoreUnavailable. Bytes under a hash are whole or not there at all,
    whenever the process is killed.
    """

    def save(self, stream: BinaryIO, *, expected: str = "") -> Stored:
        """Keep everything ``stream`` gives; the hash is computed on the way.

        With ``expected``, bytes of any other hash are not kept: raises Changed.
        """

    def open(self, sha256: str, start: int = 0) -> BinaryIO:
        """Open the bytes of ``sha256`` at byte ``start``; seekable. Raises FileNotFoundError."""

    def exists(self, sha256: str) -> bool:
        """Whether the bytes of ``sha256`` are here, whole."""

    def missing(self, hashes: Collection[str]) -> set[str]:
        """Return those of ``hashes`` whose bytes are not here; for many at once."""

    def path(self, sha256: str) -> Path | None:
        """Return the local path of ``sha256`` where there is one."""

    def address(self, sha256: str, *, name: str, media_type: str, inline: bool) -> str | None:
        """Return a short-lived address a browser may fetch from, where the store gives them."""

    def held(self) -> Iterator[Held]:
        """List every file, in the order of their hashes."""

    def delete(self, sha256: str, *, older_than: datetime | None = None) -> bool:
        """Remove the bytes of ``sha256``; only the sweep, a move and a virus do this.

        With ``older_than``, only if they were not saved (again) since then. Returns whether
        they were removed.
        """

    def append(self, token: str, offset: int, stream: BinaryIO) -> int:
        """Add ``stream`` at byte ``offset`` of the parts under ``token``; return the new length.

        Everything that came before the connection broke is kept. Raises ValueError when
        ``offset`` is not where the parts end, or somebody else is adding to them.
        """

    def received(self, token: str) -> int:
        """Return how many bytes of ``token`` are here."""

    def assembled(self, token: str) -> AbstractContextManager[BinaryIO]:
        """Open all parts of ``token`` as one seekable stream."""

    def keep(self, token: str, *, expected: str = "") -> Stored:
        """Keep the parts of ``token`` under their hash, as :meth:`save` would.

        The parts stay until they are discarded, but do not grow any more. ``expected`` is their
        hash where the caller has just read them. Raises FileNotFoundError where nothing arrived.
        """

    def discard(self, token: str) -> None:
        """Forget the parts of ``token``, or a temporary of :meth:`incoming`; none is no error."""

    def incoming(self) -> Iterator[tuple[str, datetime]]:
        """List the tokens (and temporary names) still arriving, with when each last grew."""


def digest_of(stream: BinaryIO, into: BinaryIO | None = None) -> Stored:
    """Read ``stream`` to its end, copying it ``into`` where given; return hash and size."""
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if into is not None:
            into.write(chunk)
    return Stored(digest.hexdigest(), size)


def check(found: Stored, expected: str) -> None:
    """Raise Changed unless ``found`` has the ``expected`` hash; an empty one expects nothing."""
    if expected and found.sha256 != expected:
        raise Changed(f"expected {expected}, found {found.sha256}")
