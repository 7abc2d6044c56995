"""The sheet: fields, progress, what is wanted of a matrix, and what is computed."""

from decimal import Decimal

import pytest

from portal.models import SurveyAnswer, SurveyItem, SurveyItemKind
from portal.policies.survey_sheet import Sheet

Kind = SurveyItemKind
RULES = {
    "rows": [["archives", "档案"], ["finance", "经费"]],
    "columns": [["established", "是否已建立"], ["revised_year", "修订年份"]],
    "cells": {"established": "yes_no"},
    "units": {"revised_year": "年"},
}
RATES = {
    "rows": [["last", "上一年度"]],
    "columns": [["due", "应考"], ["passed", "通过"], ["rate", "通过率"]],
    "cells": {"rate": "ratio"},
    "units": {"rate": "%"},
    "ratios": {"rate": ["passed", "due"]},
}


def item(
    number: int,
    key: str,
    kind: Kind = Kind.NUMBER,
    *,
    section: str = "一",
    required: bool = True,
    unit: str = "",
    options: dict | None = None,
) -> SurveyItem:
    return SurveyItem(
        id=number,
        position=number,
        key=key,
        kind=kind,
        label=f"第{number}项",
        section=section,
        unit=unit,
        options=options or {},
        is_required=required,
    )


ITEMS = [
    item(1, "beds"),
    item(2, "physicians"),
    item(3, "per_bed", Kind.RATIO, options={"over": "physicians", "under": "beds"}),
    item(4, "rules", Kind.MATRIX, section="二", options=RULES),
    item(5, "rates", Kind.MATRIX, section="二", required=False, options=RATES),
    item(6, "share", Kind.RATIO, section="二", unit="%", options={"over": "beds", "under": "x"}),
]


def sheet(**answers: str) -> Sheet:
    """A sheet with answers by key; ``__`` stands for the dot."""
    by_key = {one.key: one.id for one in ITEMS}
    rows = []
    for name, value in answers.items():
        key, _, cell = name.partition("__")
        number = Decimal(value) if value.replace(".", "").isdigit() else None
        rows.append(
            SurveyAnswer(
                item_id=by_key[key], cell=cell.replace("__", "."), value=value, number=number
            )
        )
    return Sheet(ITEMS, rows)


def items_of(found: list[SurveyItem]) -> list[str]:
    return [one.key for one in found]


def test_each_field_has_its_key_and_a_name_fit_for_an_id() -> None:
    known = {one.key: one.name for one in sheet().by_name.values()}
    assert known["beds"] == "a1"
    assert known["rules.archives.revised_year"] == "a4-archives-revised_year"
    assert "per_bed" not in known
    assert "rates.last.rate" not in known


def test_items_stand_on_the_pages_of_their_section() -> None:
    assert [(one.number, one.title, len(one.items)) for one in sheet().sections] == [
        (1, "一", 3),
        (2, "二", 3),
    ]


@pytest.mark.parametrize(
    ("answers", "per_bed"),
    [
        ({"beds": "20", "physicians": "7"}, Decimal("0.35")),
        ({"beds": "3", "physicians": "1"}, Decimal("0.33")),
        ({"beds": "0", "physicians": "7"}, None),
        ({"beds": "20"}, None),
    ],
)
def test_ratio_is_computed_where_both_parts_are_known(
    answers: dict[str, str], per_bed: Decimal | None
) -> None:
    assert sheet(**answers).figures.get("per_bed") == per_bed


def test_rate_inside_a_matrix_is_a_percentage() -> None:
    one = sheet(rates__last__due="8", rates__last__passed="7")
    assert one.figures["rates.last.rate"] == Decimal("87.50")
    rate = one.fields[5][2]
    assert one.words(rate) == "87.5%"


@pytest.mark.parametrize(
    ("answers", "answered"),
    [
        ({}, False),
        ({"rules__archives__established": "yes"}, False),
        ({"rules__archives__established": "no", "rules__finance__established": "no"}, True),
        ({"rules__archives__established": "yes", "rules__finance__established": "no"}, False),
        (
            {
                "rules__archives__established": "yes",
                "rules__archives__revised_year": "2019",
                "rules__finance__established": "no",
            },
            True,
        ),
    ],
)
def test_rule_that_is_not_there_needs_no_year(answers: dict[str, str], answered: bool) -> None:
    assert sheet(**answers).is_answered(ITEMS[3]) is answered


@pytest.mark.parametrize(
    ("answers", "answered"),
    [
        ({"rates__last__due": "0"}, True),
        ({"rates__last__due": "5"}, False),
        ({"rates__last__due": "5", "rates__last__passed": "0"}, True),
    ],
)
def test_year_without_candidates_needs_no_number_of_passes(
    answers: dict[str, str], answered: bool
) -> None:
    assert sheet(**answers).is_answered(ITEMS[4]) is answered


def test_note_stands_in_for_a_figure_that_nobody_can_give() -> None:
    said = SurveyAnswer(item_id=1, cell="", value="", note="军队医院不提供")
    one = Sheet(ITEMS, [said])
    assert one.is_answered(ITEMS[0])
    assert items_of(one.required_missing()) == ["physicians", "rules"]


def test_progress_counts_what_can_be_filled_in() -> None:
    whole = sheet(beds="20").progress()
    assert (whole.done, whole.total, whole.required_missing) == (1, 4, 2)


@pytest.mark.parametrize(
    ("answers", "section", "key"),
    [
        ({}, 1, "beds"),
        ({"beds": "1"}, 1, "physicians"),
        ({"beds": "1", "physicians": "1"}, 2, "rules"),
        (
            {
                "beds": "1",
                "physicians": "1",
                "rules__archives__established": "no",
                "rules__finance__established": "no",
            },
            2,
            "rates",
        ),
    ],
)
def test_resuming_leads_to_the_first_unanswered_item(
    answers: dict[str, str], section: int, key: str
) -> None:
    found, first = sheet(**answers).first_open()
    assert first is not None
    assert (found.number, first.key) == (section, key)


def test_emptied_answer_counts_as_none() -> None:
    assert not sheet(beds="").is_answered(ITEMS[0])
    assert sheet(beds="").values == {}
