"""What an operator reads where a command cannot run: one line, no traceback."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run script/flask as somebody does who has just unpacked the portal."""
    environment = {"PATH": os.environ["PATH"], "PORTAL_INSTANCE_PATH": str(folder), **settings}
    return subprocess.run(
        [ROOT / "script" / "flask", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("words", "settings", "says"),
    [
        ("audit verify", {"PORTAL_ENV": "production"}, "PORTAL_SECRET_KEY must be set"),
        ("audit verify", {"PORTAL_IDLE_MINUTES": "0"}, "PORTAL_IDLE_MINUTES must be from 1"),
        ("audit verify", {"PORTAL_DATABASE_URL": "nonsense"}, "PORTAL_DATABASE_URL must be like"),
        ("audit verify", {"PORTAL_DATABASE_URL": "mysql://a/b"}, "PORTAL_DATABASE_URL must be"),
        ("audit verify", {}, "run `flask db upgrade` first"),
        ("create-admin somebody 某人", {}, "run `flask db upgrade` first"),
        ("files verify", {}, "run `flask db upgrade` first"),
        (
            "db upgrade",
            {"PORTAL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
            "The database cannot be used",
        ),
        ("backup-verify .", {}, "no whole backup"),
    ],
)
def test_command_that_cannot_run_says_why_in_one_line(
    tmp_path: Path, words: str, settings: dict[str, str], says: str
) -> None:
    done = run(tmp_path, *words.split(), **settings)
    assert done.returncode == 1
    assert says in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
