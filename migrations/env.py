"""Runs the migrations inside the Flask application, on SQLite and PostgreSQL alike."""

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app

from portal.models.base import Base, UTCDateTime

config = context.config
engine = current_app.extensions["migrate"].db.engine


def render_item(kind: str, item: Any, _autogen: AutogenContext) -> str | bool:
    """Write our own column type as the plain one: a migration must outlive our modules."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run_migrations_online() -> None:
    """Migrate over one connection.

    SQLite rebuilds a table to alter it. With foreign keys on, dropping the old table would
    delete the children of a cascade, so they are off here and checked at the end.
    """
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            driver = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            render_item=render_item,
            compare_type=True,
            compare_server_default=False,
        )
        with context.begin_transaction():
            context.run_migrations()
            if sqlite:
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise RuntimeError(f"foreign keys broken by the migration: {broken[:5]}")
        connection.commit()
        if sqlite:
            driver.execute("PRAGMA foreign_keys=ON")


if context.is_offline_mode():
    raise RuntimeError("Migrations run against a database; there is no offline mode.")
run_migrations_online()
