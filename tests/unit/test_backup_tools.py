"""Which pg_dump is taken, what it is told, and what a manifest may say."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from portal.backup import BackupError, Manifest
from portal.backup.manifest import Described, read_sums, write_sums
from portal.backup.postgres import connection_words, tool

HASH = "ab" * 32
MANIFEST = Manifest(
    made_at="2021-03-15T01:00:00+00:00",
    portal="0.1.0",
    dialect="sqlite",
    server="3.40.1",
    database_sha256="cd" * 32,
    database_size=4096,
    holds=Described("0002", {"users": 3, "stored_files": 1}, {HASH: 5}, [], 7, "ef" * 32),
    missing=[],
)


def program(folder: Path, says: str) -> Path:
    folder.mkdir(parents=True)
    path = folder / "pg_dump"
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs of three versions as Debian keeps them, and a fourth on PATH."""
    for version in ("13.9", "15.4 (Debian 15.4-1)", "16.1"):
        program(tmp_path / "apart" / version[:2] / "bin", f"pg_dump (PostgreSQL) {version}")
    on_path = program(tmp_path / "path", "pg_dump (PostgreSQL) 17.2")
    monkeypatch.setenv("PATH", f"{on_path.parent}:/usr/bin:/bin")
    return tmp_path / "apart"


@pytest.mark.parametrize(
    ("server", "taken"), [(12, "apart/13"), (13, "apart/13"), (14, "apart/15"), (17, "path")]
)
def test_oldest_program_that_is_not_older_than_the_server_is_taken(
    apart: Path, server: int, taken: str
) -> None:
    assert taken in str(tool("pg_dump", major=server, apart=apart))


def test_missing_program_is_named_with_its_package(apart: Path) -> None:
    with pytest.raises(BackupError) as refusal:
        tool("pg_dump", major=18, apart=apart)
    assert "pg_dump of PostgreSQL 18 or newer is not installed (found: 13, 15, 16, 17)" in str(
        refusal.value
    )
    assert "apt-get install postgresql-client-18" in str(refusal.value)
    with pytest.raises(BackupError, match="pg_nothing of PostgreSQL 15 or newer is not installed;"):
        tool("pg_nothing", major=15, apart=apart)


def test_password_of_the_database_stays_off_the_command_line() -> None:
    url = "postgresql+psycopg://portal:geheim@db.example:5433/portal?sslmode=require"
    words, password = connection_words(sa.create_engine(url))
    assert password == "geheim"
    assert sorted(words.split()) == [
        "dbname=portal",
        "host=db.example",
        "port=5433",
        "sslmode=require",
        "user=portal",
    ]


def test_manifest_reads_back_what_it_wrote() -> None:
    assert Manifest.from_json(MANIFEST.to_json()) == MANIFEST
    assert MANIFEST.sums() == {
        "database.sqlite3": "cd" * 32,
        f"files/ab/ab/{HASH}": HASH,
    }
    assert replace(MANIFEST, missing=[HASH]).files == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "has format 2; this portal reads 1"),
        ({"dialect": "../../etc"}, "unknown database"),
        ({"made_at": "yesterday"}, "cannot be read"),
        ({"database_sha256": "../passwd"}, "is not a SHA-256"),
        ({"missing": ["../passwd"]}, "is not a SHA-256"),
        ({"holds": {}}, "cannot be read"),
        ({"more": 1}, "cannot be read"),
    ],
)
def test_manifest_that_says_nonsense_is_refused(change: dict[str, object], said: str) -> None:
    fields = {**json.loads(MANIFEST.to_json()), **change}
    with pytest.raises(BackupError, match=said):
        Manifest.from_json(json.dumps(fields).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"null", b"{}"])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(BackupError, match="cannot be read"):
        Manifest.from_json(content)


def test_file_that_leads_out_of_the_backup_is_refused() -> None:
    fields = json.loads(MANIFEST.to_json())
    fields["holds"]["files"] = {"../../../etc/passwd": 5}
    with pytest.raises(BackupError, match="is not a SHA-256"):
        Manifest.from_json(json.dumps(fields).encode())
    fields["holds"]["files"] = {HASH: -1}
    with pytest.raises(BackupError, match="not a number"):
        Manifest.from_json(json.dumps(fields).encode())


def test_sums_read_back_what_they_wrote() -> None:
    sums = {"b": HASH, "a b": "cd" * 32}
    assert write_sums(sums).splitlines()[0] == b"cd" * 32 + b"  a b"
    assert read_sums(write_sums(sums)) == sums
    with pytest.raises(BackupError, match="cannot be read"):
        read_sums(b"nonsense\n")
