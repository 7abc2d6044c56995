"""实地调研报告 as facts (domain-facts §12.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import clock
from portal.extensions import db
from portal.models import (
    Problem,
    Side,
    SiteSurvey,
    SurveyAnswer,
    SurveyItem,
    SurveyItemKind,
    SurveyPhoto,
    SurveyState,
)
from portal.queries.papers.common import (
    BOTH_SIDES,
    Paper,
    Signature,
    day_of,
    numeral_of,
    paper_of,
    signature_on,
    term_of,
)
from portal.queries.papers.tables import Table, table_of
from portal.queries.papers.telling import Told, paragraphs

YES_NO = {"yes": "是", "no": "否", "true": "是", "false": "否", "1": "是", "0": "否"}


@dataclass(frozen=True)
class Visitor:
    """Somebody of the team."""

    name: Annotated[str, Told("姓名", "王某某")]
    side: Annotated[str, Told("哪一方", "帮扶方")]
    job_title: Annotated[str, Told("职务", "全科专业基地主任")]


@dataclass(frozen=True)
class Seen:
    """A department that was seen."""

    name: Annotated[str, Told("科室", "内科")]
    date: Annotated[str, Told("日期，未填写时为空", "2020年4月28日")]
    note: Annotated[str, Told("所见", "病房与内科混用，无独立标识。")]


@dataclass(frozen=True)
class Answer:
    """One figure or answer of the sheet."""

    label: Annotated[str, Told("项目", "编制床位数")]
    value: Annotated[str, Told("内容（含单位）", "400张")]
    note: Annotated[str, Told("备注", "")]


@dataclass(frozen=True)
class SheetSection:
    """One section of the sheet."""

    numeral: Annotated[str, Told("中文序号", "一")]
    title: Annotated[str, Told("栏目", "医院基本情况")]
    answers: Annotated[list[Answer], Told("各项", 2)]
    tables: Annotated[list[Table], Told("表格", 0)]


@dataclass(frozen=True)
class Found:
    """A problem that was found."""

    number: Annotated[str, Told("序号", "1")]
    area: Annotated[str, Told("帮扶内容", "全科医学科建设")]
    severity: Annotated[str, Told("严重程度", "较重")]
    title: Annotated[str, Told("问题", "全科病房未独立设置")]
    description: Annotated[str, Told("说明", "全科病人收在内科病房。")]
    need: Annotated[str, Told("需求", "设置独立的全科病房")]


@dataclass(frozen=True)
class SurveyReport(Paper):
    """实地调研报告."""

    name: Annotated[str, Told("调研名称", "首次实地调研")]
    is_draft: Annotated[bool, Told("是否尚未经双方确认", False)]
    term: Annotated[str, Told("调研日期", "2020年4月28日至2020年4月29日")]
    sheet: Annotated[str, Told("调研表名称和版次", "全科培训基地基线调研表")]
    visitors: Annotated[list[Visitor], Told("调研组", 2)]
    departments: Annotated[list[Seen], Told("所到科室", 1)]
    summary: Annotated[list[str], Told("总体情况，每段一项", ["受援方重视，但起步较晚。"])]
    sections: Annotated[list[SheetSection], Told("调研数据", [{}, {"numeral": "二"}])]
    problems: Annotated[list[Found], Told("发现的问题", 2)]
    advice: Annotated[list[str], Told("意见和建议，每段一项", ["建议独立设置全科病房。"])]
    photos: Annotated[list[str], Told("现场照片说明", ["全科门诊"])]
    signatures: Annotated[list[Signature], Told("双方确认", BOTH_SIDES)]


def survey_report(survey: SiteSurvey) -> SurveyReport:
    """Return the facts of the survey's report; the caller has loaded ``survey`` in scope."""
    pairing = survey.pairing
    day = clock.local_date(survey.confirmed_at) if survey.confirmed_at else survey.ends_on
    return SurveyReport(
        **paper_of(
            pairing, f"{pairing.supporting.name}赴{pairing.supported.name}实地调研报告", day
        ),
        name=survey.title,
        is_draft=survey.state is not SurveyState.CONFIRMED,
        term=day_of(survey.starts_on)
        if survey.starts_on == survey.ends_on
        else term_of(survey.starts_on, survey.ends_on),
        sheet=survey.template.title,
        visitors=[
            Visitor(name=one.name, side=one.side.label, job_title=one.job_title)
            for one in survey.members
        ],
        departments=[
            Seen(name=one.name, date=day_of(one.seen_on), note=one.note)
            for one in survey.departments
        ],
        summary=paragraphs(survey.summary),
        sections=_sections(survey),
        problems=_problems(survey),
        advice=paragraphs(survey.advice),
        photos=_photos(survey),
        signatures=[signature_on(pairing, side, survey.confirmation_of(side)) for side in Side],
    )


