"""How the databases are driven: SQLite's pragmas and transactions, and no write in a GET."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import ORMExecuteState, Session

# Whether the present request (or command) means to write. Requests set it at their start.
write_intent: ContextVar[bool] = ContextVar("write_intent", default=True)


@contextmanager
def short_write() -> Iterator[None]:
    """Let a reading request write a single fact about itself, in a transaction of its own.

    The exception to "a GET cannot write"; tests/unit/house/test_views.py names who uses it.
    """
    before = write_intent.set(True)
    try:
        yield
    finally:
        write_intent.reset(before)


@sa.event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Turn on what SQLite leaves off, and take the transaction out of the driver's hands."""
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    connection.create_function("sha256_hex", 1, _sha256_hex, deterministic=True)
    cursor = connection.cursor()
    for pragma in (
        "foreign_keys=ON",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=10000",
        "cache_size=-16000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sha256_hex(text: str) -> str:
    """The hash that chains the audit log; PostgreSQL has its own."""
    return hashlib.sha256(text.encode()).hexdigest()


@sa.event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once where a write will come.

    A SQLite transaction that has read and then wants to write fails at once when somebody
    else wrote in between; one that asks for the lock first waits its turn.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write_intent.get() else "BEGIN")


@sa.event.listens_for(Session, "before_flush")
def _refuse_writes_in_reading(session: Session, _context: Any, _instances: Any) -> None:
    """A GET cannot write."""
    if write_intent.get():
        return
    if session.new or session.deleted or any(session.is_modified(one) for one in session.dirty):
        raise RuntimeError("a reading request tried to write")


@sa.event.listens_for(Session, "do_orm_execute")
def _refuse_statements_in_reading(state: ORMExecuteState) -> None:
    """Nor does it by a statement that goes past the session's objects."""
    if not write_intent.get() and (state.is_insert or state.is_update or state.is_delete):
        raise RuntimeError("a reading request tried to write")
