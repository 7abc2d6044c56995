"""Where the bytes of uploaded files live: under their own SHA-256, never changed."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

CHUNK = 256 * 1024


@dataclass(frozen=True)
class Stored:
    """What is known of bytes once they are safe."""

    sha256: str
    size: int


class FileStore(Protocol):
    """A place that keeps bytes by their hash."""

    def save(self, stream: BinaryIO) -> Stored:
        """Keep everything ``stream`` gives and return its hash and size in bytes."""

    def open(self, sha256: str) -> BinaryIO:
        """Open the bytes of ``sha256`` for reading. Raises FileNotFoundError."""

    def path(self, sha256: str) -> Path | None:
        """Return the local path of ``sha256`` where there is one."""


class LocalFileStore:
    """Files in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Return where the bytes of ``sha256`` are, whether or not they exist."""
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def open(self, sha256: str) -> BinaryIO:
        """Open the bytes of ``sha256`` for reading. Raises FileNotFoundError."""
        return self.path(sha256).open("rb")

    def save(self, stream: BinaryIO) -> Stored:
        """Write to a temporary name, sync, then move into place: no half file ever shows."""
        incoming = self.root / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(dir=incoming)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as target:
                while chunk := stream.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            final = self.path(digest.hexdigest())
            final.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(final)
            _sync_folder(final.parent)
        finally:
            temporary.unlink(missing_ok=True)
        return Stored(digest.hexdigest(), size)


_store: FileStore | None = None
_upload_limit = 100 * 1024 * 1024


def use(store: FileStore, *, upload_limit: int) -> None:
    """Make ``store`` the one this process keeps its files in. Called once, by create_app().

    ``upload_limit`` is the largest file taken in, in bytes.
    """
    global _store, _upload_limit
    _store, _upload_limit = store, upload_limit


def upload_limit() -> int:
    """Return the size of the largest file taken in, in bytes."""
    return _upload_limit


def store() -> FileStore:
    """Return the store of this process."""
    if _store is None:
        raise RuntimeError("no file store was chosen")
    return _store


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
