"""What somebody types into a field of the sheet, made into what is kept, or a sentence why not."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portal.models import SurveyItemKind
from portal.plain_text import printable
from portal.policies.survey_sheet import Field, plain

Kind = SurveyItemKind
LINE_LENGTH, TEXT_LENGTH, NOTE_LENGTH = 200, 5000, 500
LARGEST = Decimal(1_000_000_000)
WHOLE_UNITS = frozenset({"人", "人次", "张", "间", "次", "个", "轮"})
"""What is counted one by one."""
YEAR = "年"
FIRST_YEAR = 1980
TEN_THOUSAND = "万"

_PLAIN = re.compile(r"\d+(\.\d+)?")
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_DATE = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?")


@dataclass(frozen=True)
class Parsed:
    """What is kept of a field; ``error`` says why nothing is."""

    value: str = ""
    number: Decimal | None = None
    error: str = ""


def parse(field: Field, text: str, *, today: date) -> Parsed:
    """Return what ``text`` means for ``field``. Blank empties it; nothing is guessed."""
    text = printable(text).replace("\r\n", "\n").strip()
    if not text:
        return Parsed()
    if field.kind in (Kind.NUMBER, Kind.PERCENT):
        return _figure(field, text, today)
    if field.kind in (Kind.YES_NO, Kind.CHOICE):
        known = text in field.choices
        return Parsed(text) if known else Parsed(error="请从选项中选择。")
    if field.kind is Kind.DATE:
        return _day(text, today)
    limit = TEXT_LENGTH if field.kind is Kind.TEXT else LINE_LENGTH
    if len(text) > limit:
        return Parsed(error=f"最多 {limit} 个字，现有 {len(text)} 个字。")
    return Parsed(text if field.kind is Kind.TEXT else " ".join(text.split()))


def _figure(field: Field, text: str, today: date) -> Parsed:
    """Read a figure as people type it: full-width digits, commas, a unit or 万 behind it."""
    typed = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    if typed.startswith(("-", "−")):
        return Parsed(error="不能是负数。")
    if field.kind is Kind.PERCENT:
        typed = typed.removeprefix("百分之").removesuffix("%")
    elif field.unit:
        typed = typed.removesuffix(field.unit)
    times = 1
    if field.kind is Kind.NUMBER and typed.endswith(TEN_THOUSAND) and field.unit != YEAR:
        typed, times = typed.removesuffix(TEN_THOUSAND), 10_000
    if not (_PLAIN.fullmatch(typed) or _GROUPED.fullmatch(typed)) or len(typed) > 30:
        return Parsed(error=f"“{text[:30]}”不是数字，请只填阿拉伯数字。")
    number = Decimal(typed.replace(",", "")) * times
    if error := _fault(field, number, today):
        return Parsed(error=error)
    return Parsed(plain(number), number)


def _fault(field: Field, number: Decimal, today: date) -> str:
    """Return why a figure cannot be, or nothing."""
    whole = number == number.to_integral_value()
    if field.kind is Kind.PERCENT and number > 100:
        return "百分比应在 0 到 100 之间。"
    if field.unit == YEAR and not (whole and FIRST_YEAR <= number <= today.year):
        return f"请填写四位年份，{FIRST_YEAR} 至 {today.year}。"
    if field.unit in WHOLE_UNITS and not whole and not field.item.options.get("average"):
        return f"单位是“{field.unit}”，应为整数。"
    if (most := field.item.options.get("max")) is not None and number > most:
        return f"最多 {most}{field.unit}。"
    if number >= LARGEST:
        return "数字太大，请核对单位。"
    if number != round(number, 4):
        return "最多保留四位小数。"
    return ""


def _day(text: str, today: date) -> Parsed:
    """Read a day of the past, as a date field or a hand writes it."""
    found = _DATE.fullmatch(re.sub(r"\s", "", unicodedata.normalize("NFKC", text)))
    try:
        day = date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        day = None
    if day is None:
        return Parsed(error="请填写日期，例如 2019-03-05。")
    if day > today:
        return Parsed(error="日期不能晚于今天。")
    return Parsed(day.isoformat())
