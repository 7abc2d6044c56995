"""A real PostgreSQL server for the tests, on a unix socket in a temporary folder.

Each xdist worker starts its own (half a second) and stops it at the end. As root the server runs as
Debian's user postgres, because it refuses to run as root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

START_SECONDS = 30
# The data is thrown away at the end, so nothing has to reach the disk.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "50",
    "shared_buffers": "64MB",
}


@dataclass(frozen=True)
class PostgresServer:
    folder: Path

    def create_database(self, name: str) -> str:
        """Make an empty database and return its SQLAlchemy address."""
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"postgresql+psycopg://postgres@/{name}?host={quote(str(self.folder))}"

    def drop_database(self, name: str) -> None:
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())

    def conninfo(self) -> str:
        return f"host={self.folder} user=postgres dbname=postgres"


def programs_folder() -> Path | None:
    """Debian keeps the programs of each version apart; initdb is not on PATH."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    if newest:
        return newest.parent
    found = shutil.which("postgres")
    return Path(found).parent if found else None


def as_postgres_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def wait_until_it_answers(server: PostgresServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(server.conninfo()).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                log = (server.folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start:\n{log}") from None
            time.sleep(0.05)


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Start a server in a temporary folder, and stop and forget it at the end.

    Raises RuntimeError where PostgreSQL is not installed.
    """
    programs = programs_folder()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed")
    # Not pytest's own folder: a socket's path may have 107 characters at most, and as root
    # the parents of that folder are closed to the user postgres.
    folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))
    identity = as_postgres_user()
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    try:
        subprocess.run(
            [programs / "initdb", "--pgdata", folder / "data", "--username=postgres"]
            + ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=folder,
            **identity,
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", "-k", folder, *options],
                stdout=log,
                stderr=log,
                cwd=folder,
                **identity,
            )
        server = PostgresServer(folder)
        try:
            wait_until_it_answers(server, process)
            yield server
        finally:
            # "Fast shutdown": it does not wait for connections that are still open.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    if programs_folder() is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql-15)")
    with running_server() as server:
        yield server
