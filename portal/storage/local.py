"""Files in a folder of this machine."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from portal.storage.base import CHUNK, Held, Stored

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


class LocalFileStore:
    """Bytes by their hash in ``root``/ab/cd/…, what is still arriving in ``root``/incoming."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Return where the bytes of ``sha256`` are, whether or not they exist."""
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def exists(self, sha256: str) -> bool:
        """Whether the bytes of ``sha256`` are here."""
        return self.path(sha256).is_file()

    def open(self, sha256: str, start: int = 0) -> BinaryIO:
        """Open the bytes of ``sha256`` from byte ``start``. Raises FileNotFoundError."""
        stream = self.path(sha256).open("rb")
        stream.seek(start)
        return stream

    def address(self, sha256: str, *, name: str, media_type: str, inline: bool) -> str | None:
        """A folder has no addresses."""
        return None

    def save(self, stream: BinaryIO) -> Stored:
        """Write to a temporary name, sync, then move into place: no half file ever shows."""
        handle, name = tempfile.mkstemp(dir=self._incoming(), prefix="tmp-")
        temporary = Path(name)
        try:
            digest, size = hashlib.sha256(), 0
            with os.fdopen(handle, "wb") as target:
                while chunk := stream.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            self._put(temporary, digest.hexdigest())
        finally:
            temporary.unlink(missing_ok=True)
        return Stored(digest.hexdigest(), size)

    def held(self) -> Iterator[Held]:
        """List every file, in the order of their hashes."""
        for path in sorted(self.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
            about = path.stat()
            yield Held(path.name, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))

    def delete(self, sha256: str) -> None:
        """Remove the bytes of ``sha256``."""
        self.path(sha256).unlink(missing_ok=True)

    def append(self, token: str, offset: int, stream: BinaryIO) -> int:
        """Add ``stream`` at ``offset``; what came before a broken connection is kept."""
        part = self._part(token)
        with part.open("ab") as target:
            if target.tell() != offset:
                raise ValueError(f"the parts end at {target.tell()}, not at {offset}")
            while chunk := stream.read(CHUNK):
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
            return target.tell()

    def received(self, token: str) -> int:
        """Return how many bytes of ``token`` are here."""
        part = self._part(token)
        return part.stat().st_size if part.exists() else 0

    @contextmanager
    def assembled(self, token: str) -> Iterator[BinaryIO]:
        """Open all parts of ``token`` as one seekable stream."""
        with self._part(token).open("rb") as stream:
            yield stream

    def keep(self, token: str) -> Stored:
        """Move the parts of ``token`` to their hash."""
        part = self._part(token)
        digest, size = hashlib.sha256(), 0
        with part.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
        self._put(part, digest.hexdigest())
        return Stored(digest.hexdigest(), size)

    def discard(self, token: str) -> None:
        """Forget the parts of ``token``."""
        self._part(token).unlink(missing_ok=True)

    def incoming(self) -> Iterator[tuple[str, datetime]]:
        """List what is still arriving, with when each last grew."""
        for path in sorted(self._incoming().iterdir()):
            yield path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def _incoming(self) -> Path:
        folder = self.root / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _part(self, token: str) -> Path:
        if not _TOKEN.fullmatch(token):
            raise ValueError("not a token of an upload")
        return self._incoming() / token

    def _put(self, temporary: Path, sha256: str) -> None:
        """Give synced bytes their final name, durably."""
        final = self.path(sha256)
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(final)
        sync_folder(final.parent)


def sync_folder(folder: Path) -> None:
    """Make new names in ``folder`` themselves durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
