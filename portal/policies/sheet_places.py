"""Which pairing a row means, by whatever name it stands there."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from portal.policies.sheet_columns import PAIRING, SUPPORTED
from portal.policies.sheet_rows import Place

_ARROW = re.compile(r"→|⇒|——|—|->|=>|-|帮扶")


def _plain(text: str) -> str:
    """Return a name without space, its arrow written in one way."""
    return _ARROW.sub("→", re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)))


class PlaceNames:
    """Finds the pairing of a row among those that the workbook may touch."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = places
        self.named: dict[str, Place | None] = {}
        for place in places:
            for name in _names_of(place):
                # A name that two pairings share means neither.
                self.named[name] = place if self.named.get(name, place) is place else None

    def find(self, cells: Mapping[str, str]) -> Place | str:
        """Return the pairing, or the sentence that says why there is none."""
        text = cells.get(PAIRING.name) or cells.get(SUPPORTED.name) or ""
        if not text:
            if len(self.places) == 1:
                return self.places[0]
            if not self.places:
                return "没有可以导入的结对。"
            return f"请填写结对，如“{self.places[0].pairing.title}”。"
        place = self.named.get(_plain(text))
        if place is None:
            known = "、".join(f"“{one.pairing.title}”" for one in self.places[:6])
            return f"本次导入的结对中没有“{text[:40]}”，可填写：{known}。"
        return place

    def is_other(self, cells: Mapping[str, str], place: Place) -> bool:
        """Whether the row names another pairing than ``place``."""
        text = cells.get(PAIRING.name) or ""
        return bool(text) and _plain(text) not in _names_of(place)


def _names_of(place: Place) -> set[str]:
    """Return what a pairing is called: both hospitals, or the supported one alone."""
    left, right = place.pairing.supporting, place.pairing.supported
    both = {
        f"{a}→{b}" for a in (left.name, left.short_name) for b in (right.name, right.short_name)
    }
    return {_plain(name) for name in (*both, right.name, right.short_name)}
