"""Telling which hospital a written name means, and which one it nearly means."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from portal.models import Organisation, OrganisationKind

NEAR = 0.5
"""From which likeness (0 to 1) on another name is offered: of the whole and of its core."""
SUGGESTIONS = 3

# Space of every kind, and what no keyboard can type and no database keeps.
_SPACE = re.compile(r"[\s\x00-\x1f\x7f\u200b-\u200f\u2028-\u202f\ufeff\ud800-\udfff]+")
_COMMON = re.compile("人民医院|医院|[市县省区第]")
_NUMBERING = re.compile(r"^(?:[（(]\d{1,3}[)）]|\d{1,3}[.、．)）](?!\d)|[①-⑳])")


def name_key(name: str) -> str:
    """Return what two spellings of one name share: no space, half-width, no brackets' kind."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", name)).casefold()


def tidy_name(text: str) -> str:
    """Return a name as it should be kept: no space, no numbering before it."""
    name = _SPACE.sub("", text)
    name = _NUMBERING.sub("", name).strip("、，,;；。.：:")
    # Full-width digits and letters are a matter of the keyboard; Chinese brackets stay.
    return "".join(unicodedata.normalize("NFKC", c) if "０" <= c <= "ｚ" else c for c in name)


@dataclass
class Directory:
    """All organisations by name, to look written names up in."""

    organisations: list[Organisation]
    by_id: dict[int, Organisation] = field(init=False)
    _by_name: dict[str, Organisation] = field(init=False)
    _by_short_name: dict[str, Organisation | None] = field(init=False)

    def __post_init__(self) -> None:
        self.by_id = {one.id: one for one in self.organisations}
        self._by_name = {name_key(one.name): one for one in self.organisations}
        self._by_short_name = {}
        for one in self.hospitals:
            key = name_key(one.short_name)
            # A short name that two hospitals share names neither.
            self._by_short_name[key] = None if key in self._by_short_name else one

    @property
    def hospitals(self) -> list[Organisation]:
        """The hospitals that may be paired, in order of name."""
        return [
            one
            for one in self.organisations
            if one.kind is OrganisationKind.HOSPITAL and one.is_active
        ]

    def find(self, name: str) -> Organisation | None:
        """Return the organisation of this full or short name, of whatever kind."""
        key = name_key(name)
        return self._by_name.get(key) or self._by_short_name.get(key)

    def near(self, name: str) -> list[Organisation]:
        """Return up to three hospitals whose names are most like ``name``, likest first."""
        key = name_key(name)
        scored = [(_likeness(key, one), one.name, one) for one in self.hospitals]
        likely = sorted(
            (entry for entry in scored if entry[0] >= NEAR), key=lambda e: (-e[0], e[1])
        )
        return [one for _, _, one in likely[:SUGGESTIONS]]


def _likeness(key: str, hospital: Organisation) -> float:
    """Return how alike the written name and the hospital's are, from 0 to 1.

    万宁市人民医院 and 东方市人民医院 share most of their characters and nothing that counts.
    """
    names = [name_key(name) for name in (hospital.name, hospital.short_name)]
    whole = max(_ratio(key, name) for name in names)
    core = max(_ratio(_core(key), _core(name)) for name in names)
    return (whole + core) / 2 if min(whole, core) >= NEAR else 0


def _core(key: str) -> str:
    """Return what tells one hospital from another: no 人民医院, no 市."""
    return _COMMON.sub("", key) or key


def _ratio(left: str, right: str) -> float:
    return SequenceMatcher(None, left, right, autojunk=False).ratio()


def directory_of(organisations: Iterable[Organisation]) -> Directory:
    """Return a directory in order of name."""
    return Directory(sorted(organisations, key=lambda one: one.name))
