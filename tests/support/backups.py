"""Portals for tests of backups: real commits, and a second, empty place to restore into."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask

from portal import backup, storage
from portal.extensions import db
from portal.models import Base
from portal.storage import FileStore, LocalFileStore, S3FileStore, StorageSettings
from tests.integration.test_migrations import fill
from tests.support.apps import BOTH_DATABASES, ROOT, build_app, dispose, migrate
from tests.support.postgres import PostgresServer

REVISIONS = [
    script.revision for script in ScriptDirectory(str(ROOT / "migrations")).walk_revisions()
]
"""Of this portal, the newest first."""


@dataclass
class Place:
    """One portal: its application, and its file store."""

    app: Flask
    store: FileStore

    @property
    def files(self) -> Path:
        """The folder of its files, where it keeps them in one."""
        assert isinstance(self.store, LocalFileStore)
        return self.store.root

    def back_up(self, destination: Path, **options: Any) -> backup.Manifest:
        with self.app.app_context():
            return backup.make_backup(destination, engine=db.engine, store=self.store, **options)

    def restore(self, source: Path, revisions: Sequence[str] = REVISIONS) -> backup.Restored:
        with self.app.app_context():
            return backup.restore_backup(
                source, engine=db.engine, store=self.store, revisions=revisions
            )

    def use_its_files(self) -> None:
        """Let services of this process keep files here."""
        storage.use(self.store, upload_limit=self.app.config["UPLOAD_LIMIT"])

    def flask(self, *arguments: str | Path) -> tuple[int, str]:
        """Run a command of the operator; return its exit status and all it said."""
        self.use_its_files()
        result = self.app.test_cli_runner().invoke(args=[str(one) for one in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        dispose(self.app)
        return result.exit_code, result.output

    def rows(self) -> dict[str, list[Any]]:
        """Every row of every table, in an order of its own."""
        with self.app.app_context():
            return {
                table.name: sorted(map(repr, db.session.execute(sa.select(table))))
                for table in Base.metadata.sorted_tables
            }

    def tables(self) -> set[str]:
        with self.app.app_context():
            return set(sa.inspect(db.engine).get_table_names())

    def contents(self) -> dict[str, bytes]:
        """Every file of the store, by its hash."""
        found = {}
        for held in self.store.held():
            with self.store.open(held.sha256) as stream:
                found[held.sha256] = stream.read()
        return found


@dataclass
class Original:
    """A portal with rows in every table and files, and a backup of it in a folder.

    Made once for all tests of a module: none of them changes it.
    """

    place: Place
    backup: Path
    manifest: backup.Manifest

    def with_files_in(self, folder: Path) -> Place:
        """The same portal with a copy of its files, for tests that damage them."""
        shutil.copytree(self.place.files, folder)
        return Place(self.place.app, LocalFileStore(folder))

    def backup_in(self, folder: Path) -> Path:
        """A copy of the backup, for tests that damage it."""
        shutil.copytree(self.backup, folder)
        return folder


@pytest.fixture(scope="module", params=BOTH_DATABASES)
def original(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Original]:
    folder = tmp_path_factory.mktemp("original")
    with ExitStack() as at_end:
        made = _place("original", request.param, request, folder, at_end)
        migrate(made.app)
        made.use_its_files()
        fill(made.app)
        dispose(made.app)
        yield Original(made, folder / "backup", made.back_up(folder / "backup"))


@pytest.fixture
def new_place(
    original: Original, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[str], Place]]:
    """Make portals on the kind of database that the test runs on, without tables."""
    with ExitStack() as at_end:
        dialect = original.manifest.dialect
        yield lambda name: _place(name, dialect, request, tmp_path, at_end)


@pytest.fixture
def in_a_bucket(original: Original, new_bucket: Callable[[], StorageSettings]) -> Iterator[Place]:
    """The original with its files in a bucket, as no test may change them."""
    store = S3FileStore(new_bucket())
    for sha256 in original.place.contents():
        with original.place.store.open(sha256) as stream:
            store.save(stream)
    yield Place(original.place.app, store)
    store.client.close()


@pytest.fixture
def elsewhere(new_place: Callable[[str], Place]) -> Place:
    """An empty place: not even tables."""
    return new_place("target")


@pytest.fixture
def working(original: Original, new_place: Callable[[str], Place]) -> Place:
    """A copy of the original in which people may work."""
    copy = new_place("working")
    copy.restore(original.backup)
    return copy


def _place(
    name: str, dialect: str, request: pytest.FixtureRequest, folder: Path, at_end: ExitStack
) -> Place:
    url = f"sqlite:///{folder / name}.sqlite"
    if dialect == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create_database(name)
        at_end.callback(server.drop_database, name)
    app = build_app(url, folder / name)
    at_end.callback(dispose, app)
    return Place(app, LocalFileStore(folder / name / "files"))
