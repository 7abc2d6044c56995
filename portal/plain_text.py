"""Text without characters that no document may hold."""

import re
from typing import Any

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""C0 controls but tab and line ends, and what XML refuses besides: Word and Excel files break on
them, PostgreSQL on NUL."""


def printable(text: str) -> str:
    """Return ``text`` without control characters; tabs and line ends stay.

    A line break within a paragraph, which Word pastes as a vertical tab, becomes a space.
    """
    return _CONTROLS.sub("", text.replace("\x0b", " "))


def all_printable(facts: Any) -> Any:
    """Return plain facts (dicts, lists, texts) with every text :func:`printable`."""
    if isinstance(facts, str):
        return printable(facts)
    if isinstance(facts, dict):
        return {key: all_printable(value) for key, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [all_printable(value) for value in facts]
    return facts
