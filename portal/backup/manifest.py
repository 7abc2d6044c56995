"""What a backup says of itself: manifest.json and SHA256SUMS."""

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from portal.backup.errors import BackupError
from portal.config import ROOT

FORMAT = 1
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
"""What the database is called inside a backup, by dialect."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SUM_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


@dataclass(frozen=True)
class Described:
    """What a database says of itself at one moment; two that agree hold the same records."""

    revision: str
    tables: dict[str, int]
    """How many rows each table holds."""
    files: dict[str, int]
    """The size in bytes of every file that the rows refer to, by its SHA-256."""
    infected: list[str]
    """Those in which a virus was found: their bytes may be gone."""
    audit_position: int
    audit_hash: str
    """Where the audit chain ends; 0 and nothing before there was one."""


@dataclass(frozen=True)
class Manifest:
    """What one backup holds. ``missing`` are files that were not in the store any more."""

    made_at: str
    portal: str
    dialect: str
    server: str
    database_sha256: str
    database_size: int
    holds: Described
    missing: list[str]
    format: int = FORMAT

    @property
    def database(self) -> str:
        """The name of the database inside the backup."""
        return DATABASES[self.dialect]

    @property
    def files(self) -> dict[str, int]:
        """The files that are inside, with their sizes in bytes, by SHA-256."""
        lost = set(self.missing)
        return {sha256: size for sha256, size in self.holds.files.items() if sha256 not in lost}

    @property
    def lost(self) -> list[str]:
        """The missing files that ought to be there."""
        return sorted({*self.missing} - {*self.holds.infected})

    @property
    def rows(self) -> int:
        """How many rows the database holds."""
        return sum(self.holds.tables.values())

    def sums(self) -> dict[str, str]:
        """Return the SHA-256 of every member but the manifest, by name."""
        return {self.database: self.database_sha256} | {
            file_name(sha256): sha256 for sha256 in self.files
        }

    def to_json(self) -> bytes:
        """Return the manifest as it stands in the backup."""
        return (json.dumps(asdict(self), indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes) -> "Manifest":
        """Read a manifest. Raises BackupError where it is not one that this portal can read."""
        try:
            fields = json.loads(content)
            if fields["format"] != FORMAT:
                raise BackupError(
                    f"{MANIFEST} has format {fields['format']}; this portal reads {FORMAT}."
                )
            manifest = cls(**{**fields, "holds": Described(**fields["holds"])})
            manifest._check()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupError(f"{MANIFEST} cannot be read: {error}") from error
        return manifest

    def _check(self) -> None:
        """Refuse what would lead outside the backup or cannot be counted. Raises ValueError."""
        if self.dialect not in DATABASES:
            raise ValueError(f"unknown database {self.dialect!r}")
        datetime.fromisoformat(self.made_at)
        hashes = [
            self.database_sha256,
            *self.holds.files,
            *self.holds.infected,
            *self.missing,
        ]
        if wrong := [one for one in hashes if not _SHA256.fullmatch(one)]:
            raise ValueError(f"{wrong[0]!r} is not a SHA-256")
        counts: list[Any] = [*self.holds.tables.values(), *self.holds.files.values()]
        if not all(isinstance(count, int) and count >= 0 for count in counts):
            raise ValueError("a count is not a number")


def file_name(sha256: str) -> str:
    """Return where the file of ``sha256`` stands inside a backup."""
    return f"files/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def write_sums(sums: dict[str, str]) -> bytes:
    """Return the lines that ``sha256sum -c`` reads."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()


def read_sums(content: bytes) -> dict[str, str]:
    """Return name → SHA-256. Raises BackupError for a line that is none."""
    lines: Iterable[str] = content.decode(errors="replace").splitlines()
    found = {}
    for line in lines:
        match = _SUM_LINE.fullmatch(line)
        if match is None:
            raise BackupError(f"{SUMS} cannot be read: {line[:80]!r}")
        found[match[2]] = match[1]
    return found


def portal_version() -> str:
    """Return the version that pyproject.toml gives the portal."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])
