"""What people type into the sheet, and what is kept of it."""

from datetime import date
from decimal import Decimal

import pytest

from portal.models import SurveyItem, SurveyItemKind
from portal.policies.survey_sheet import Field
from portal.policies.survey_values import parse

TODAY = date(2021, 3, 15)
Kind = SurveyItemKind


def field(kind: Kind, unit: str = "") -> Field:
    options = {"choices": [["a", "甲"], ["b", "乙"]]} if kind is Kind.CHOICE else {}
    item = SurveyItem(id=1, key="x", kind=kind, label="某项", unit=unit, options=options)
    return Field(item, kind, "某项", unit)


@pytest.mark.parametrize(
    ("typed", "unit", "kept"),
    [
        ("120", "张", "120"),
        ("１２０", "张", "120"),
        (" 1 2 0 ", "张", "120"),
        ("12,345", "人次", "12345"),
        ("１２，３４５", "人次", "12345"),
        ("1,234,567", "人次", "1234567"),
        ("120张", "张", "120"),
        ("3.5", "万元", "3.5"),
        ("3.50", "万元", "3.5"),
        ("0.92", "", "0.92"),
        ("0", "人", "0"),
        ("2.1万", "人次", "21000"),
        ("2.1万人次", "人次", "21000"),
        ("12.5万元", "万元", "12.5"),
        ("2019", "年", "2019"),
        ("2019年", "年", "2019"),
    ],
)
def test_figure_is_read_as_people_type_it(typed: str, unit: str, kept: str) -> None:
    parsed = parse(field(Kind.NUMBER, unit), typed, today=TODAY)
    assert (parsed.error, parsed.value, parsed.number) == ("", kept, Decimal(kept))


@pytest.mark.parametrize("typed", ["85", "85%", "８５％", "百分之85", "85.0"])
def test_percentage_is_read_with_and_without_its_sign(typed: str) -> None:
    parsed = parse(field(Kind.PERCENT, "%"), typed, today=TODAY)
    assert (parsed.value, parsed.number) == ("85", Decimal(85))


@pytest.mark.parametrize(
    ("kind", "unit", "typed", "sentence"),
    [
        (Kind.NUMBER, "人", "很多", "不是数字"),
        (Kind.NUMBER, "人", "1,23", "不是数字"),
        (Kind.NUMBER, "人", "12或13", "不是数字"),
        (Kind.NUMBER, "人", "1e5", "不是数字"),
        (Kind.NUMBER, "人", "-3", "不能是负数"),
        (Kind.NUMBER, "人", "－3", "不能是负数"),
        (Kind.NUMBER, "人", "3.5", "应为整数"),
        (Kind.NUMBER, "张", "9" * 12, "数字太大"),
        (Kind.NUMBER, "张", "9" * 40, "不是数字"),
        (Kind.NUMBER, "", "0.12345", "四位小数"),
        (Kind.NUMBER, "年", "19", "四位年份"),
        (Kind.NUMBER, "年", "2022", "四位年份"),
        (Kind.PERCENT, "%", "120", "0 到 100"),
        (Kind.PERCENT, "%", "2万", "不是数字"),
        (Kind.YES_NO, "", "maybe", "请从选项中选择"),
        (Kind.CHOICE, "", "丙", "请从选项中选择"),
        (Kind.DATE, "", "2021-02-30", "请填写日期"),
        (Kind.DATE, "", "去年", "请填写日期"),
        (Kind.DATE, "", "2021-03-16", "不能晚于今天"),
        (Kind.LINE, "", "字" * 201, "最多 200 个字"),
        (Kind.TEXT, "", "字" * 5001, "最多 5000 个字"),
    ],
)
def test_impossible_answer_is_told_why(kind: Kind, unit: str, typed: str, sentence: str) -> None:
    parsed = parse(field(kind, unit), typed, today=TODAY)
    assert sentence in parsed.error
    assert (parsed.value, parsed.number) == ("", None)


@pytest.mark.parametrize("typed", ["2019-03-05", "2019年3月5日", "2019.3.5", "2019/03/05"])
def test_day_is_read_as_people_write_it(typed: str) -> None:
    assert parse(field(Kind.DATE), typed, today=TODAY).value == "2019-03-05"


@pytest.mark.parametrize("kind", [Kind.NUMBER, Kind.YES_NO, Kind.DATE, Kind.TEXT])
def test_blank_empties_a_field(kind: Kind) -> None:
    parsed = parse(field(kind), " \r\n ", today=TODAY)
    assert (parsed.error, parsed.value, parsed.number) == ("", "", None)


def test_long_text_keeps_its_lines_and_a_short_one_has_one() -> None:
    assert parse(field(Kind.TEXT), "一\r\n二", today=TODAY).value == "一\n二"
    assert parse(field(Kind.LINE), "一\r\n二", today=TODAY).value == "一 二"


@pytest.mark.parametrize(
    ("options", "unit", "typed", "sentence"),
    [
        ({}, "张", "3.5", "应为整数"),
        ({"average": True}, "张", "3.5", ""),
        ({"max": 100}, "分", "100.5", "最多 100分"),
        ({"max": 100}, "分", "100", ""),
    ],
)
def test_figure_keeps_to_what_its_item_allows(
    options: dict[str, object], unit: str, typed: str, sentence: str
) -> None:
    one = field(Kind.NUMBER, unit)
    one.item.options = options
    error = parse(one, typed, today=TODAY).error
    assert sentence in error if sentence else not error
