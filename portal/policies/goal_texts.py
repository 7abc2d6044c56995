"""The goals and figures of one area as text, for amendments and versions, and read from it.

A figure is one line, its parts parted by bars: 床位数 | 张 | 12 | 20 | 25 | 30, which is name,
unit, baseline, then one target for each year. What is not known stays empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from portal.models import Area, GoalFigure, Plan
from portal.policies.field_text import cleaned
from portal.policies.goal_figures import (
    MAX_FIGURES,
    NAME_LENGTH,
    UNIT_LENGTH,
    read_number,
    show_number,
)

AREA = "area"
FIGURES = "figures"
GOAL_LENGTH = 1000
FIGURE_FORM = "指标 | 单位 | 基线值 | 各年目标值"


@dataclass(frozen=True)
class FigureEntry:
    """One figure as it was typed."""

    name: str
    unit: str
    baseline: Decimal | None
    targets: dict[str, str]


def goal_key(year: int) -> str:
    """Return the name under which the goal of ``year`` stands."""
    return f"goal-{year}"


def goal_labels(years: Sequence[int]) -> dict[str, str]:
    """Return the names of an area's goals and figures with what they are called."""
    return {**{goal_key(year): f"第{year}年目标" for year in years}, FIGURES: "量化目标"}


def goal_texts(plan: Plan, area: Area) -> dict[str, str]:
    """Return what ``plan`` says about ``area``: its goal by year and its figures."""
    years = plan.pairing.programme.years
    written = {goal.year: goal.goal for goal in plan.goals if goal.area is area}
    figures = [one for one in plan.figures if one.area is area]
    return {
        **{goal_key(year): written.get(year, "") for year in years},
        FIGURES: "\n".join(show_figure(one, years) for one in figures),
    }


def show_figure(figure: GoalFigure, years: Sequence[int]) -> str:
    """Return one figure as a line that :func:`read_figures` reads back."""
    baseline = show_number(figure.baseline)
    targets = [show_number(figure.targets.get(str(year))) for year in years]
    return " | ".join([_bare(figure.name), _bare(figure.unit), baseline, *targets]).rstrip(" |")


def _bare(text: str) -> str:
    """Return ``text`` without the bars that would part it."""
    return text.replace("|", "/").replace("｜", "/")


def read_goals(
    texts: dict[str, str], years: Sequence[int]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the texts of an area as they are kept, and the sentences of those that are wrong."""
    kept = {name: cleaned(texts.get(name, "")) for name in goal_labels(years)}
    wrong = {
        name: f"最多 {GOAL_LENGTH} 个字，现有 {len(text)} 个字。"
        for name, text in kept.items()
        if name != FIGURES and len(text) > GOAL_LENGTH
    }
    try:
        figures = read_figures(kept[FIGURES], years)
        kept[FIGURES] = "\n".join(_line(one, years) for one in figures)
    except ValueError as refusal:
        wrong[FIGURES] = str(refusal)
    return kept, wrong


def read_figures(text: str, years: Sequence[int]) -> list[FigureEntry]:
    """Read figures, one for each line. Raises ValueError with a sentence for each wrong line."""
    lines = [line for line in cleaned(text).splitlines() if line.strip()]
    if len(lines) > MAX_FIGURES:
        raise ValueError(f"最多 {MAX_FIGURES} 项指标，现有 {len(lines)} 项。")
    found, wrong = [], []
    for at, line in enumerate(lines, 1):
        try:
            found.append(_read_line(at, line, years))
        except ValueError as refusal:
            wrong.append(str(refusal))
    if wrong:
        raise ValueError("".join(wrong))
    names = [one.name for one in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"指标“{twice}”写了两次。")
    return found


def _read_line(at: int, line: str, years: Sequence[int]) -> FigureEntry:
    parts = [part.strip() for part in line.replace("｜", "|").split("|")]
    most = 3 + len(years)
    if len(parts) > most:
        raise ValueError(f"第 {at} 行多于 {most} 栏，应为：{FIGURE_FORM}。")
    # Words and numbers parted by spaces only would all become the name.
    if len(parts) == 1:
        raise ValueError(f"第 {at} 行没有用“|”分栏，应为：{FIGURE_FORM}。")
    parts += [""] * (most - len(parts))
    name, unit, baseline, *targets = parts
    if not name or len(name) > NAME_LENGTH or len(unit) > UNIT_LENGTH:
        raise ValueError(f"第 {at} 行应先写指标名称（{NAME_LENGTH} 字以内）和单位。")
    numbers = [_number(at, part) for part in (baseline, *targets)]
    if all(number is None for number in numbers):
        raise ValueError(f"第 {at} 行没有数值，至少写基线值或一年的目标值。")
    return FigureEntry(
        name,
        unit,
        numbers[0],
        {
            str(year): show_number(number)
            for year, number in zip(years, numbers[1:], strict=True)
            if number is not None
        },
    )


def _number(at: int, text: str) -> Decimal | None:
    try:
        return read_number(text)
    except ValueError as refusal:
        raise ValueError(f"第 {at} 行的“{text}”：{refusal}") from None


def figure_rows(text: str, years: Sequence[int]) -> list[list[str]] | None:
    """Return a text of figures as rows of cells, for a table; None where it does not read so."""
    most = 3 + len(years)
    rows = [[part.strip() for part in line.split("|")] for line in text.splitlines()]
    if any(len(row) > most for row in rows):
        return None
    return [row + [""] * (most - len(row)) for row in rows]


def figure_head(years: Sequence[int]) -> list[str]:
    """Return the headings over :func:`figure_rows`."""
    return ["指标", "单位", "基线值", *(f"第{year}年" for year in years)]


def compare_figures(
    before: str, after: str, years: Sequence[int]
) -> list[tuple[str, list[str]]] | None:
    """Return each figure with what happens to it: 新增, 修改为, 删除, or 不变.

    The old line stands above one that is changed. None where a text does not read as figures.
    """
    old, new = figure_rows(before, years), figure_rows(after, years)
    if old is None or new is None:
        return None
    was, now = {row[0]: row for row in old}, {row[0]: row for row in new}
    found: list[tuple[str, list[str]]] = []
    for row in new:
        if row[0] not in was:
            found.append(("新增", row))
        elif was[row[0]] == row:
            found.append(("不变", row))
        else:
            found += [("原", was[row[0]]), ("改为", row)]
    return found + [("删除", row) for row in old if row[0] not in now]


def _line(one: FigureEntry, years: Sequence[int]) -> str:
    baseline = show_number(one.baseline)
    parts = [one.name, one.unit, baseline, *(one.targets.get(str(year), "") for year in years)]
    return " | ".join(parts).rstrip(" |")
