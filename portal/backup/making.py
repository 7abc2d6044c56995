"""Making a backup: first the database's moment, then every file its rows refer to.

In this order nothing is lost while people work: a file is only ever added, and before its row;
the sweep of strays touches none that has a row. What is still arriving in pieces is not taken.
"""

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from portal import clock
from portal.backup.databases import database_of
from portal.backup.errors import BackupError
from portal.backup.manifest import (
    DATABASES,
    MANIFEST,
    SUMS,
    Described,
    Manifest,
    file_name,
    portal_version,
    write_sums,
)
from portal.backup.readers import FolderReader
from portal.backup.writers import Writer, writing
from portal.storage import FileStore, Stored
from portal.storage.base import digest_of


def make_backup(
    destination: Path,
    *,
    engine: sa.Engine,
    store: FileStore,
    reuse: Path | None = None,
    accept_missing: bool = False,
) -> Manifest:
    """Write a backup to ``destination``: a folder, or one archive where it ends in .tar.

    ``reuse`` is an earlier backup in a folder, whose unchanged files are hard-linked. With
    ``accept_missing`` files that the store has lost are named in the manifest instead of
    stopping everything. Raises BackupError; then nothing stands at ``destination``.
    """
    if reuse is not None and not (reuse / MANIFEST).is_file():
        raise BackupError(f"There is no backup in the folder {reuse} to take files from.")
    try:
        with writing(destination) as writer:
            return _written(writer, engine, _Source(store, reuse), accept_missing)
    except OSError as error:
        raise BackupError(f"The backup could not be written: {error}") from error


def _written(
    writer: Writer, engine: sa.Engine, source: "_Source", accept_missing: bool
) -> Manifest:
    database = database_of(engine)
    name = DATABASES[database.dialect]
    made_at = clock.now().isoformat(timespec="seconds")
    holds = database.snapshot(writer.scratch(name))
    taken = writer.take(name)
    missing = source.missing(holds, accept_missing)
    manifest = Manifest(
        made_at=made_at,
        portal=portal_version(),
        dialect=database.dialect,
        server=database.server(),
        database_sha256=taken.sha256,
        database_size=taken.size,
        holds=holds,
        missing=missing,
    )
    for sha256, size in manifest.files.items():
        source.copy(writer, sha256, size)
    written = _add(writer, MANIFEST, manifest.to_json())
    _add(writer, SUMS, write_sums({**manifest.sums(), MANIFEST: written.sha256}))
    return manifest


def _add(writer: Writer, name: str, content: bytes) -> Stored:
    return writer.add(name, io.BytesIO(content), len(content))


class _Source:
    """Where files come from: the store, or an earlier backup that has them."""

    def __init__(self, store: FileStore, reuse: Path | None) -> None:
        self.store = store
        self.earlier = FolderReader(reuse) if reuse else None

    def copy(self, writer: Writer, sha256: str, size: int) -> None:
        """Put one file into the backup. Raises BackupError where the store's copy is not whole."""
        name = file_name(sha256)
        if self._linked(writer, name, Stored(sha256, size)):
            return
        with self._opened(sha256) as stream:
            written = writer.add(name, stream, size)
        if written != Stored(sha256, size):
            raise _lost(f"The file {sha256} has changed in the file store.")

    def missing(self, holds: Described, read_all: bool) -> list[str]:
        """Return the infected files whose bytes are gone, or all that are gone or changed."""
        doubtful = holds.files if read_all else holds.infected
        return [sha256 for sha256 in doubtful if not self._is_whole(sha256, holds.files[sha256])]

    def _is_whole(self, sha256: str, size: int) -> bool:
        try:
            with self._opened(sha256) as stream:
                return digest_of(stream) == Stored(sha256, size)
        except BackupError:
            return False

    @contextmanager
    def _opened(self, sha256: str) -> Iterator[BinaryIO]:
        try:
            stream = self.store.open(sha256)
        except FileNotFoundError:
            raise _lost(f"The file {sha256} is missing from the file store.") from None
        with closing(stream):
            yield stream

    def _linked(self, writer: Writer, name: str, expected: Stored) -> bool:
        """Take the file from the earlier backup, if it is still whole there."""
        if self.earlier is None or not (path := self.earlier.folder / name).is_file():
            return False
        with path.open("rb") as stream:
            if digest_of(stream) != expected:
                return False
        return writer.link(name, path)


def _lost(sentence: str) -> BackupError:
    return BackupError(
        f"{sentence} `flask files verify` names all such files; bring them back from an earlier"
        " backup, or make this one with --accept-missing."
    )
