"""What was typed into a sheet, and how it meets what others saved in the meantime.

Two sides and several reviewers work on one sheet at once, each on other items. So what is
compared is not the version of the sheet but every item: the page sends along the
fingerprint of what it showed, and only an item that both changed is a conflict.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from portal.errors import StaleEdit
from portal.models import AssessmentScore
from portal.scoring.arithmetic import round_half_up

Values = tuple[object, ...]


@dataclass(frozen=True)
class SelfEntry:
    """A self score and its note, as typed; ``seen`` is the fingerprint the page carried."""

    score: Decimal | None
    note: str = ""
    seen: str | None = None

    @property
    def values(self) -> Values:
        """What is compared, in the order of :func:`self_values`."""
        return (self.score, self.note)


@dataclass(frozen=True)
class ReviewEntry:
    """A reviewer's score with its reason, or the finding that the item does not apply."""

    score: Decimal | None
    reason: str = ""
    not_applicable: bool = False
    na_reason: str = ""
    seen: str | None = None

    @property
    def values(self) -> Values:
        """What is compared, in the order of :func:`review_values`."""
        return (self.score, self.reason, self.not_applicable, self.na_reason)


@dataclass(frozen=True)
class Clash:
    """One item that somebody else changed since the page was drawn."""

    title: str
    mine: str
    theirs: str

    @property
    def pair_mine(self) -> tuple[str, str]:
        """The item and what this person typed, as the page sets them side by side."""
        return self.title, self.mine

    @property
    def pair_theirs(self) -> tuple[str, str]:
        """The item and what is stored now."""
        return self.title, self.theirs


class SheetConflict(StaleEdit):
    """Somebody else saved other values for the same items; nothing was written."""

    def __init__(self, clashes: Sequence[Clash]) -> None:
        super().__init__()
        self.clashes = list(clashes)


def self_values(score: AssessmentScore) -> Values:
    """Return what the self-assessment of one item consists of."""
    return (score.self_score, score.self_note)


def review_values(score: AssessmentScore) -> Values:
    """Return what the review of one item consists of."""
    return (score.review_score, score.review_reason, score.not_applicable, score.na_reason)


def caps_values(caps: dict[str, str]) -> Values:
    """Return the caps as values that can be compared."""
    return tuple(sorted(caps.items()))


def fingerprint(values: Values) -> str:
    """Return a short mark that is the same for the same values, however they were written."""
    return hashlib.sha256("\x1f".join(map(_canonical, values)).encode()).hexdigest()[:16]


def differs(mine: Values, theirs: Values, seen: str | None) -> bool:
    """Whether ``mine`` is a change to write.

    Values that the person did not touch are none, even when somebody else changed them.
    """
    return fingerprint(mine) not in (fingerprint(theirs), seen)


def clashes_with(mine: Values, theirs: Values, seen: str | None) -> bool:
    """Whether ``mine`` is a change to something that somebody else changed as well."""
    return differs(mine, theirs, seen) and seen is not None and fingerprint(theirs) != seen


def in_words(values: Values) -> str:
    """Return the values as the page tells them in a conflict."""
    told = []
    for value in values:
        if isinstance(value, Decimal):
            told.append(f"{value:.2f} 分")
        elif value is True:
            told.append("不适用")
        elif isinstance(value, tuple):
            told.append("：".join(str(part) for part in value))
        elif value:
            told.append(str(value))
    return "；".join(told)


def _canonical(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{round_half_up(value)}"
    if isinstance(value, str):
        return "\n".join(value.strip().splitlines())
    if isinstance(value, tuple):
        return "\x1e".join(map(_canonical, value))
    return "" if value is None else str(value)
