"""pg_dump and pg_restore: where they are, and how they are run."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

from portal.backup.errors import BackupError

DEBIAN = Path("/usr/lib/postgresql")
"""Debian keeps the programs of each version apart, in <version>/bin."""

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


def tool(name: str, *, major: int, apart: Path = DEBIAN) -> Path:
    """Return the oldest program ``name`` that is not older than ``major``.

    The oldest, because what a newer pg_dump writes an older pg_restore may not read. Raises
    BackupError where there is none.
    """
    found = {version: path for path in _candidates(name, apart) if (version := _version(path))}
    fitting = [version for version in sorted(found) if version >= major]
    if not fitting:
        seen = f" (found: {', '.join(map(str, sorted(found)))})" if found else ""
        raise BackupError(
            f"{name} of PostgreSQL {major} or newer is not installed{seen};"
            f" on Debian: apt-get install postgresql-client-{major or 15}"
        )
    return found[fitting[0]]


def _candidates(name: str, apart: Path) -> Iterator[Path]:
    """PATH first, so that Debian's own folders win: there it is a wrapper that chooses itself."""
    if on_path := shutil.which(name):
        yield Path(on_path)
    yield from sorted(apart.glob(f"*/bin/{name}"))


def _version(program: Path) -> int:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    match = _VERSION.search(said.stdout)
    return int(match[1]) if match else 0


def dump(engine: sa.Engine, target: Path, *, snapshot: str, major: int) -> None:
    """Write the database as the exported ``snapshot`` sees it."""
    _run(
        tool("pg_dump", major=major),
        ["--format=custom", "--no-owner", "--no-privileges"]
        + [f"--snapshot={snapshot}", f"--file={target}"],
        engine,
    )


def restore(engine: sa.Engine, source: Path, *, major: int) -> None:
    """Restore ``source`` into a database without tables, all or nothing."""
    _run(
        tool("pg_restore", major=major),
        ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(source)],
        engine,
    )


def read_through(source: Path) -> None:
    """Have pg_restore read and unpack a dump to its end. Raises BackupError."""
    _run(tool("pg_restore", major=0), [f"--file={os.devnull}", str(source)])


def _run(program: Path, arguments: list[str], engine: sa.Engine | None = None) -> None:
    environment = dict(os.environ)
    if engine is not None:
        conninfo, password = connection_words(engine)
        arguments = [f"--dbname={conninfo}", *arguments]
        if password:
            # Not on the command line, which every user of the machine may read.
            environment["PGPASSWORD"] = password
    done = subprocess.run(
        [program, *arguments], env=environment, capture_output=True, check=False, cwd="/"
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise BackupError.listing(f"{program.name} stopped:", said)


def connection_words(engine: sa.Engine) -> tuple[str, str]:
    """Return the connection as libpq reads it, without its password, and the password."""
    _, options = engine.dialect.create_connect_args(engine.url)
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    words = {name: str(value) for name, value in options.items() if name in known}
    password = words.pop("password", "")
    return make_conninfo("", **words), password
