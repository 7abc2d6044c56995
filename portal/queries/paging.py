"""Keyset paging: each page begins after the last key of the one before, however deep."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from portal.extensions import db

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of rows; ``before`` and ``after`` are the keys of its neighbours, if any."""

    rows: list[T]
    before: str | None
    after: str | None


def page_of(
    statement: sa.Select[T],
    column: Any,
    *,
    before: Any = None,
    after: Any = None,
    size: int = 50,
    descending: bool = False,
    key: Callable[[T], Any],
) -> Page[T]:
    """Return ``size`` rows of ``statement`` ordered by the unique ``column``.

    ``after`` and ``before`` are keys (as ``key`` gives them for a row) between which the page
    lies; with neither it is the first. One query: one row more than asked tells of a next page.
    """
    backwards = before is not None
    rising = descending == backwards
    if backwards:
        statement = statement.where(column > before if descending else column < before)
    elif after is not None:
        statement = statement.where(column < after if descending else column > after)
    ordered = statement.order_by(column.asc() if rising else column.desc()).limit(size + 1)
    found = list(db.session.scalars(ordered))
    more, rows = len(found) > size, found[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    has_before = more if backwards else after is not None
    has_after = True if backwards else more
    return Page(
        rows,
        str(key(rows[0])) if has_before else None,
        str(key(rows[-1])) if has_after else None,
    )


def moment_in(text: str) -> datetime | None:
    """Return the moment that a cursor in an address carries; None for one somebody made up."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):  # the second: before the year 1 or after 9999 in UTC
        return None
