"""Adding an entry to the chain: one statement, the last before the commit."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.audit.entry import START, Entry, columns_of
from portal.models import AuditEntry, AuditHead, Base, Event

ENTRIES: sa.Table = Base.metadata.tables[AuditEntry.__tablename__]
HEAD: sa.Table = Base.metadata.tables[AuditHead.__tablename__]


def append(
    session: Session,
    entry: Entry,
    uid: str,
    events: Sequence[Event] = (),
    at: datetime | None = None,
) -> None:
    """Add ``entry``, which vouches for ``events``, to the end of the chain.

    Whoever writes at the same time waits for the head until this transaction ends, so let the
    commit follow. Raises RuntimeError where the chain has lost its head: nothing is to be
    done unrecorded.
    """
    connection = session.connection()
    values = columns_of(entry, uid, events, at)
    statement = _by_last() if connection.dialect.name == "sqlite" else _by_update()
    if connection.execute(statement, values).rowcount != 1:
        raise RuntimeError("the audit log has lost its head")


@cache
def _by_update() -> sa.Insert:
    """PostgreSQL: move the head and add the entry that it now points at.

    Under READ COMMITTED the UPDATE waits for another writer's and then reads the row anew:
    two writers follow one another and never fork the chain.
    """
    sealed = sa.func.convert_to(HEAD.c.hash.concat(_value("sealed")), "UTF8")
    moved = (
        sa.update(HEAD)
        .where(HEAD.c.id == 1)
        .values(
            position=HEAD.c.position + 1,
            previous=HEAD.c.hash,
            hash=sa.func.encode(sa.func.sha256(sealed), "hex"),
        )
        .returning(HEAD.c.position, HEAD.c.previous, HEAD.c.hash)
        .cte("moved")
    )
    return _insert(moved.c.position, moved.c.previous, moved.c.hash, moved)


@cache
def _by_last() -> sa.Insert:
    """SQLite, where one writes at a time: the last entry itself is the head.

    ``sha256_hex`` is ours (portal/database.py).
    """
    last = sa.select(ENTRIES.c.position, ENTRIES.c.hash).order_by(ENTRIES.c.position.desc())
    ends = last.limit(1).subquery()
    start = sa.select(sa.literal(0).label("position"), sa.literal(START).label("hash")).subquery()
    joined = start.outerjoin(ends, sa.true())
    position = sa.func.coalesce(ends.c.position, start.c.position) + 1
    previous = sa.func.coalesce(ends.c.hash, start.c.hash)
    chained = sa.func.sha256_hex(previous.concat(_value("sealed")))
    return _insert(position, previous, chained, joined)


def _insert(
    position: sa.ColumnElement[int],
    previous: sa.ColumnElement[str],
    chained: sa.ColumnElement[str],
    source: sa.FromClause,
) -> sa.Insert:
    """Return the INSERT whose links come from ``source``, and all else from the parameters."""
    links: dict[str, Any] = {"position": position, "previous": previous, "hash": chained}
    names = [column.key for column in ENTRIES.columns]
    said: sa.Select[Any] = sa.select(*[links.get(name, _value(name)) for name in names])
    added = sa.insert(ENTRIES).from_select(names, said.select_from(source))
    return added.execution_options(preserve_rowcount=True)


def _value(name: str) -> sa.BindParameter[object]:
    """Return the parameter for the column ``name``."""
    return sa.bindparam(name, type_=ENTRIES.c[name].type)
