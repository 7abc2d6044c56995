"""The gap table 对照差距表: each baseline figure beside the standards it is measured by."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Area, Comparison, Pairing, Problem, SiteSurvey, Standard, User
from portal.policies.gaps import (
    Figure,
    Judgement,
    Verdict,
    applies,
    demand_of,
    judge,
    measured,
    standard_key,
)
from portal.policies.survey_sheet import Field, Sheet, plain
from portal.queries.surveys import get_survey

TITLE_LENGTH = 100


@dataclass(frozen=True)
class GapFilter:
    """What the address asks for.

    ``only`` are the standards chosen where editions disagree; ``foreign`` also shows those for
    other kinds of bases.
    """

    edition: str = ""
    verdict: Verdict | None = None
    only: frozenset[int] = frozenset()
    foreign: bool = False


@dataclass(frozen=True)
class Measure:
    """One standard beside the figure: what it demands, and how the figure stands to it."""

    standard: Standard
    judgement: Judgement
    applies: bool

    @property
    def demand(self) -> str:
        """What the standard demands, in words."""
        return demand_of(self.standard)


@dataclass(frozen=True)
class GapLine:
    """One field with its measures; ``hidden`` counts the editions not shown for a choice."""

    field: Field
    said: str
    measures: list[Measure]
    hidden: int
    problems: list[Problem]


@dataclass(frozen=True)
class GapTable:
    """The lines by area (None: the hospital as a whole), and how many measures of each verdict."""

    survey: SiteSurvey
    groups: list[tuple[Area | None, list[GapLine]]]
    counts: dict[Verdict, int]
    editions: list[str]
    unverified: int
    foreign: int


def gap_table(survey: SiteSurvey, wanted: GapFilter = GapFilter()) -> GapTable:
    """Return the gap table of a survey that was loaded in scope with its sheet: three queries."""
    sheet = _sheet_of(survey)
    standards = _standards()
    problems = _problems_of(survey)
    kinds = {base.kind.value for base in survey.pairing.supported.bases}
    by_key: dict[str, list[Standard]] = {}
    for standard in standards:
        by_key.setdefault(standard.key, []).append(standard)
    lines = [
        _line(sheet, one, by_key.get(standard_key(one), []), kinds, wanted, problems)
        for one in _fields_of(sheet)
    ]
    shown = [line for line in lines if line.measures]
    measures = [measure for line in shown for measure in line.measures]
    places: list[Area | None] = [None, *Area]
    return GapTable(
        survey=survey,
        groups=[(place, _in_area(shown, place, wanted)) for place in places],
        counts={
            one: sum(m.judgement.verdict is one for m in measures if m.applies) for one in Verdict
        },
        editions=list(dict.fromkeys(standard.edition for standard in standards)),
        unverified=sum(not measure.standard.verified for measure in measures),
        foreign=_foreign(standards, lines, kinds),
    )


def _foreign(standards: Sequence[Standard], lines: Sequence[GapLine], kinds: set[str]) -> int:
    """Count the standards for other kinds of bases."""
    keys = {standard_key(line.field) for line in lines}
    return sum(one.key in keys and not applies(one.base_kinds, kinds) for one in standards)


def _in_area(lines: Sequence[GapLine], place: Area | None, wanted: GapFilter) -> list[GapLine]:
    return [
        line
        for line in lines
        if line.field.item.area is place
        and (
            wanted.verdict is None
            or any(one.judgement.verdict is wanted.verdict for one in line.measures)
        )
    ]


def _sheet_of(survey: SiteSurvey) -> Sheet:
    return Sheet(survey.template.items, survey.answers)


def _fields_of(sheet: Sheet) -> list[Field]:
    return [field for item in sheet.items for field in sheet.fields[item.id]]


def _said(sheet: Sheet, one: Field) -> str:
    """Return what was answered, in words with its unit; empty where nothing was."""
    figure = Figure.of(sheet, one)
    if figure.number is not None:
        return measured(plain(figure.number), one.unit)
    return sheet.words(one)


def _line(
    sheet: Sheet,
    one: Field,
    standards: Sequence[Standard],
    kinds: set[str],
    wanted: GapFilter,
    problems: Sequence[Problem],
) -> GapLine:
    """Return one field with the standards asked for."""
    offered = [
        standard
        for standard in standards
        if (wanted.foreign or applies(standard.base_kinds, kinds))
        and wanted.edition in ("", standard.edition)
    ]
    chosen = [standard for standard in offered if standard.id in wanted.only] or offered
    figure = Figure.of(sheet, one)
    return GapLine(
        one,
        _said(sheet, one),
        [
            Measure(standard, judge(standard, figure), applies(standard.base_kinds, kinds))
            for standard in chosen
        ],
        hidden=len(offered) - len(chosen),
        problems=[problem for problem in problems if problem.item_id == one.item.id],
    )


def _standards() -> Sequence[Standard]:
    return db.session.scalars(sa.select(Standard).order_by(Standard.position, Standard.id)).all()


def _problems_of(survey: SiteSurvey) -> Sequence[Problem]:
    """Return the problems that were found at an item of ``survey``."""
    return db.session.scalars(
        sa.select(Problem)
        .where(Problem.survey_id == survey.id, Problem.item_id.is_not(None))
        .order_by(Problem.number)
    ).all()


@dataclass(frozen=True)
class ProblemHint:
    """What the form of a new problem opens with, taken from the survey."""

    survey: SiteSurvey
    field: Field | None
    title: str = ""
    description: str = ""
    goal: str = ""
    there: Sequence[Problem] = ()
    """The problems that were written down of the same item already."""

    @property
    def area(self) -> Area | None:
        """The area of the item."""
        return self.field.item.area if self.field else None


def problem_hint(
    pairing: Pairing,
    survey_id: int,
    *,
    item_id: int | None,
    cell: str,
    standard_id: int | None,
    viewer: User,
) -> ProblemHint:
    """Return what the survey says about the problem that is to be written down.

    Raises NotVisible for a survey of another pairing, or an item or cell that its sheet has not.
    """
    survey = get_survey(survey_id, viewer=viewer, visit=False)
    if survey.pairing_id != pairing.id:
        raise NotVisible()
    if item_id is None:
        return ProblemHint(survey, None)
    sheet = _sheet_of(survey)
    one = _field_in(_fields_of(sheet), item_id, cell)
    said = _said(sheet, one)
    there = [problem for problem in _problems_of(survey) if problem.item_id == one.item.id]
    standard = db.session.get(Standard, standard_id) if standard_id else None
    if standard is None or standard.key != standard_key(one):
        description = f"{one.label}：{said}。" if said else ""
        return ProblemHint(survey, one, description=description, there=there)
    return ProblemHint(survey, one, **_words(one, said or "未填报", standard), there=there)


def _field_in(fields: Collection[Field], item_id: int, cell: str) -> Field:
    """Return the field asked for; without a cell, the first of the item."""
    for one in fields:
        if one.item.id == item_id and cell in ("", one.cell):
            return one
    raise NotVisible()


def _words(one: Field, said: str, standard: Standard) -> dict[str, Any]:
    """Return the problem in words, with the edition that demands it named."""
    demand = demand_of(standard)
    present = standard.comparison is Comparison.PRESENT
    title = (
        f"未达到“{standard.title}”的要求"
        if present
        else f"{standard.title}未达标：现有{said}，标准{demand}"
    )
    mark = "" if standard.verified else "（标准未核实）"
    return {
        "title": title[:TITLE_LENGTH],
        "description": f"{one.label}：{said}。\n"
        f"对照{standard.edition}：{standard.title}{demand}{mark}。\n依据：{standard.source}。",
        "goal": standard.title if present else f"{standard.title}{demand}。",
    }
