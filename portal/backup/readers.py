"""A backup that is being read: a folder, or one .tar that holds the same."""

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from portal.backup.errors import BackupError
from portal.storage.base import digest_of


class Reader(Protocol):
    """A backup that is being read."""

    def names(self) -> set[str]:
        """Return the names of all members."""

    def open(self, name: str) -> BinaryIO:
        """Open a member. Raises BackupError where it is missing."""

    def as_file(self, name: str) -> "Extracted":
        """Give a member as a file of this machine, for programs."""


@contextmanager
def reading(source: Path) -> Iterator[Reader]:
    """Open a backup of either form. Raises BackupError where there is none."""
    if source.is_dir():
        yield FolderReader(source)
        return
    if not source.is_file():
        raise BackupError(f"There is no backup at {source}.")
    try:
        # "r:" takes a plain .tar alone, in which members are found without reading the rest.
        with tarfile.open(source, "r:") as archive:
            yield TarReader(archive)
    except tarfile.TarError as error:
        raise BackupError(f"{source} cannot be read as a .tar: {error}") from error


class FolderReader:
    """A backup in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> set[str]:
        """Every file below the folder."""
        return {
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_symlink() or not path.is_dir()
        }

    def open(self, name: str) -> BinaryIO:
        """Open the file."""
        try:
            return (self.folder / name).open("rb")
        except OSError as error:
            raise BackupError(f"{name} cannot be read: {error.strerror}") from error

    def as_file(self, name: str) -> "Extracted":
        """The file itself."""
        return Extracted(self.folder / name)


class TarReader:
    """A backup in an archive."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self.archive = archive
        self.members = {about.name: about for about in archive.getmembers() if not about.isdir()}

    def names(self) -> set[str]:
        """Every member that is not a folder."""
        return set(self.members)

    def open(self, name: str) -> BinaryIO:
        """Open the member."""
        about = self.members.get(name)
        stream = self.archive.extractfile(about) if about and about.isfile() else None
        if stream is None:
            raise BackupError(f"{name} is missing.")
        return cast(BinaryIO, stream)

    def as_file(self, name: str) -> "Extracted":
        """A copy in the folder for temporary files."""
        folder = tempfile.TemporaryDirectory(prefix="portal-backup-")
        path = Path(folder.name) / name
        with self.open(name) as source, path.open("xb") as target:
            digest_of(source, target)
        return Extracted(path, folder)


@dataclass(frozen=True)
class Extracted:
    """A member as a file, for as long as the ``with`` lasts."""

    path: Path
    folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        if self.folder is not None:
            self.folder.cleanup()
