"""Moving every file from one store to another: resumable, and verified by hash."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portal.storage.base import Changed, FileStore, digest_of


class Outcome(Enum):
    """What became of one file."""

    COPIED = "copied"
    PRESENT = "present"
    GONE = "gone meanwhile"
    DAMAGED = "damaged"
    FAILED = "failed"


GOOD = frozenset({Outcome.COPIED, Outcome.PRESENT, Outcome.GONE})


@dataclass(frozen=True)
class Moved:
    """One file of the source; ``size`` in bytes."""

    sha256: str
    size: int
    outcome: Outcome


def copy_all(source: FileStore, target: FileStore) -> Iterator[Moved]:
    """Copy every file that ``target`` does not hold right, and read each back from there.

    A second run goes on where the first one ended. Bytes that are damaged in ``source`` are
    not copied. Raises StoreUnavailable.
    """
    for held in source.held():
        if is_right(target, held.sha256):
            yield Moved(held.sha256, held.size, Outcome.PRESENT)
            continue
        yield Moved(held.sha256, held.size, _copied(source, target, held.sha256))


def is_right(store: FileStore, sha256: str) -> bool:
    """Whether the bytes of ``sha256`` are in ``store`` and have that hash when read."""
    try:
        with store.open(sha256) as stream:
            return digest_of(stream).sha256 == sha256
    except FileNotFoundError:
        return False


def delete_moved(source: FileStore, target: FileStore, *, older_than: datetime) -> int:
    """Remove from ``source`` what ``target`` holds, but nothing saved since ``older_than``.

    Only after a :func:`copy_all` begun at that moment ended without a fault. Returns how many.
    """
    removed = 0
    for held in source.held():
        if held.modified < older_than and target.exists(held.sha256):
            removed += source.delete(held.sha256, older_than=older_than)
    return removed


def _copied(source: FileStore, target: FileStore, sha256: str) -> Outcome:
    try:
        with source.open(sha256) as stream:
            target.save(stream, expected=sha256)
    except Changed:
        return Outcome.DAMAGED
    except FileNotFoundError:
        # Swept or found infected since it was listed.
        return Outcome.GONE
    return Outcome.COPIED if is_right(target, sha256) else Outcome.FAILED
