"""A database as backups see it: SQLite by its online backup, PostgreSQL by its own tools."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from portal.backup import postgres
from portal.backup.describing import TABLES, describe, row_counts
from portal.backup.errors import BackupError
from portal.backup.manifest import Described


class Database(Protocol):
    """What backups ask of a database."""

    dialect: str

    def server(self) -> str:
        """Return the version of the database's own program."""

    def describe(self) -> Described:
        """Return what it holds now."""

    def row_counts(self) -> dict[str, int]:
        """Return how many rows each of its tables holds; none where it is empty."""

    def snapshot(self, target: Path) -> Described:
        """Write one consistent moment of it to ``target`` while others go on; say what it holds."""

    def restore(self, source: Path) -> None:
        """Put what ``source`` holds into this database, which has no records."""


def database_of(engine: sa.Engine) -> Database:
    """Return the database behind ``engine``."""
    kinds: dict[str, Any] = {"sqlite": SQLite, "postgresql": Postgres}
    found: Database = kinds[engine.dialect.name](engine)
    return found


def examine(dialect: str, path: Path) -> Described | None:
    """Read a database inside a backup to its end; return what it holds where it can be asked.

    Raises BackupError where it is damaged.
    """
    if dialect == "postgresql":
        postgres.read_through(path)
        return None
    try:
        with closing(_read_only(path)) as copy:
            return _examined(copy)
    except sqlite3.DatabaseError as error:
        raise BackupError(f"The database in the backup cannot be read: {error}") from error


def _examined(copy: sqlite3.Connection) -> Described:
    said = [str(row[0]) for row in copy.execute("PRAGMA integrity_check")]
    if said != ["ok"]:
        raise BackupError.listing("The database in the backup is damaged:", said)
    if broken := copy.execute("PRAGMA foreign_key_check").fetchall():
        lost = [f"row {row[1]} of {row[0]} refers to nothing in {row[2]}" for row in broken]
        raise BackupError.listing("The database in the backup is not whole:", lost)
    return describe(lambda statement: copy.execute(statement).fetchall(), "sqlite")


class SQLite:
    """A file of this machine."""

    dialect = "sqlite"

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def server(self) -> str:
        """Return the version of the library."""
        return sqlite3.sqlite_version

    def describe(self) -> Described:
        """Return what the database holds now."""
        return describe(self._ask, self.dialect)

    def row_counts(self) -> dict[str, int]:
        """Return how many rows each table holds."""
        return row_counts(self._ask, self.dialect)

    def snapshot(self, target: Path) -> Described:
        """Copy all pages in one step: in WAL mode writers do not wait for it."""
        with (
            closing(self.engine.raw_connection()) as pooled,
            closing(sqlite3.connect(target)) as copy,
        ):
            _driver(pooled).backup(copy)
            # One file without a journal beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
            return _examined(copy)

    def restore(self, source: Path) -> None:
        """Write all pages in one transaction."""
        with closing(self.engine.raw_connection()) as pooled, closing(_read_only(source)) as copy:
            copy.backup(_driver(pooled))
        # Statements that connections had prepared speak of the tables that were there before.
        self.engine.dispose()

    def _ask(self, statement: str) -> Sequence[Sequence[Any]]:
        # Past SQLAlchemy, which would take the lock of writers first (portal/database.py).
        with closing(self.engine.raw_connection()) as pooled:
            return _driver(pooled).execute(statement).fetchall()


def _driver(pooled: Any) -> sqlite3.Connection:
    driver: sqlite3.Connection = pooled.driver_connection
    return driver


def _read_only(path: Path) -> sqlite3.Connection:
    # Immutable: no lock and no journal is left beside the file, wherever it lies.
    return sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)


class Postgres:
    """A server, asked through pg_dump and pg_restore."""

    dialect = "postgresql"

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def server(self) -> str:
        """Return the version of the server."""
        with self.engine.connect() as connection:
            return str(connection.exec_driver_sql("SHOW server_version").scalar_one())

    def describe(self) -> Described:
        """Return what the database holds now."""
        with self._one_moment() as connection:
            return describe(_asking(connection), self.dialect)

    def row_counts(self) -> dict[str, int]:
        """Return how many rows each table holds."""
        with self._one_moment() as connection:
            return row_counts(_asking(connection), self.dialect)

    def snapshot(self, target: Path) -> Described:
        """Dump the very moment that is counted: pg_dump takes part in our transaction's view."""
        with self._one_moment() as connection:
            moment = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
            described = describe(_asking(connection), self.dialect)
            postgres.dump(self.engine, target, snapshot=str(moment), major=_major(connection))
        return described

    def restore(self, source: Path) -> None:
        """Drop the empty tables that may be there, then restore in one transaction."""
        with self.engine.begin() as connection:
            major = _major(connection)
            for name in _asking(connection)(TABLES[self.dialect]):
                connection.exec_driver_sql(f'DROP TABLE "{name[0]}" CASCADE')
            for row in connection.exec_driver_sql(_OWN_FUNCTIONS).all():
                connection.exec_driver_sql(f"DROP FUNCTION {row[0]}")
        self.engine.dispose()
        postgres.restore(self.engine, source, major=major)

    def _one_moment(self) -> sa.Connection:
        return self.engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )


_OWN_FUNCTIONS = """
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""


def _asking(connection: sa.Connection) -> Any:
    return lambda statement: connection.exec_driver_sql(statement).all()


def _major(connection: sa.Connection) -> int:
    return int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10000
