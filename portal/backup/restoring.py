"""Putting a backup back into an empty portal: looked at first, touched only when all is well."""

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from portal.backup.databases import Database, database_of
from portal.backup.describing import WITHOUT_RECORDS
from portal.backup.errors import BackupError
from portal.backup.manifest import Manifest, file_name
from portal.backup.readers import Reader, reading
from portal.backup.reading import verify
from portal.storage import FileStore, Stored
from portal.storage.base import digest_of


@dataclass(frozen=True)
class Restored:
    """What was put back; ``found`` files were there already, unchanged."""

    manifest: Manifest
    written: int
    found: int


def restore_backup(
    source: Path, *, engine: sa.Engine, store: FileStore, revisions: Collection[str]
) -> Restored:
    """Restore the backup at ``source``; ``revisions`` are those this portal can migrate from.

    The files come first and the database last, so that a restore that was broken off left no
    records and can simply be run again. Raises BackupError: before anything was touched where
    the backup or the place is not right, else saying what differs.
    """
    try:
        with reading(source) as reader:
            manifest = verify(reader)
            database = database_of(engine)
            _refuse_foreign(manifest, database, revisions)
            _refuse_records(database)
            found = _files_already_here(manifest, store)
            _put_files(reader, manifest, store, found)
            with reader.as_file(manifest.database) as path:
                database.restore(path)
            _compare(manifest, database, store)
    except OSError as error:
        raise BackupError(f"The backup could not be restored: {error}") from error
    return Restored(manifest, len(manifest.files) - len(found), len(found))


def _refuse_foreign(manifest: Manifest, database: Database, revisions: Collection[str]) -> None:
    """A backup fits one kind of database, and no portal older than itself."""
    if manifest.dialect != database.dialect:
        raise BackupError(
            f"The backup is of a {manifest.dialect} database; this portal has"
            f" {database.dialect} (PORTAL_DATABASE_URL)."
        )
    if manifest.holds.revision not in revisions:
        raise BackupError(
            f"The backup's tables are of revision {manifest.holds.revision}, which this portal"
            f" does not know; it was made by portal {manifest.portal}: restore with that or a"
            " newer one."
        )


def _refuse_records(database: Database) -> None:
    """Nothing is ever restored over records."""
    filled = {
        name: rows
        for name, rows in database.row_counts().items()
        if rows and name not in WITHOUT_RECORDS
    }
    if filled:
        raise BackupError.listing(
            "The database already holds records; restore into an empty one:",
            [f"{name}: {rows} rows" for name, rows in filled.items()],
        )


def _files_already_here(manifest: Manifest, store: FileStore) -> set[str]:
    """Return the files that an earlier attempt left. Raises BackupError for any other."""
    found, foreign = set(), []
    for held in store.held():
        if _is_whole(store, held.sha256, manifest.files.get(held.sha256, -1)):
            found.add(held.sha256)
        else:
            foreign.append(held.sha256)
    if foreign:
        raise BackupError.listing(
            "The file store already holds files that are not those of the backup:", foreign
        )
    return found


def _put_files(reader: Reader, manifest: Manifest, store: FileStore, found: set[str]) -> None:
    for sha256, size in manifest.files.items():
        if sha256 in found:
            continue
        with reader.open(file_name(sha256)) as stream:
            stored = store.save(stream)
        if (stored.sha256, stored.size) != (sha256, size):
            raise BackupError(f"{file_name(sha256)} changed while it was being restored.")


def _compare(manifest: Manifest, database: Database, store: FileStore) -> None:
    """Count the rows and read the files back."""
    holds = database.describe()
    if holds != manifest.holds:
        wrong = [
            f"{name}: {holds.tables.get(name, 0)} rows instead of {rows}"
            for name, rows in manifest.holds.tables.items()
            if holds.tables.get(name) != rows
        ]
        raise BackupError.listing("The restored database is not the one of the backup.", wrong)
    files = manifest.files.items()
    if lost := [sha256 for sha256, size in files if not _is_whole(store, sha256, size)]:
        raise BackupError.listing("Restored files that do not read back:", lost)


def _is_whole(store: FileStore, sha256: str, size: int) -> bool:
    if size < 0:
        return False
    try:
        stream = store.open(sha256)
    except FileNotFoundError:
        return False
    with closing(stream):
        return digest_of(stream) == Stored(sha256, size)
