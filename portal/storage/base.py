"""What a place for files must do; the same tests run on every kind (tests/integration)."""

from collections.abc import Iterator
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


class FileStore(Protocol):
    """A place that keeps bytes by their hash, and the parts of those still arriving."""

    def save(self, stream: BinaryIO) -> Stored:
        """Keep everything ``stream`` gives; the hash is computed on the way."""

    def open(self, sha256: str, start: int = 0) -> BinaryIO:
        """Open the bytes of ``sha256`` from byte ``start``. Raises FileNotFoundError."""

    def exists(self, sha256: str) -> bool:
        """Whether the bytes of ``sha256`` are here, whole."""

    def path(self, sha256: str) -> Path | None:
        """Return the local path of ``sha256`` where there is one."""

    def address(self, sha256: str, *, name: str, media_type: str, inline: bool) -> str | None:
        """Return a short-lived address a browser may fetch from, where the store gives them."""

    def held(self) -> Iterator[Held]:
        """List every file, in the order of their hashes."""

    def delete(self, sha256: str) -> None:
        """Remove the bytes of ``sha256``; only the sweep and a virus do this."""

    def append(self, token: str, offset: int, stream: BinaryIO) -> int:
        """Add ``stream`` at byte ``offset`` of the parts under ``token``; return the new length.

        Everything that came before the connection broke is kept. Raises ValueError when
        ``offset`` is not where the parts end.
        """

    def received(self, token: str) -> int:
        """Return how many bytes of ``token`` are here."""

    def assembled(self, token: str) -> AbstractContextManager[BinaryIO]:
        """Open all parts of ``token`` as one seekable stream."""

    def keep(self, token: str) -> Stored:
        """Move the parts of ``token`` to their hash, as :meth:`save` would."""

    def discard(self, token: str) -> None:
        """Forget the parts of ``token``; none is no error."""

    def incoming(self) -> Iterator[tuple[str, datetime]]:
        """List the tokens (and temporary names) still arriving, with when each last grew."""
