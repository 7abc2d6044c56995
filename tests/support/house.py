"""What the tests about the codebase share."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ROOT / "portal"
TEMPLATES = CODE / "templates"


def python_files() -> list[Path]:
    return sorted(CODE.rglob("*.py"))


def templates() -> list[str]:
    return sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.*"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
