"""What a figure is worth against a standard, in every case."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from portal import reference_data
from portal.models import BaseKind, Comparison, SurveyItemKind
from portal.policies.gaps import Figure, Verdict, applies, demand_of, judge

NUMBER, YES_NO = SurveyItemKind.NUMBER, SurveyItemKind.YES_NO
AT_LEAST, AT_MOST = Comparison.AT_LEAST, Comparison.AT_MOST
BETWEEN, PRESENT = Comparison.BETWEEN, Comparison.PRESENT


@dataclass
class Demand:
    comparison: Comparison
    low: Decimal | None = Decimal(20)
    high: Decimal | None = None
    unit: str = "张"


def number(text: str) -> Figure:
    return Figure(NUMBER, text, Decimal(text))


@pytest.mark.parametrize(
    ("comparison", "said", "verdict", "difference"),
    [
        (AT_LEAST, "19.99", Verdict.NOT_MET, "-0.01"),
        (AT_LEAST, "20", Verdict.MET, "0"),
        (AT_LEAST, "21", Verdict.MET, "1"),
        (AT_LEAST, "0", Verdict.NOT_MET, "-20"),
        (AT_MOST, "20", Verdict.MET, "0"),
        (AT_MOST, "19", Verdict.MET, "-1"),
        (AT_MOST, "20.5", Verdict.NOT_MET, "0.5"),
        (BETWEEN, "19", Verdict.NOT_MET, "-1"),
        (BETWEEN, "20", Verdict.MET, "0"),
        (BETWEEN, "30", Verdict.MET, "0"),
        (BETWEEN, "40", Verdict.MET, "0"),
        (BETWEEN, "45", Verdict.NOT_MET, "5"),
    ],
)
def test_figure_is_held_against_its_number(
    comparison: Comparison, said: str, verdict: Verdict, difference: str
) -> None:
    demand = Demand(comparison, high=Decimal(40) if comparison is BETWEEN else None)
    result = judge(demand, number(said))
    assert (result.verdict, result.difference) == (verdict, Decimal(difference))


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure(YES_NO, "yes"), Verdict.MET),
        (Figure(YES_NO, "no"), Verdict.NOT_MET),
        (Figure(YES_NO, ""), Verdict.NO_FIGURE),
        (Figure(YES_NO, "其他"), Verdict.UNJUDGED),
        (Figure(SurveyItemKind.CHOICE, "vacant"), Verdict.UNJUDGED),
        (number("3"), Verdict.UNJUDGED),
        (Figure(SurveyItemKind.TEXT, "已经设置"), Verdict.UNJUDGED),
    ],
)
def test_only_a_plain_yes_or_no_says_whether_something_is_there(
    figure: Figure, verdict: Verdict
) -> None:
    result = judge(Demand(PRESENT, low=None), figure)
    assert (result.verdict, result.difference) == (verdict, None)


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure(NUMBER), Verdict.NO_FIGURE),
        (Figure(NUMBER, "  "), Verdict.NO_FIGURE),
        (Figure(SurveyItemKind.RATIO), Verdict.NO_FIGURE),
        (Figure(NUMBER, "约二十张"), Verdict.UNJUDGED),
        (Figure(SurveyItemKind.LINE, "20张"), Verdict.UNJUDGED),
        (Figure(YES_NO, "yes"), Verdict.UNJUDGED),
        (Figure(SurveyItemKind.RATIO, number=Decimal("20.5")), Verdict.MET),
        (Figure(SurveyItemKind.PERCENT, "25", Decimal(25)), Verdict.MET),
    ],
)
def test_what_is_no_figure_is_not_judged(figure: Figure, verdict: Verdict) -> None:
    assert judge(Demand(AT_LEAST), figure).verdict is verdict


@pytest.mark.parametrize(
    ("demand", "words"),
    [
        (Demand(AT_LEAST), "不低于 20 张"),
        (Demand(AT_MOST, Decimal("0.50"), unit=""), "不高于 0.5"),
        (Demand(BETWEEN, high=Decimal("40.0000")), "介于 20～40 张"),
        (Demand(AT_LEAST, Decimal(85), unit="%"), "不低于 85%"),
        (Demand(PRESENT, None), "应具备"),
    ],
)
def test_demand_is_said_in_words(demand: Demand, words: str) -> None:
    assert demand_of(demand) == words


@pytest.mark.parametrize(
    ("standard", "hospital", "expected"),
    [
        ([], {"assistant_gp"}, True),
        (["gp_residency"], {"assistant_gp"}, False),
        (["gp_residency"], {"assistant_gp", "gp_residency"}, True),
        (["gp_residency"], set(), True),
    ],
)
def test_standard_applies_by_kinds_of_bases(
    standard: list[str], hospital: set[str], expected: bool
) -> None:
    assert applies(standard, hospital) is expected


# The shipped numbers.

STANDARDS = reference_data.load("standards")["standard"]
SHEET = {one["key"]: one for one in reference_data.load("survey_template_2020")["item"]}


def field_exists(key: str) -> bool:
    """Whether the shipped sheet has this field: an item, or a cell of a matrix."""
    name, _, cell = key.partition(".")
    if name not in SHEET:
        return False
    if SHEET[name]["kind"] != "matrix":
        return not cell
    row, _, column = cell.partition(".")
    options = SHEET[name]["options"]
    return row in dict(options["rows"]) and column in dict(options["columns"])


def test_every_shipped_standard_measures_a_field_of_the_sheet() -> None:
    assert [one["key"] for one in STANDARDS if not field_exists(one["key"])] == []
    pairs = [(one["key"], one["edition"]) for one in STANDARDS]
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize("one", STANDARDS, ids=lambda one: f"{one['key']}@{one['edition']}")
def test_shipped_standard_is_whole(one: dict) -> None:
    comparison = Comparison(one["comparison"])
    assert ("low" in one) is (comparison is not PRESENT)
    assert ("high" in one) is (comparison is BETWEEN)
    assert set(one["base_kinds"]) <= {kind.value for kind in BaseKind}
    assert one["source"]
    assert len(one["source"]) <= 200
    assert len(one["edition"]) <= 60


def test_numbers_read_in_no_official_text_are_not_verified() -> None:
    """domain-facts §8.1.7 and §13: the guideline of 2018 is known by hearsay only."""
    guideline = [one for one in STANDARDS if "设置指导标准" in one["edition"]]
    assert len(guideline) >= 10
    assert not any(one["verified"] for one in guideline)
    assert all("核实" in one["note"] for one in guideline)


@pytest.mark.parametrize(
    ("key", "numbers"),
    [
        ("supervision_rounds", {"1", "4"}),
        ("activities.mini_lectures.times", {"26", "52"}),
        ("activities.case_discussions.times", {"12", "26"}),
        ("practice_base_guidance", {"1", "6"}),
        ("head_meetings", {"1", "2"}),
        ("evaluation_score", {"80", "85"}),
    ],
)
def test_editions_that_disagree_stand_side_by_side(key: str, numbers: set[str]) -> None:
    assert {one["low"] for one in STANDARDS if one["key"] == key} == numbers


LIBRARY = reference_data.load("task_library_2020")["task"]


def test_every_shipped_task_says_which_items_it_mends() -> None:
    keys = {entry["code"]: entry["item_keys"] for entry in LIBRARY}
    assert len(keys) == 48
    assert all(keys.values())
    unknown = {
        key
        for named in keys.values()
        for key in named
        if not field_exists(key) and key not in SHEET
    }
    assert unknown == set()


def test_every_shipped_task_says_by_what_measures_the_supporting_base_helps() -> None:
    for entry in LIBRARY:
        assert "帮扶方" in entry["measures"], entry["code"]
        assert entry["measures"] != entry["description"]
