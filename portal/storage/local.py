"""Files in a folder of this machine."""

import fcntl
import os
import re
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from portal.storage.base import CHUNK, Held, Stored, check, digest_of

TEMPORARY = "tmp-"
# The group may read, so that nginx can be given what it hands over.
MODE = 0o640
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_ARRIVING = re.compile(r"[A-Za-z0-9_-]{12,64}")


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

    def missing(self, hashes: Collection[str]) -> set[str]:
        """Return those of ``hashes`` whose bytes are not here."""
        return {one for one in hashes if not self.exists(one)}

    def open(self, sha256: str, start: int = 0) -> BinaryIO:
        """Open the bytes of ``sha256`` at byte ``start``. Raises FileNotFoundError."""
        stream = self.path(sha256).open("rb")
        stream.seek(start)
        return stream

    def address(self, sha256: str, *, name: str, media_type: str, inline: bool) -> str | None:
        """A folder has no addresses."""
        return None

    def save(self, stream: BinaryIO, *, expected: str = "") -> Stored:
        """Write to a temporary name, sync, then move into place: no half file ever shows."""
        handle, name = tempfile.mkstemp(dir=self._incoming(), prefix=TEMPORARY)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as target:
                stored = digest_of(stream, target)
                target.flush()
                os.fsync(target.fileno())
            check(stored, expected)
            self._put(temporary, stored.sha256)
        finally:
            temporary.unlink(missing_ok=True)
        return stored

    def held(self) -> Iterator[Held]:
        """List every file, in the order of their hashes; one folder in memory at a time."""
        for folder in _sorted(self.root, 2):
            for inner in _sorted(folder, 2):
                for path in _sorted(inner, 64):
                    try:
                        about = path.stat()
                    except FileNotFoundError:
                        continue
                    yield Held(path.name, about.st_size, _when(about))

    def delete(self, sha256: str, *, older_than: datetime | None = None) -> bool:
        """Remove the bytes of ``sha256``.

        They are moved aside before their age is looked at once more, so that an upload of the
        same bytes at this very moment either is seen here or puts its own copy in place. Young
        ones are not moved at all: nobody who opens them may find them gone.
        """
        final = self.path(sha256)
        try:
            if older_than is not None and _when(final.stat()) >= older_than:
                return False
        except FileNotFoundError:
            return False
        aside = self._incoming() / f"{TEMPORARY}{os.urandom(8).hex()}"
        try:
            final.rename(aside)
        except FileNotFoundError:
            return False
        if older_than is not None and _when(aside.stat()) >= older_than:
            if not final.exists():
                aside.rename(final)
            aside.unlink(missing_ok=True)
            return False
        aside.unlink(missing_ok=True)
        return True

    def append(self, token: str, offset: int, stream: BinaryIO) -> int:
        """Add ``stream`` at ``offset``; what came before a broken connection is kept."""
        if offset and not self.received(token):
            raise ValueError(f"nothing has arrived, so nothing follows at {offset}")
        with self._part(token).open("ab") as target:
            try:
                fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ValueError("another connection is adding to these parts") from error
            if target.tell() != offset:
                raise ValueError(f"the parts end at {target.tell()}, not at {offset}")
            try:
                while chunk := stream.read(CHUNK):
                    if os.fstat(target.fileno()).st_nlink > 1:
                        raise ValueError("these parts are kept under their hash")
                    target.write(chunk)
            finally:
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

    def keep(self, token: str, *, expected: str = "") -> Stored:
        """Give the parts of ``token`` their hash as a second name."""
        part = self._part(token)
        stored = Stored(expected, part.stat().st_size)
        if not expected:
            with part.open("rb") as stream:
                stored = digest_of(stream)
        # The bytes may have waited for days; the sweep must see that they are wanted now.
        os.utime(part)
        second = self._incoming() / f"{TEMPORARY}{os.urandom(8).hex()}"
        os.link(part, second)
        try:
            self._put(second, stored.sha256)
        finally:
            # Where the file has that name already, moving it there leaves both.
            second.unlink(missing_ok=True)
        return stored

    def discard(self, token: str) -> None:
        """Forget the parts of ``token``, or a temporary.

        A temporary may be the only copy of a file that :meth:`delete` had moved aside when it
        was killed: it goes to the place of its hash first, from where the sweep removes it if
        no record names it.
        """
        if not _ARRIVING.fullmatch(token):
            raise ValueError("not the name of something arriving")
        left = self._incoming() / token
        if token.startswith(TEMPORARY) and left.is_file():
            with left.open("rb") as stream:
                sha256 = digest_of(stream).sha256
            if not self.exists(sha256):
                self._put(left, sha256)
        left.unlink(missing_ok=True)

    def incoming(self) -> Iterator[tuple[str, datetime]]:
        """List what is still arriving, with when each last grew."""
        for path in sorted(self._incoming().iterdir()):
            try:
                yield path.name, _when(path.stat())
            except FileNotFoundError:
                continue

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
        if not final.parent.is_dir():
            final.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(final.parent.parent)
            sync_folder(self.root)
        temporary.chmod(MODE)
        temporary.replace(final)
        sync_folder(final.parent)


def sync_folder(folder: Path) -> None:
    """Make new names in ``folder`` themselves durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sorted(folder: Path, length: int) -> list[Path]:
    """Return what ``folder`` holds under hexadecimal names of this ``length``."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if re.fullmatch(f"[0-9a-f]{{{length}}}", p.name))


def _when(about: os.stat_result) -> datetime:
    return datetime.fromtimestamp(about.st_mtime, UTC)
