"""Reading a backup back: is everything there, unchanged, and does it agree with itself?"""

from pathlib import Path

from portal.backup.databases import examine
from portal.backup.errors import BackupError
from portal.backup.manifest import MANIFEST, SUMS, Manifest, read_sums
from portal.backup.readers import Reader, reading
from portal.storage.base import Stored, digest_of


def verify_backup(source: Path) -> Manifest:
    """Read the whole backup at ``source``. Raises BackupError naming what is wrong with it."""
    try:
        with reading(source) as reader:
            return verify(reader)
    except OSError as error:
        raise BackupError(f"The backup could not be read: {error}") from error


def verify(reader: Reader) -> Manifest:
    """Do what :func:`verify_backup` does with a backup that is open."""
    names = reader.names()
    if absent := {MANIFEST, SUMS} - names:
        raise BackupError(f"This is no whole backup: {' and '.join(sorted(absent))} missing.")
    sums = read_sums(_content(reader, SUMS))
    content = _content(reader, MANIFEST)
    if _measure(reader, MANIFEST).sha256 != sums.get(MANIFEST):
        raise BackupError(f"{MANIFEST} is not the one that the backup was made with.")
    manifest = Manifest.from_json(content)
    _agree_on_names(manifest, sums, names)
    _agree_on_bytes(reader, manifest, sums)
    with reader.as_file(manifest.database) as path:
        holds = examine(manifest.dialect, path)
    if holds is not None and holds != manifest.holds:
        raise BackupError(f"The database in the backup is not the one that {MANIFEST} describes.")
    return manifest


def _agree_on_names(manifest: Manifest, sums: dict[str, str], names: set[str]) -> None:
    """Members, manifest and sums must name the same."""
    if {**manifest.sums(), MANIFEST: sums[MANIFEST]} != sums:
        raise BackupError(f"{MANIFEST} and {SUMS} do not name the same files.")
    expected = {*sums, SUMS}
    if absent := sorted(expected - names):
        raise BackupError.listing("Missing from the backup:", absent)
    if foreign := sorted(names - expected):
        raise BackupError.listing("In the backup, but not named by it:", foreign)


def _agree_on_bytes(reader: Reader, manifest: Manifest, sums: dict[str, str]) -> None:
    """Every member must have the hash, and every file the size, that it is said to have."""
    sizes = dict(manifest.files)
    sizes[manifest.database_sha256] = manifest.database_size
    changed = []
    for name in sorted(manifest.sums()):
        if _measure(reader, name) != Stored(sums[name], sizes[sums[name]]):
            changed.append(name)
    if changed:
        raise BackupError.listing("Changed since the backup was made:", changed)


def _content(reader: Reader, name: str) -> bytes:
    with reader.open(name) as stream:
        return stream.read()


def _measure(reader: Reader, name: str) -> Stored:
    with reader.open(name) as stream:
        return digest_of(stream)
