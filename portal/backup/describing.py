"""Counting what a database holds, in the words of SQL that both kinds understand.

The models are not asked: a backup may be of an older revision than they are.
"""

from collections.abc import Callable, Sequence
from typing import Any

from portal.backup.errors import BackupError
from portal.backup.manifest import Described

Ask = Callable[[str], Sequence[Sequence[Any]]]
"""Runs one statement and gives its rows."""

TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
}
COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info('stored_files')",
    "postgresql": "SELECT column_name FROM information_schema.columns"
    " WHERE table_schema = current_schema() AND table_name = 'stored_files'",
}
WITHOUT_RECORDS = frozenset({"alembic_version", "audit_head"})
"""Tables that hold a row as soon as they are made."""


def row_counts(ask: Ask, dialect: str) -> dict[str, int]:
    """Return how many rows each table holds."""
    names = sorted(str(row[0]) for row in ask(TABLES[dialect]))
    return {name: int(ask(f'SELECT count(*) FROM "{name}"')[0][0]) for name in names}


def describe(ask: Ask, dialect: str) -> Described:
    """Return what the database holds. Raises BackupError where it is not a portal's."""
    tables = row_counts(ask, dialect)
    if not tables.get("alembic_version") or "stored_files" not in tables:
        raise BackupError("The database holds no portal; `flask db upgrade` makes its tables.")
    revision = str(ask("SELECT version_num FROM alembic_version")[0][0])
    position, last = 0, ""
    if tables.get("audit_entries"):
        position, last = ask(
            "SELECT position, hash FROM audit_entries ORDER BY position DESC LIMIT 1"
        )[0]
    files, infected = _files(ask, dialect)
    return Described(revision, tables, files, infected, int(position), str(last))


def _files(ask: Ask, dialect: str) -> tuple[dict[str, int], list[str]]:
    """Return the sizes of all files by hash, and which of them are known as infected alone.

    Those are never opened again, and their bytes may be gone.
    """
    columns = {str(row[0]) for row in ask(COLUMNS[dialect])}
    infected = "CASE WHEN scan = 'infected' THEN 1 ELSE 0 END" if "scan" in columns else "0"
    rows = ask(
        f"SELECT sha256, max(size), min({infected}) FROM stored_files"
        " GROUP BY sha256 ORDER BY sha256"
    )
    files = {str(sha256): int(size) for sha256, size, _ in rows}
    return files, [str(sha256) for sha256, _, only in rows if only]
