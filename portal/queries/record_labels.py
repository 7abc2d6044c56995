"""What tables and columns are called on the screen, for the histories and the audit log."""

TABLES: dict[str, str] = {}


def table_label(table: str) -> str:
    """Return what a row of ``table`` is called."""
    return TABLES.get(table, table)
