"""Reading what people type into a field of a plan: dates, months, weights, lists, steps.

Generous with how it is written (2020/5/1, 2020年5月1日, 20200501, full-width digits), strict about
what it means. Every reader takes trimmed text that is not empty and raises ValueError with a
Chinese sentence.
"""

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from portal.clock import add_months
from portal.models import Area, Weight
from portal.plain_text import printable

_DAY = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?")
_TIME = re.compile(r"[T\s]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?$")
_PACKED_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})月?(底|末|初)?")
_RELATIVE = re.compile(
    r"(?:开始后|启动后|起始后|生效后)?(?:第|M|\+)?(\d{1,2})(?:个月)?(?:内|底|末|前)?"
)
_RELATIVE_SIGNS = re.compile(r"个月|^M|^\+|^第")
_NUMBERING = re.compile(r"^[(（]?\d{1,2}(?:[)）、]|[.．](?!\d))\s*|^[①-⑳]\s*")
_STEP_DAY = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
    r"|\d{4}年\d{1,2}月(?:\d{1,2}日|[底末初])?"
    r"|\d{8}|\d{4}[-/.]\d{1,2}(?![\d])"
    r"|(?:开始后|启动后)?第?\d{1,2}个月(?:内|底|末|前)?|M\d{1,2}(?!\d)|\+\d{1,2}(?!\d)"
)
_AREA_NUMBER = re.compile(r"^[(（]?[A-E①②③④⑤一二三四五1-5][)）、.．\s]*(?=.)")
_LINE_END = re.compile(r"[\r\n；;]+")
_NUMERALS = dict(zip("一二三四五六七八九", range(1, 10), strict=True))
_AREA_MARKS = dict(zip("ABCDE①②③④⑤一二三四五12345", [*range(1, 6)] * 4, strict=True))
_WEIGHTS = {
    **{member.value: int(member.value) for member in Weight},
    **{member.label: int(member.value) for member in Weight},
    "核心任务": 3,
    "重点任务": 2,
    "一般任务": 1,
}
MAX_MONTHS = 60

NOT_A_DAY = "看不出是哪一天，请写成 2020-05-22，或写“第6个月”。"


@dataclass(frozen=True)
class Months:
    """A month counted from a start, whole: the first month ends the day before a month later."""

    count: int

    def begins(self, start: date) -> date:
        """Return the first day of the month."""
        return add_months(start, self.count - 1)

    def ends(self, start: date) -> date:
        """Return the last day of the month: month 12 of 2020-05-22 ends on 2021-05-21."""
        return add_months(start, self.count) - timedelta(days=1)


@dataclass(frozen=True)
class ReadStep:
    """A milestone as it was typed: its title, and a day or a month from the task's start."""

    title: str
    due: date | Months


def cleaned(text: str) -> str:
    """Return ``text`` without space around it and control characters, its line ends alike."""
    return printable(text).replace("\r\n", "\n").replace("\r", "\n").strip(" \t\n　\xa0")


