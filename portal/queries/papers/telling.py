"""The facts of a paper: plain data, each field named in Chinese for whoever writes a template.

A paper's facts are a dataclass whose fields are ``Annotated[…, Told(…)]``. From it come the
plain values that templates receive, the list of placeholders a centre reads, and a sample.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

# Controls but the end of a line, marks that turn writing around, what shows nothing at all,
# halves of characters. None of them belongs on paper, and some break XML.
HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\uffff\U000e0000-\U000e0fff]+"
)
LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


@dataclass(frozen=True)
class Told:
    """How a fact is called, and what the sample shows.

    For a list of further facts: how many, or in what each differs from their own examples.
    """

    label: str
    example: Any = None


@dataclass(frozen=True)
class Placeholder:
    """One line of the list of placeholders. ``path`` is written in a template as it stands."""

    path: str
    label: str
    example: str
    is_list: bool
    depth: int


def plain(text: str) -> str:
    """Return ``text`` without what cannot be seen; only line ends stay."""
    kept = LINE_ENDS.sub("\n", text).replace("\t", " ")
    return unicodedata.normalize("NFC", HIDDEN.sub("", kept)).strip()


def paragraphs(text: str) -> list[str]:
    """Return the lines of ``text`` that say something."""
    return [line for line in (one.strip() for one in plain(text).split("\n")) if line]


def facts_from(told_of: Any) -> Any:
    """Return the facts as plain values: texts cleaned, lists and dicts of them."""
    if isinstance(told_of, str):
        return plain(told_of)
    if isinstance(told_of, list):
        return [facts_from(one) for one in told_of]
    if is_dataclass(told_of):
        return {one.name: facts_from(getattr(told_of, one.name)) for one in fields(told_of)}
    if isinstance(told_of, bool):
        return told_of
    raise TypeError(f"{type(told_of).__name__} is no fact")


def sample_of(paper: type) -> dict[str, Any]:
    """Return facts as they might be, for trying out a template."""
    return {name: _example(kind, about) for name, kind, about in _parts(paper)}


def placeholders_of(paper: type, before: str = "", depth: int = 0) -> Iterator[Placeholder]:
    """Yield what a template of this paper may name, in order, lists before what is in them."""
    for name, kind, about in _parts(paper):
        inner, is_list = _inner(kind), get_origin(kind) is list
        example = "" if inner is not None else _shown(about.example)
        yield Placeholder(f"{before}{name}", about.label, example, is_list, depth)
        if inner is not None:
            inside = f"{name}[]." if is_list else f"{name}."
            yield from placeholders_of(inner, f"{before}{inside}", depth + 1)


def _parts(paper: type) -> Iterator[tuple[str, Any, Told]]:
    hints = get_type_hints(paper, include_extras=True)
    for one in fields(paper):
        kind, about = get_args(hints[one.name])
        yield one.name, kind, about


def _inner(kind: Any) -> type | None:
    """Return the further facts that a field holds, one or a list of them."""
    inside = get_args(kind)[0] if get_origin(kind) is list else kind
    return inside if is_dataclass(inside) and isinstance(inside, type) else None


def _example(kind: Any, about: Told) -> Any:
    inner = _inner(kind)
    if inner is None:
        return about.example
    if get_origin(kind) is not list:
        return {**sample_of(inner), **(about.example or {})}
    if isinstance(about.example, int):
        return [sample_of(inner) for _ in range(about.example)]
    return [{**sample_of(inner), **other} for other in about.example]


def _shown(example: Any) -> str:
    if isinstance(example, bool):
        return "是" if example else "否"
    return "；".join(example) if isinstance(example, list) else str(example)
