"""Removing what interrupted uploads left behind, and nothing that anybody may still want."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar, cast

import sqlalchemy as sa

from portal import clock, storage
from portal.extensions import db
from portal.models import StoredFile, Upload, UploadState
from portal.policies.uploads import KEPT_FOR, UNFINISHED
from portal.storage import Held

STRAY_AFTER = timedelta(days=1)
BATCH = 500

T = TypeVar("T")


@dataclass
class Swept:
    """How much was removed; ``size`` in bytes."""

    arriving: int = 0
    files: int = 0
    size: int = 0


def cancel_forgotten_uploads() -> int:
    """Cancel the uploads nobody has touched for seven days; return how many.

    One statement that looks again at what it changes: an upload that goes on at this very
    moment has been touched, and stays.
    """
    done = db.session.execute(
        sa.update(Upload)
        .where(Upload.state.in_(UNFINISHED), Upload.touched_at < clock.now() - KEPT_FOR)
        .values(state=UploadState.CANCELLED)
        .execution_options(synchronize_session=False)
    )
    return int(cast("sa.CursorResult[Any]", done).rowcount)


def sweep() -> Swept:
    """Remove parts without an open upload and bytes without any row, older than a day.

    Never races with an upload: whatever is saved or grows is young again, and the age is
    looked at once more when it is removed. Only reads the database.
    """
    swept = Swept()
    limit = clock.machine() - STRAY_AFTER
    store = storage.store()
    for names in _batches(name for name, grew in store.incoming() if grew < limit):
        for name in sorted(set(names) - _awaited(names)):
            store.discard(name)
            swept.arriving += 1
    for batch in _batches(held for held in store.held() if held.modified < limit):
        known = _known([held.sha256 for held in batch])
        for held in batch:
            if held.sha256 not in known:
                _remove(held, limit, swept)
    return swept


def _remove(held: Held, limit: datetime, swept: Swept) -> None:
    if storage.store().delete(held.sha256, older_than=limit):
        swept.files += 1
        swept.size += held.size


def _awaited(tokens: list[str]) -> set[str]:
    """Return the tokens of uploads that may still go on."""
    found = db.session.scalars(
        sa.select(Upload.token).where(Upload.token.in_(tokens), Upload.state.in_(UNFINISHED))
    )
    return _told(found)


def _known(hashes: list[str]) -> set[str]:
    """Return the hashes that any row names."""
    return _told(
        db.session.scalars(sa.select(StoredFile.sha256).where(StoredFile.sha256.in_(hashes)))
    )


def _told(found: sa.ScalarResult[str]) -> set[str]:
    """Take the answer and end the transaction: the next question must see what came since."""
    answer = set(found)
    db.session.rollback()
    return answer


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, BATCH)):
        yield batch
