"""Half-up, exact shares, and what may stand as a score."""

from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from portal.scoring.arithmetic import capped_share, plain, round_half_up, score_problem, share


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("0", "0.00"),
        ("0.004", "0.00"),
        ("0.005", "0.01"),
        ("0.015", "0.02"),
        ("0.025", "0.03"),
        ("2.675", "2.68"),
        ("3.125", "3.13"),
        ("3.12499999999999999999999999999", "3.12"),
        ("84.9782608", "84.98"),
        ("99.995", "100.00"),
        ("-0.005", "-0.01"),
        ("-0.004", "0.00"),
    ],
)
def test_half_goes_up(value: str, rounded: str) -> None:
    assert round_half_up(Decimal(value)) == Decimal(rounded)
    assert round_half_up(Fraction(value)) == Decimal(rounded)


def test_every_rounding_is_within_half_a_hundredth_and_never_below_a_half() -> None:
    dice = Random(2020)
    for _ in range(500):
        value = Fraction(dice.randint(0, 10**6), dice.randint(1, 10**4))
        away = Fraction(round_half_up(value)) - value
        assert Fraction(-1, 200) < away <= Fraction(1, 200)


def test_rounding_keeps_the_order() -> None:
    dice = Random(417)
    values = sorted(Fraction(dice.randint(0, 10**5), dice.randint(1, 999)) for _ in range(300))
    rounded = [round_half_up(value) for value in values]
    assert rounded == sorted(rounded)


def test_share_loses_no_half_to_a_rounded_ratio() -> None:
    # 5 ÷ 24 is 0.2083333…: cut off at any place, 15 times it falls short of 3.125.
    assert round_half_up(15 * share(5, 24)) == Decimal("3.13")


@pytest.mark.parametrize(
    ("part", "whole", "result"), [(0, 0, 0), (3, 0, 0), (1, 4, "1/4"), (6, 4, "3/2")]
)
def test_share_of_nothing_is_nothing(part: int, whole: int, result: str) -> None:
    assert share(part, whole) == Fraction(result)
    assert capped_share(part, whole) == min(1, Fraction(result))


@pytest.mark.parametrize(
    ("number", "text"),
    [("22.50", "22.5"), ("40", "40"), ("0", "0"), ("0.50", "0.5"), ("100.00", "100")],
)
def test_numbers_are_written_as_people_do(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


@pytest.mark.parametrize(
    ("score", "problem"),
    [
        ("0", ""),
        ("3", ""),
        ("3.00", ""),
        ("2.75", ""),
        ("-0.01", "不能小于 0 分。"),
        ("3.01", "不能超过本项满分 3.00 分。"),
        ("2.755", "最多保留两位小数。"),
        ("NaN", "请填写数字。"),
        ("Infinity", "请填写数字。"),
    ],
)
def test_a_score_lies_between_nothing_and_full_points(score: str, problem: str) -> None:
    assert score_problem(Decimal(score), Decimal("3.00")) == problem
