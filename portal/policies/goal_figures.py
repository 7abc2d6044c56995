"""Figures of the goals: how they are typed, and what about them is worth a second look."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from portal.models import Comparison, GoalFigure

NAME_LENGTH = 100
UNIT_LENGTH = 20
MAX_FIGURES = 20
"""Figures of one area."""

_NUMBER = re.compile(r"-?\d{1,10}(\.\d{1,4})?")
NOT_A_NUMBER = "请填写数字，最多四位小数，如 80 或 12.5。"


def read_number(text: str) -> Decimal | None:
    """Read a figure: full-width digits, thousands marks and a per cent sign are no harm.

    Empty text is None. Raises ValueError with a Chinese sentence.
    """
    plain = unicodedata.normalize("NFKC", text).strip().rstrip("%").replace(",", "").strip()
    if not plain:
        return None
    if not _NUMBER.fullmatch(plain):
        raise ValueError(NOT_A_NUMBER)
    return Decimal(plain)


def show_number(number: Decimal | str | None) -> str:
    """Show a figure without idle noughts; empty for none."""
    if number is None or number == "":
        return ""
    text = f"{Decimal(number):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def figure_advice(
    figures: Sequence[GoalFigure], comparisons: Mapping[str, Comparison]
) -> list[str]:
    """Say where a target falls behind the baseline or the year before; never more than advice.

    ``comparisons`` tells by item key whether more or less is better. Where it does not, only a
    figure that goes up and down is told, because one of the two must be a slip.
    """
    return [
        sentence
        for figure in figures
        if (sentence := _advice(figure, comparisons.get(figure.item_key)))
    ]


def _advice(figure: GoalFigure, comparison: Comparison | None) -> str:
    """Return the sentence about one figure, or nothing."""
    line = [("基线", figure.baseline)] if figure.baseline is not None else []
    line += [
        (f"第{year}年", Decimal(target))
        for year, target in sorted(figure.targets.items())
        if target
    ]
    steps = [(now, before) for before, now in pairwise(line)]
    down = [one for one in steps if one[0][1] < one[1][1]]
    up = [one for one in steps if one[0][1] > one[1][1]]
    if comparison is Comparison.AT_LEAST:
        worse = down
    elif comparison is Comparison.AT_MOST:
        worse = up
    elif up and down:
        return f"“{figure.name}”的各年目标有升有降，请核对。"
    else:
        idle = figure.baseline is not None and bool(steps) and not up and not down
        return f"“{figure.name}”的各年目标与基线值相同，请核对。" if idle else ""
    if not worse:
        return ""
    (year, target), (base, value) = worse[0]
    return (
        f"“{figure.name}”{year}目标 {show_number(target)} 不及{base} {show_number(value)}，请核对。"
    )
