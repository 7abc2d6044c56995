"""The application for tests, on SQLite and on PostgreSQL.

The tables are made once per database by running the migrations. Each test then works inside one
outer transaction that is rolled back: `commit` in the portal only releases a savepoint, so that
tests are quick and leave nothing behind. Tests that need real commits and several connections
(locks, two people at once, migrations) use `empty_database_url` and an application of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask

from portal import clock, create_app, scanner, storage
from portal.extensions import db
from tests.support.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
BOTH_DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


def overrides_for_tests(database_url: str, instance: Path) -> dict[str, Any]:
    return {
        "TESTING": True,
        "DATABASE_URL": database_url,
        "INSTANCE_PATH": str(instance),
        "SECRET_KEY": "a key that only tests use",
        # Argon2 with its real cost would take most of the suite's time.
        "PASSWORD_HASH_COST": "test",
        # A test that moves the clock by weeks does not mean to be logged out by it.
        "IDLE_MINUTES": 2 * 366 * 24 * 60,
        "SESSION_HOURS": 2 * 366 * 24,
    }


def build_app(database_url: str, instance: Path, **more: Any) -> Flask:
    instance.mkdir(parents=True, exist_ok=True)
    return create_app({**overrides_for_tests(database_url, instance), **more})


def migrate(app: Flask, revision: str = "head") -> None:
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"), revision=revision)
    # On SQLite a migration works without foreign keys: no test may inherit its connection.
    dispose(app)


def dispose(app: Flask) -> None:
    """Close the pool: a connection left to the garbage collector is a warning, hence an error."""
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def _database_url(request: pytest.FixtureRequest, name: str, folder: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{folder / name}.sqlite"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    yield server.create_database(name)
    server.drop_database(name)


@pytest.fixture(scope="session", params=BOTH_DATABASES)
def database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The database that all tests share, each in a transaction of its own."""
    yield from _database_url(request, "shared", tmp_path_factory.mktemp("database"))


@pytest.fixture(params=BOTH_DATABASES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables for one test alone: for migrations, locks and real commits."""
    yield from _database_url(request, "alone", tmp_path)


@pytest.fixture(scope="session")
def shared_app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The migrated application without a transaction around it: tests take `app` instead."""
    app = build_app(database_url, tmp_path_factory.mktemp("instance"))
    migrate(app)
    # Bound to a connection that is already in a transaction, a session works in a savepoint.
    db.session.session_factory.configure(join_transaction_mode="create_savepoint")
    yield app
    dispose(app)


@pytest.fixture
def app(shared_app: Flask) -> Iterator[Flask]:
    """The application inside a transaction that is undone, with its context pushed.

    So a test and the services it calls use `db.session` as the portal does. The clock belongs
    to the process: whatever a demonstration built before left of its shift is taken off. So do
    the file store and the scanner: another test's application may have taken their place.
    """
    clock.set_offset(0)
    kept = storage.build(
        shared_app.config["STORAGE"], Path(shared_app.config["INSTANCE_PATH"]) / "files"
    )
    storage.use(kept, upload_limit=shared_app.config["UPLOAD_LIMIT"])
    scanner.use(scanner.at(shared_app.config["CLAMD"]))
    with shared_app.app_context():
        engine = db.engine
        engines: Any = db.engines
        with engine.connect() as connection:
            transaction = connection.begin()
            engines[None] = connection
            try:
                yield shared_app
            finally:
                db.session.remove()
                engines[None] = engine
                transaction.rollback()


@pytest.fixture
def session(app: Flask) -> Any:
    """`db.session`, for tests that call services and queries without a page."""
    return db.session
