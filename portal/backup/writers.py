"""A backup that is being written: a folder, or one .tar that holds the same."""

import ctypes
import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from portal.backup.errors import BackupError
from portal.storage.base import Stored, digest_of
from portal.storage.local import sync_folder


class Writer(Protocol):
    """A backup that is being written."""

    def add(self, name: str, source: BinaryIO, size: int) -> Stored:
        """Copy ``source``, which should have ``size`` bytes, to ``name``."""

    def take(self, name: str) -> Stored:
        """Make the file that was written to ``scratch(name)`` a member."""

    def scratch(self, name: str) -> Path:
        """Return where a program may write what is to become ``name``."""

    def link(self, name: str, previous: Path) -> bool:
        """Share the bytes of ``previous``, where the form can; say whether it did."""

    def finish(self, destination: Path) -> None:
        """Make everything durable, then give it its name."""

    def close(self) -> None:
        """Let go of what is open, finished or not."""


@contextmanager
def writing(destination: Path) -> Iterator[Writer]:
    """Give a writer whose work appears under ``destination`` only if all went well.

    Until then it lies beside it, in a folder whose name ends in .partial and that nobody else
    may read: what is inside are people's records.
    """
    destination = destination.absolute()
    if destination.exists() or destination.is_symlink():
        raise BackupError(f"{destination} exists already; a backup is never written over another.")
    if not destination.parent.is_dir():
        raise BackupError(f"The folder {destination.parent} does not exist.")
    work = Path(
        tempfile.mkdtemp(dir=destination.parent, prefix=f".{destination.name}.", suffix=".partial")
    )
    try:
        writer: Writer = TarWriter(work) if destination.suffix == ".tar" else FolderWriter(work)
        try:
            yield writer
            writer.finish(destination)
        finally:
            writer.close()
    finally:
        shutil.rmtree(work, ignore_errors=True)


class FolderWriter:
    """Members are files of a folder."""

    def __init__(self, work: Path) -> None:
        self.work = work

    def scratch(self, name: str) -> Path:
        """The place where it stays."""
        return self.work / name

    def add(self, name: str, source: BinaryIO, size: int) -> Stored:
        """Copy."""
        with self._made(name).open("xb") as target:
            return digest_of(source, target)

    def take(self, name: str) -> Stored:
        """Measure what a program wrote."""
        with (self.work / name).open("rb") as source:
            return digest_of(source)

    def link(self, name: str, previous: Path) -> bool:
        """Give the bytes of an earlier backup a second name."""
        try:
            os.link(previous, self._made(name), follow_symlinks=False)
        except OSError:
            return False
        return True

    def finish(self, destination: Path) -> None:
        """Sync everything at once, then rename the folder."""
        _sync_file_system(self.work)
        self.work.rename(destination)
        sync_folder(destination.parent)

    def close(self) -> None:
        """Nothing is open."""

    def _made(self, name: str) -> Path:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


class TarWriter:
    """Members are those of one archive."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self._file = (work / "backup.tar").open("xb")
        self._archive = tarfile.TarFile(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)

    def scratch(self, name: str) -> Path:
        """A place beside the archive."""
        return self.work / name

    def add(self, name: str, source: BinaryIO, size: int) -> Stored:
        """Copy. Raises BackupError for a stream that ends early: the archive promised its size."""
        about = tarfile.TarInfo(name)
        about.size, about.mode = size, 0o600
        hashing = _Hashing(source, name)
        self._archive.addfile(about, hashing)
        return Stored(hashing.digest.hexdigest(), size + len(source.read(1)))

    def take(self, name: str) -> Stored:
        """Move what a program wrote into the archive."""
        path = self.scratch(name)
        with path.open("rb") as source:
            written = self.add(name, source, path.stat().st_size)
        path.unlink()
        return written

    def link(self, name: str, previous: Path) -> bool:
        """An archive cannot."""
        return False

    def finish(self, destination: Path) -> None:
        """Sync the archive, then move it out."""
        self._archive.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        made = Path(self._file.name)
        made.chmod(0o600)
        made.rename(destination)
        sync_folder(destination.parent)

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._file.close()


class _Hashing(io.RawIOBase):
    """Hashes what tarfile reads through it, and gives just as much as it asks for."""

    def __init__(self, source: BinaryIO, name: str) -> None:
        self.source = source
        self.name = name
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on. Raises BackupError where the source ends before the archive's promise."""
        chunk = b""
        while len(chunk) < size:
            more = self.source.read(size - len(chunk))
            if not more:
                raise BackupError(f"{self.name} is shorter than it should be.")
            chunk += more
        self.digest.update(chunk)
        return chunk


def _sync_file_system(folder: Path) -> None:
    """Make all that was written below ``folder`` durable. Raises OSError.

    One call for everything: syncing each of many small files takes most of a backup's time.
    Python has os.sync(), which says nothing of a disk that could not write; syncfs(2) does.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(handle):
            raise OSError(ctypes.get_errno(), "the backup could not be synced", str(folder))
    finally:
        os.close(handle)
