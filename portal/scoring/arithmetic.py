"""Exact numbers: ratios stay fractions until the one rounding at the end."""

from decimal import Decimal
from fractions import Fraction

ZERO = Decimal("0.00")
HUNDRED = Decimal("100.00")


def round_half_up(value: Decimal | Fraction | int) -> Decimal:
    """Return ``value`` with two places, a half always away from zero (§10.2: 四舍五入)."""
    exact = Fraction(value)
    hundredths, rest = divmod(abs(exact) * 100, 1)
    if rest * 2 >= 1:
        hundredths += 1
    rounded = Decimal(int(hundredths)).scaleb(-2)
    return -rounded if exact < 0 else rounded


def share(part: Decimal | Fraction | int, whole: Decimal | Fraction | int) -> Fraction:
    """Return ``part`` ÷ ``whole`` exactly; nothing of nothing is nothing.

    A ratio kept as a rounded decimal would miss a half: 15 × (5 ÷ 24) is 3.125, hence 3.13,
    but 15 × 0.208333… falls short of it. §10.2: missing data score 0, hence the zero.
    """
    return Fraction(part) / Fraction(whole) if whole else Fraction(0)


def capped_share(part: Decimal | Fraction | int, whole: Decimal | Fraction | int) -> Fraction:
    """Return :func:`share`, but never more than one."""
    return min(Fraction(1), share(part, whole))


def plain(number: Decimal | Fraction | int) -> str:
    """Return a number as people write it: 22.5, 40, never 22.50 or 4E+1."""
    text = f"{round_half_up(number):f}"
    return text.rstrip("0").rstrip(".")


def score_problem(score: Decimal, points: Decimal) -> str:
    """Return the sentence that says why ``score`` cannot stand for ``points``; else nothing."""
    if not score.is_finite():
        return "请填写数字。"
    if score < 0:
        return "不能小于 0 分。"
    if score > points:
        return f"不能超过本项满分 {points:.2f} 分。"
    if score != round_half_up(score):
        return "最多保留两位小数。"
    return ""
