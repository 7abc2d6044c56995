"""What a figure of the survey is worth against a standard: met, not met, or not to be told.

Editions of a standard disagree (domain-facts §13), so each is judged by itself.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from portal.models import Comparison, LabelledEnum, SurveyItemKind
from portal.policies.survey_sheet import NO, YES, Field, Sheet, plain

FIGURES = frozenset({SurveyItemKind.NUMBER, SurveyItemKind.PERCENT, SurveyItemKind.RATIO})


class Verdict(LabelledEnum):
    """How a figure stands to its standard."""

    NOT_MET = "not_met", "未达标", "danger"
    UNJUDGED = "unjudged", "需人工判断", "warning"
    NO_FIGURE = "no_figure", "未填报", "neutral"
    MET = "met", "达标", "success"


class StandardLike(Protocol):
    """A standard, or what a form says of one."""

    @property
    def comparison(self) -> Comparison: ...
    @property
    def low(self) -> Decimal | None: ...
    @property
    def high(self) -> Decimal | None: ...
    @property
    def unit(self) -> str: ...


@dataclass(frozen=True)
class Figure:
    """What the sheet says in one field."""

    kind: SurveyItemKind
    value: str = ""
    number: Decimal | None = None

    @classmethod
    def of(cls, sheet: Sheet, field: Field) -> "Figure":
        """Return what a survey's sheet says in ``field``, computed where it is a ratio."""
        return cls(field.kind, sheet.value(field), sheet.figures.get(field.key))

    @property
    def is_blank(self) -> bool:
        """Whether nothing was filled in (for a ratio: nothing it could be computed from)."""
        return not self.value.strip() and self.number is None


def standard_key(field: Field) -> str:
    """Return the name under which standards for ``field`` are kept."""
    return field.key if field.cell else field.item.standard_key or field.key


@dataclass(frozen=True)
class Judgement:
    """The verdict, and by how much the figure misses (below: negative) or passes the bound."""

    verdict: Verdict
    difference: Decimal | None = None


def judge(standard: StandardLike, figure: Figure) -> Judgement:
    """Hold ``figure`` against ``standard``. Bounds themselves count as met."""
    if figure.is_blank:
        return Judgement(Verdict.NO_FIGURE)
    if standard.comparison is Comparison.PRESENT:
        return _judge_presence(figure)
    if figure.kind not in FIGURES or figure.number is None or standard.low is None:
        return Judgement(Verdict.UNJUDGED)
    difference = _difference(standard, standard.low, figure.number)
    below_is_bad = standard.comparison is not Comparison.AT_MOST
    missed = difference < 0 if below_is_bad else difference > 0
    if standard.comparison is Comparison.BETWEEN:
        missed = difference != 0
    return Judgement(Verdict.NOT_MET if missed else Verdict.MET, difference)


def _judge_presence(figure: Figure) -> Judgement:
    """Only a plain yes or no says whether something is there."""
    if figure.kind is not SurveyItemKind.YES_NO or figure.value not in (YES, NO):
        return Judgement(Verdict.UNJUDGED)
    return Judgement(Verdict.MET if figure.value == YES else Verdict.NOT_MET)


def _difference(standard: StandardLike, low: Decimal, number: Decimal) -> Decimal:
    """Return how far ``number`` is from the bound; inside a range that is nought."""
    if standard.comparison is Comparison.BETWEEN and standard.high is not None:
        if number > standard.high:
            return number - standard.high
        return min(number - low, Decimal(0))
    return number - low


def applies(standard_kinds: Collection[Any], base_kinds: Collection[str]) -> bool:
    """Whether a standard holds for a hospital with bases of ``base_kinds``.

    One without kinds holds for all; a hospital whose bases are not recorded is shown every one.
    """
    return not standard_kinds or not base_kinds or bool(set(standard_kinds) & set(base_kinds))


def demand_of(standard: StandardLike) -> str:
    """Return what the standard demands in words: 不低于 20 张, 介于 20～40 张, 应具备."""
    if standard.comparison is Comparison.PRESENT or standard.low is None:
        return Comparison.PRESENT.label
    low = plain(standard.low)
    bounds = low if standard.high is None else f"{low}～{plain(standard.high)}"
    return f"{standard.comparison.label} {measured(bounds, standard.unit)}"


def measured(number: str, unit: str) -> str:
    """Return a number with its unit; a per cent sign stands close."""
    if not unit:
        return number
    return f"{number}%" if unit == "%" else f"{number} {unit}"
