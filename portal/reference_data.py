"""The data files that ship with the portal, read as they are."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "data"


@cache
def load(name: str) -> dict[str, Any]:
    """Return the content of ``data/<name>.toml``. Do not change what you are given."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def text(name: str) -> str:
    """Return the content of ``data/<name>`` as text."""
    return (FOLDER / name).read_text(encoding="utf-8")
