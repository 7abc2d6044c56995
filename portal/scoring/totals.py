"""From leaf scores to the verdict: N/A, side scores, deductions, caps, grade and bonus (§10.2)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from portal.models import Grade, ItemSide
from portal.scoring.arithmetic import HUNDRED, ZERO, round_half_up, share

SUPPORTING_SIDE = frozenset({ItemSide.BOTH, ItemSide.SUPPORTING})
SUPPORTED_SIDE = frozenset({ItemSide.BOTH, ItemSide.SUPPORTED})
ALL_SIDES = frozenset(ItemSide)

GRADES = list(Grade)
"""Best first: a higher index is a worse grade."""


@dataclass(frozen=True)
class Leaf:
    """One scored item. No score means that nothing was reported, which is worth nothing."""

    points: Decimal
    side: ItemSide
    score: Decimal | None = None
    not_applicable: bool = False


@dataclass(frozen=True)
class Cap:
    """A deduction, a limit on the grade, or a veto that applies to this year."""

    key: str
    title: str
    max_grade: Grade | None = None
    deduct: Decimal = ZERO
    void: bool = False


@dataclass(frozen=True)
class Band:
    """From ``minimum`` on, ``value`` holds: a grade, or bonus points."""

    minimum: Decimal
    value: Grade | Decimal


@dataclass(frozen=True)
class Result:
    """The verdict of a year. ``bonus`` is None while the programme does not award any."""

    total: Decimal
    supporting: Decimal
    supported: Decimal
    grade: Grade
    bonus: Decimal | None


def earned_of(leaves: Iterable[Leaf]) -> Decimal:
    """Return the points earned; items that do not apply earn none."""
    return sum((leaf.score or ZERO for leaf in leaves if not leaf.not_applicable), ZERO)


def applicable_of(leaves: Iterable[Leaf]) -> Decimal:
    """Return the points that could be earned."""
    return sum((leaf.points for leaf in leaves if not leaf.not_applicable), ZERO)


def out_of_hundred(leaves: Collection[Leaf], sides: Collection[ItemSide] = ALL_SIDES) -> Decimal:
    """Return earned ÷ applicable × 100 over the items of ``sides``, half-up to two places.

    With the shipped scheme that is ÷ 92 for the supporting side and ÷ 96 for the supported
    one, because 8 and 4 points belong to the other side alone; nothing here knows that.
    """
    mine = [leaf for leaf in leaves if leaf.side in sides]
    return round_half_up(share(earned_of(mine), applicable_of(mine)) * 100)


def grade_of(total: Decimal, bands: Iterable[Band], caps: Iterable[Cap] = ()) -> Grade:
    """Return the grade for ``total``, never better than the caps allow."""
    reached = [band for band in bands if total >= band.minimum]
    best = max(reached, key=lambda band: band.minimum, default=None)
    grade = best.value if best and isinstance(best.value, Grade) else GRADES[-1]
    limits = [cap.max_grade for cap in caps if cap.max_grade is not None]
    return max([grade, *limits], key=GRADES.index)


def bonus_of(total: Decimal, grade: Grade, bands: Iterable[Band]) -> Decimal:
    """Return the points that the supporting base gains in its own review (H-38).

    A year judged 不合格 gains nothing, whatever its points (H-39 holds both sides to account).
    """
    if grade is Grade.UNQUALIFIED:
        return ZERO
    reached = [band for band in bands if total >= band.minimum]
    best = max(reached, key=lambda band: band.minimum, default=None)
    return best.value if best and isinstance(best.value, Decimal) else ZERO


def judge(
    leaves: Sequence[Leaf],
    *,
    caps: Sequence[Cap] = (),
    grades: Sequence[Band],
    bonus_bands: Sequence[Band] = (),
    bonus_enabled: bool = True,
) -> Result:
    """Return the verdict. Deductions count against the total alone; a void year has no points.

    ``bonus_enabled`` is the programme's switch: the notice says 适时 (H-38).
    """
    void = any(cap.void for cap in caps)
    deducted = sum((cap.deduct for cap in caps), ZERO)
    total = ZERO if void else max(ZERO, out_of_hundred(leaves) - deducted)
    grade = grade_of(total, grades, caps)
    return Result(
        total=min(HUNDRED, total),
        supporting=ZERO if void else out_of_hundred(leaves, SUPPORTING_SIDE),
        supported=ZERO if void else out_of_hundred(leaves, SUPPORTED_SIDE),
        grade=grade,
        bonus=bonus_of(total, grade, bonus_bands) if bonus_enabled else None,
    )