def heading_key(heading: str) -> str:
    """Return what tells a heading from others: no space, no marks, full-width alike."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", heading))
    return re.sub(r"[(（].*[)）]$", "", plain).strip("*:：")


def plain(text: str, limit: int) -> str:
    """Return the text as it is, refusing more than ``limit`` characters."""
    if len(text) > limit:
        raise ValueError(f"最多 {limit} 个字，现有 {len(text)} 个字。")
    return text


def area(text: str) -> Area:
    """Read one of the five areas: its name, its short name, its number or its letter."""
    word = _narrow(text)
    stripped = _AREA_NUMBER.sub("", text.strip()).strip()
    for member in Area:
        if {word, stripped} & {member.label, member.short, member.value}:
            return member
    if number := _AREA_MARKS.get(text.strip().upper()) or _AREA_MARKS.get(word.upper()):
        return next(member for member in Area if member.number == number)
    raise ValueError(f"没有这个领域，应为：{'、'.join(member.label for member in Area)}。")


def weight(text: str) -> int:
    """Read a weight: 核心 重点 一般, or 3 2 1."""
    found = _WEIGHTS.get(_narrow(text).removesuffix(".0").removesuffix("级"))
    if found is None:
        raise ValueError("权重应为核心、重点或一般（也可写 3、2、1）。")
    return found


def year(text: str, most: int) -> int:
    """Read a year of the plan: 第1年, 第一年, 1."""
    word = re.sub(r"^第|年度?$", "", _narrow(text)).removesuffix(".0")
    number = _NUMERALS.get(word) or (int(word) if re.fullmatch(r"\d{1,2}", word) else 0)
    if not 1 <= number <= most:
        raise ValueError("年度应写成“第1年”“第2年”“第3年”。")
    return number


def day(text: str, *, at_end: bool) -> date | Months:
    """Read a day, a whole month or a month counted from a start.

    ``at_end`` says which day of a whole month is meant: the last for a due date.
    """
    word = _narrow(_TIME.sub("", unicodedata.normalize("NFKC", text).strip()))
    if found := _DAY.fullmatch(word) or _PACKED_DAY.fullmatch(word):
        return _date(*map(int, found.groups()[:3]))
    if found := _MONTH.fullmatch(word):
        return _month(int(found[1]), int(found[2]), at_end=found[3] != "初" and at_end)
    if (found := _RELATIVE.fullmatch(word.upper())) and _RELATIVE_SIGNS.search(word.upper()):
        return _months(int(found[1]))
    raise ValueError(NOT_A_DAY)


def lines(text: str, most: int, length: int) -> tuple[str, ...]:
    """Read a list, one entry for each line or semicolon; numbers before them are dropped."""
    found = [_NUMBERING.sub("", part.strip()).strip() for part in _LINE_END.split(text)]
    found = [part for part in found if part]
    if len(found) > most:
        raise ValueError(f"最多 {most} 项，现有 {len(found)} 项。")
    for at, part in enumerate(found, 1):
        if len(part) > length:
            raise ValueError(f"第 {at} 项最多 {length} 个字，现有 {len(part)} 个字。")
    return tuple(found)


def steps(text: str, most: int, length: int) -> tuple[ReadStep, ...]:
    """Read milestones, one for each line: a day (or 第3个月) before or after what is reached."""
    found = []
    for at, line in enumerate(lines(text, most, length + 30), 1):
        plain_line = unicodedata.normalize("NFKC", line)
        mark = _STEP_DAY.search(plain_line)
        if mark is None:
            raise ValueError(f"第 {at} 个节点没有日期，请写成“2020-08-31 完成选址”。")
        title = _title_around(line, plain_line, mark)
        if not title:
            raise ValueError(f"第 {at} 个节点只有日期，请写明要完成什么。")
        try:
            found.append(ReadStep(plain(title, length), day(mark[0], at_end=True)))
        except ValueError as refusal:
            raise ValueError(f"第 {at} 个节点：{refusal}") from None
    return tuple(found)


def _title_around(line: str, plain_line: str, mark: re.Match[str]) -> str:
    """Return what stands beside the day; as typed where narrowing moved no place."""
    source = line if len(line) == len(plain_line) else plain_line
    rest = f"{source[: mark.start()]} {source[mark.end() :]}"
    rest = re.sub(r"[(（\[【]\s*[)）\]】]", " ", rest)
    return re.sub(r"^[\s:：,，、-]+|[\s:：,，、-]+$", "", rest)


def _narrow(text: str) -> str:
    """Return the text with narrow digits and marks, without space."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _date(year: int, month: int, day: int) -> date:
    """Return the day, or a sentence where the calendar has none."""
    if not 2000 <= year <= 2100:
        raise ValueError(f"{year} 年不在合理范围内，请核对年份。")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"日历上没有 {year} 年 {month} 月 {day} 日，请核对。") from None


def _month(year: int, month: int, *, at_end: bool) -> date:
    """Return the first or last day of a month."""
    first = _date(year, month, 1)
    return first.replace(day=calendar.monthrange(year, month)[1]) if at_end else first


def _months(count: int) -> Months:
    """Return a month counted from a start, within reason."""
    if not 1 <= count <= MAX_MONTHS:
        raise ValueError(f"月数应在 1 到 {MAX_MONTHS} 之间。")
    return Months(count)
