"""A real office program: LibreOffice opens what the portal has written and says what it read.

One start for many files, in a profile of its own: starting takes most of the time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

SECONDS = 120


def soffice() -> str:
    """The program; a test that needs it is skipped where it is not installed."""
    found = shutil.which("soffice")
    if found is None:
        pytest.skip("LibreOffice is not installed")
    return found


def convert(files: Sequence[Path], to: str, folder: Path) -> tuple[list[Path], str]:
    """Convert ``files`` to ``to`` (pdf, "txt:Text (encoded):UTF8" …) below ``folder``.

    Returns the files made, in the same order, and everything the program complained of.
    """
    done = subprocess.run(
        [
            soffice(),
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
            "--norestore",
            *("--convert-to", to, "--outdir", str(folder)),
            *map(str, files),
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LANG": "C.UTF-8"},
    )
    # Whether Java is there concerns nobody: no filter for Word documents needs it.
    complaints = [line for line in done.stderr.splitlines() if "javaldx" not in line]
    ending = to.partition(":")[0]
    made = [folder / f"{one.stem}.{ending}" for one in files]
    missing = [one.name for one in made if not one.is_file()]
    return made, "\n".join([*complaints, *(f"not made: {name}" for name in missing)])
