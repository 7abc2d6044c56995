"""Figures of the goals: how they are read and shown, and what is worth a second look."""

from decimal import Decimal

import pytest

from portal import workdays
from portal.models import Area, Comparison, GoalFigure
from portal.policies.goal_figures import figure_advice, read_number, show_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", None),
        ("80", Decimal(80)),
        ("８０．５", Decimal("80.5")),
        ("85%", Decimal(85)),
        ("12,000", Decimal(12000)),
        ("１２，０００", Decimal(12000)),
        ("-1.25", Decimal("-1.25")),
    ],
)
def test_figure_is_read_as_people_type_it(text: str, number: Decimal | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize("text", ["约80", "80-90", "1.23456", "1e5", "99999999999", "NaN"])
def test_what_is_no_figure_is_answered_by_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="请填写数字"):
        read_number(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, ""), ("", ""), (Decimal("80.0000"), "80"), ("12.50", "12.5"), (Decimal(0), "0")],
)
def test_figure_is_shown_without_idle_noughts(number: Decimal | str | None, text: str) -> None:
    assert show_number(number) == text


LINES = {
    "up": ("60", ("70", "80", "90")),
    "down": ("60", ("50", "40", "30")),
    "same": ("60", ("60", "60", "60")),
    "zigzag": ("60", ("70", "65", "80")),
    "gap": ("60", ("", "50", "")),
    "first only": (None, ("70", "", "")),
}


@pytest.mark.parametrize(
    ("line", "comparison", "sentence"),
    [
        ("up", Comparison.AT_LEAST, ""),
        ("up", Comparison.AT_MOST, "“合格率”第1年目标 70 不及基线 60，请核对。"),
        ("up", None, ""),
        ("down", Comparison.AT_LEAST, "“合格率”第1年目标 50 不及基线 60，请核对。"),
        ("down", Comparison.AT_MOST, ""),
        ("down", None, ""),
        ("same", Comparison.AT_LEAST, ""),
        ("same", None, "“合格率”的各年目标与基线值相同，请核对。"),
        ("zigzag", Comparison.AT_LEAST, "“合格率”第2年目标 65 不及第1年 70，请核对。"),
        ("zigzag", None, "“合格率”的各年目标有升有降，请核对。"),
        ("gap", Comparison.AT_LEAST, "“合格率”第2年目标 50 不及基线 60，请核对。"),
        ("first only", Comparison.AT_LEAST, ""),
        ("up", Comparison.BETWEEN, ""),
    ],
)
def test_target_that_falls_behind_is_worth_a_word(
    line: str, comparison: Comparison | None, sentence: str
) -> None:
    baseline, targets = LINES[line]
    figure = GoalFigure(
        area=Area.TEACHING,
        name="合格率",
        item_key="pass_rate",
        baseline=Decimal(baseline) if baseline else None,
        targets={str(year): text for year, text in enumerate(targets, 1)},
    )
    known = {"pass_rate": comparison} if comparison else {}
    assert figure_advice([figure], known) == ([sentence] if sentence else [])


@pytest.mark.parametrize(("year", "known"), [(2003, False), (2004, True), (2020, True)])
def test_calendar_says_which_years_it_knows(year: int, known: bool) -> None:
    assert workdays.knows_year(year) is known