def _problems(survey: SiteSurvey) -> list[Found]:
    found = db.session.scalars(
        sa.select(Problem)
        .where(Problem.survey_id == survey.id, Problem.dismissed_at.is_(None))
        .order_by(Problem.area, Problem.number)
    )
    return [
        Found(
            number=str(number),
            area=one.area.label,
            severity=one.severity.label,
            title=one.title,
            description=one.description,
            need=one.need,
        )
        for number, one in enumerate(found, 1)
    ]


def _photos(survey: SiteSurvey) -> list[str]:
    found = db.session.scalars(
        sa.select(SurveyPhoto)
        .where(SurveyPhoto.survey_id == survey.id, SurveyPhoto.withdrawn_at.is_(None))
        .order_by(SurveyPhoto.id)
        .options(selectinload(SurveyPhoto.item), selectinload(SurveyPhoto.file))
    )
    return [one.caption or (one.item.label if one.item else "") or one.file.name for one in found]


def _sections(survey: SiteSurvey) -> list[SheetSection]:
    """Return what was answered, section by section; what nobody answered is left out."""
    items = db.session.scalars(
        sa.select(SurveyItem)
        .where(SurveyItem.template_id == survey.template_id)
        .order_by(SurveyItem.position)
    ).all()
    answers: dict[int, dict[str, SurveyAnswer]] = {}
    for one in db.session.scalars(
        sa.select(SurveyAnswer).where(SurveyAnswer.survey_id == survey.id)
    ):
        answers.setdefault(one.item_id, {})[one.cell] = one
    made: list[SheetSection] = []
    for title in dict.fromkeys(item.section for item in items):
        own = [item for item in items if item.section == title and answers.get(item.id)]
        said, tables = _answers(own, answers)
        if said or tables:
            numeral = numeral_of(len(made) + 1)
            made.append(SheetSection(numeral=numeral, title=title, answers=said, tables=tables))
    return made


def _answers(
    items: Sequence[SurveyItem], answers: dict[int, dict[str, SurveyAnswer]]
) -> tuple[list[Answer], list[Table]]:
    """Return the single answers and the tables of one section."""
    said, tables = [], []
    for item in items:
        given = answers[item.id]
        if item.kind is SurveyItemKind.MATRIX:
            tables.append(_matrix(item, given))
        elif "" in given and (given[""].value or given[""].note):
            value = _shown(item, given[""].value)
            said.append(Answer(label=item.label, value=value, note=given[""].note))
    return said, tables


def _matrix(item: SurveyItem, given: dict[str, SurveyAnswer]) -> Table:
    options: dict[str, Any] = item.options or {}
    columns, rows = options.get("columns", []), options.get("rows", [])
    cells = [
        [
            label,
            *(
                given[f"{key}.{column}"].value if f"{key}.{column}" in given else ""
                for column, _ in columns
            ),
        ]
        for key, label in rows
    ]
    return table_of(["项目", *(label for _, label in columns)], cells, title=item.label)


def _shown(item: SurveyItem, value: str) -> str:
    """Return an answer as the report prints it, with its unit."""
    if not value:
        return ""
    if item.kind is SurveyItemKind.YES_NO:
        return YES_NO.get(value, value)
    if item.kind is SurveyItemKind.CHOICE:
        return str(dict(item.options or []).get(value, value))
    if item.kind is SurveyItemKind.PERCENT:
        return f"{value}%"
    return f"{value}{item.unit}"
