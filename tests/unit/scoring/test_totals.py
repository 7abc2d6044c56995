"""The verdict of a year: the worked example, N/A, sides, caps, grade and bonus."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from portal import reference_data
from portal.models import Grade, ItemSide
from portal.scoring.totals import (
    GRADES,
    SUPPORTED_SIDE,
    SUPPORTING_SIDE,
    Band,
    Cap,
    Leaf,
    applicable_of,
    bonus_of,
    earned_of,
    grade_of,
    judge,
    out_of_hundred,
)

D = Decimal
GRADE_BANDS = [
    Band(D("90"), Grade.EXCELLENT),
    Band(D("80"), Grade.QUALIFIED),
    Band(D("70"), Grade.BASIC),
    Band(D("0"), Grade.UNQUALIFIED),
]
BONUS_BANDS = [Band(D("90"), D("2")), Band(D("80"), D("1")), Band(D("70"), D("0.5"))]

# Scores of domain-facts §10.2's worked example: item 1 = 14.00 … item 5 = 4.50.
SCORES = """
1.1=3 1.2=3 1.3=3 1.4=3 1.5=2
2.1=12.75 2.2a=3.00 2.2b=1.00 2.3=3.23 2.4=5.00
A1=4 A2=1 A3=2 A4=1.2
B1=2 B2=1 B3=1.00 B4=2 B5=1
C1=1.5 C2=1 C3=1 C4=0.5
D1=3 D2=2 D3=1 D4=1.00
E1=2 E2=2 E3=1 E4=1 E5=1
4.1=4 4.2=2.5 4.3=1
5.1=2 5.2=0.5 5.3=2
"""
WORKED_EXAMPLE = dict(pair.split("=") for pair in SCORES.split())


def scheme_leaves(scores: dict[str, str]) -> dict[str, Leaf]:
    """The leaves of the shipped scheme with ``scores``."""
    return {
        item["code"]: Leaf(D(item["points"]), ItemSide(item["side"]), D(scores[item["code"]]))
        for item in reference_data.load("scheme_2020")["item"]
        if item["mode"] != "group"
    }


@pytest.fixture
def example() -> dict[str, Leaf]:
    return scheme_leaves(WORKED_EXAMPLE)


def group_sum(leaves: dict[str, Leaf], prefixes: str) -> Decimal:
    return earned_of(leaf for code, leaf in leaves.items() if code[0] in prefixes)


def verdict(leaves: dict[str, Leaf], *caps: Cap, bonus_enabled: bool = True):  # type: ignore[no-untyped-def]
    return judge(
        list(leaves.values()),
        caps=caps,
        grades=GRADE_BANDS,
        bonus_bands=BONUS_BANDS,
        bonus_enabled=bonus_enabled,
    )


def test_the_shipped_scheme_adds_up_to_a_hundred_92_and_96(example: dict[str, Leaf]) -> None:
    leaves = list(example.values())
    assert applicable_of(leaves) == D("100.00")
    assert applicable_of(leaf for leaf in leaves if leaf.side in SUPPORTING_SIDE) == D("92.00")
    assert applicable_of(leaf for leaf in leaves if leaf.side in SUPPORTED_SIDE) == D("96.00")


@pytest.mark.parametrize(
    ("prefixes", "points"),
    [
        ("1", "14.00"),
        ("2", "24.98"),
        ("ABCDE", "33.20"),
        ("C", "4.00"),
        ("4", "7.50"),
        ("5", "4.5"),
    ],
)
def test_worked_example_items(example: dict[str, Leaf], prefixes: str, points: str) -> None:
    assert group_sum(example, prefixes) == D(points)


def test_worked_example_verdict(example: dict[str, Leaf]) -> None:
    result = verdict(example)
    assert (result.total, result.grade, result.bonus) == (D("84.18"), Grade.QUALIFIED, D("1.0"))
    assert (result.supporting, result.supported) == (D("84.98"), D("83.52"))


def test_an_item_that_does_not_apply_leaves_both_sums(example: dict[str, Leaf]) -> None:
    example["2.4"] = replace(example["2.4"], not_applicable=True)
    # (84.18 - 5.00) ÷ (100 - 6) × 100
    assert verdict(example).total == D("84.23")
    # (84.18 - 6.00 - 5.00) ÷ (92 - 6) × 100, and (84.18 - 4.00 - 5.00) ÷ (96 - 6) × 100
    assert verdict(example).supporting == D("85.09")
    assert verdict(example).supported == D("83.53")


def test_nothing_reported_is_worth_nothing_but_still_applies(example: dict[str, Leaf]) -> None:
    example["2.1"] = replace(example["2.1"], score=None)
    assert verdict(example).total == D("71.43")


def test_nothing_applicable_is_no_points_and_no_crash() -> None:
    assert out_of_hundred([Leaf(D("5"), ItemSide.BOTH, None, not_applicable=True)]) == D("0.00")


YELLOW = Cap("yellow_card", "黄牌", Grade.BASIC, D("5.00"))
RED = Cap("red_card", "红牌", Grade.UNQUALIFIED)
NO_MEETING = Cap("no_meeting", "未开会", Grade.BASIC)
FALSE_MATERIAL = Cap("false_material", "弄虚作假", Grade.UNQUALIFIED, void=True)
SAFETY = Cap("safety_event", "安全事件", None, D("5.00"))


@pytest.mark.parametrize(
    ("caps", "total", "grade", "bonus"),
    [
        ([], "84.18", Grade.QUALIFIED, "1"),
        ([YELLOW], "79.18", Grade.BASIC, "0.5"),
        ([SAFETY], "79.18", Grade.BASIC, "0.5"),
        ([NO_MEETING], "84.18", Grade.BASIC, "1"),
        ([RED], "84.18", Grade.UNQUALIFIED, "0"),
        ([YELLOW, SAFETY], "74.18", Grade.BASIC, "0.5"),
        ([RED, YELLOW], "79.18", Grade.UNQUALIFIED, "0"),
        ([FALSE_MATERIAL], "0", Grade.UNQUALIFIED, "0"),
    ],
)
def test_caps_deduct_limit_and_veto(
    example: dict[str, Leaf], caps: list[Cap], total: str, grade: Grade, bonus: str
) -> None:
    result = verdict(example, *caps)
    assert (result.total, result.grade, result.bonus) == (D(total), grade, D(bonus))


def test_a_void_year_has_no_points_on_either_side(example: dict[str, Leaf]) -> None:
    result = verdict(example, FALSE_MATERIAL)
    assert (result.total, result.supporting, result.supported) == (D("0"), D("0"), D("0"))


def test_deductions_never_go_below_nothing() -> None:
    result = judge([Leaf(D("100"), ItemSide.BOTH, D("3"))], caps=[YELLOW], grades=GRADE_BANDS)
    assert result.total == D("0.00")


@pytest.mark.parametrize(
    ("total", "grade", "bonus"),
    [
        ("100", Grade.EXCELLENT, "2"),
        ("90.00", Grade.EXCELLENT, "2"),
        ("89.99", Grade.QUALIFIED, "1"),
        ("80.00", Grade.QUALIFIED, "1"),
        ("79.99", Grade.BASIC, "0.5"),
        ("70.00", Grade.BASIC, "0.5"),
        ("69.99", Grade.UNQUALIFIED, "0"),
        ("0", Grade.UNQUALIFIED, "0"),
    ],
)
def test_the_edges_of_grades_and_bonus(total: str, grade: Grade, bonus: str) -> None:
    assert grade_of(D(total), GRADE_BANDS) is grade
    assert bonus_of(D(total), grade, BONUS_BANDS) == D(bonus)


def test_the_order_of_the_bands_does_not_matter() -> None:
    assert grade_of(D("84"), GRADE_BANDS[::-1]) is Grade.QUALIFIED
    assert bonus_of(D("84"), Grade.QUALIFIED, BONUS_BANDS[::-1]) == D("1")


def test_a_programme_that_awards_no_bonus_yet_says_so(example: dict[str, Leaf]) -> None:
    assert verdict(example, bonus_enabled=False).bonus is None


def test_better_leaves_never_make_a_worse_year() -> None:
    dice = Random(384)
    for _ in range(200):
        leaves = {
            code: replace(
                leaf,
                score=D(dice.randint(0, int(leaf.points * 100))) / 100,
                not_applicable=dice.random() < 0.1,
            )
            for code, leaf in scheme_leaves(WORKED_EXAMPLE).items()
        }
        before = verdict(leaves)
        code = dice.choice(list(leaves))
        leaves[code] = replace(leaves[code], score=leaves[code].points)
        after = verdict(leaves)
        assert after.total >= before.total
        assert after.supporting >= before.supporting
        assert after.supported >= before.supported
        assert GRADES.index(after.grade) <= GRADES.index(before.grade)
        assert D(0) <= after.total <= D(100)


def test_no_cap_ever_helps(example: dict[str, Leaf]) -> None:
    free = verdict(example)
    for cap in (YELLOW, RED, NO_MEETING, FALSE_MATERIAL, SAFETY):
        capped = verdict(example, cap)
        assert capped.total <= free.total
        assert GRADES.index(capped.grade) >= GRADES.index(free.grade)
        assert capped.bonus is not None
        assert capped.bonus <= D("1")
