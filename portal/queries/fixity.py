"""Reading everything back: is each recorded file still there, and still the same?"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import sqlalchemy as sa

from portal import storage
from portal.extensions import db
from portal.models import ScanState, StoredFile
from portal.storage.base import digest_of

PAGE = 500


class Fault(Enum):
    """What can be wrong with recorded bytes."""

    MISSING = "missing"
    CHANGED = "changed"


@dataclass(frozen=True)
class Checked:
    """One hash that was read back; ``size`` in bytes as recorded."""

    sha256: str
    size: int
    fault: Fault | None


def count_hashes() -> int:
    """Return how many different files are to be read back."""
    return (
        db.session.scalar(sa.select(sa.func.count(StoredFile.sha256.distinct())).where(_EXPECTED))
        or 0
    )


def read_back(page_size: int = PAGE) -> Iterator[Checked]:
    """Read every recorded file and compare it with its hash, in the order of the hashes.

    Memory stays flat, and no transaction stays open while bytes are read. The bytes of
    infected files are not expected. Raises portal.storage.StoreUnavailable.
    """
    after = ""
    while page := _page(after, page_size):
        for sha256, size in page:
            yield Checked(sha256, size, _fault(sha256, size))
            after = sha256


def files_of(sha256: str) -> list[tuple[int, str]]:
    """Return id and name of every file with these bytes."""
    rows = db.session.execute(
        sa.select(StoredFile.id, StoredFile.name)
        .where(StoredFile.sha256 == sha256)
        .order_by(StoredFile.id)
    )
    return [(file_id, name) for file_id, name in rows]


_EXPECTED = StoredFile.scan != ScanState.INFECTED


def _page(after: str, size: int) -> list[tuple[str, int]]:
    rows = db.session.execute(
        sa.select(StoredFile.sha256, sa.func.max(StoredFile.size))
        .where(_EXPECTED, StoredFile.sha256 > after)
        .group_by(StoredFile.sha256)
        .order_by(StoredFile.sha256)
        .limit(size)
    )
    page = [(sha256, size) for sha256, size in rows]
    db.session.rollback()
    return page


def _fault(sha256: str, size: int) -> Fault | None:
    try:
        with storage.store().open(sha256) as stream:
            found = digest_of(stream)
    except FileNotFoundError:
        return Fault.MISSING
    return None if (found.sha256, found.size) == (sha256, size) else Fault.CHANGED
