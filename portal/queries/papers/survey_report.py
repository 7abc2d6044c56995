"""实地调研报告 as facts (domain-facts §12.2)."""

from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import clock
from portal.extensions import db
from portal.models import (
    Side,
    SiteSurvey,
    SurveyItem,
    SurveyItemKind,
    SurveyPhoto,
    SurveyState,
)
from portal.policies.survey_sheet import PERCENT, Sheet
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
from portal.queries.surveys import findings_of

NOT_IN_HEAD = frozenset({"", "%", "年"})
"""Units that a column's head does not name: a percentage carries its own, a year needs none."""


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
    return [
        Found(
            number=str(number),
            area=one.area.label,
            severity=one.severity.label,
            title=one.title,
            description=one.description,
            need=one.need,
        )
        for number, one in enumerate(findings_of(survey), 1)
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
    sheet = Sheet(survey.template.items, survey.answers)
    made: list[SheetSection] = []
    for section in sheet.sections:
        said = [answer for item in section.items for answer in _answers(sheet, item)]
        tables = [_matrix(sheet, item) for item in section.items if _is_table(sheet, item)]
        if said or tables:
            numeral = numeral_of(len(made) + 1)
            made.append(
                SheetSection(numeral=numeral, title=section.title, answers=said, tables=tables)
            )
    return made


def _is_table(sheet: Sheet, item: SurveyItem) -> bool:
    return item.kind is SurveyItemKind.MATRIX and sheet.has_answers(item)


def _answers(sheet: Sheet, item: SurveyItem) -> list[Answer]:
    """Return the answer of an item that is no table, and what was noted beside any; or none."""
    value, note = "", sheet.note(item)
    if item.kind is not SurveyItemKind.MATRIX:
        field = sheet.fields[item.id][0]
        value = sheet.words(field)
        if value and field.unit != PERCENT:
            value += field.unit
    return [Answer(label=item.label, value=value, note=note)] if value or note else []


def _matrix(sheet: Sheet, item: SurveyItem) -> Table:
    """Return a table as it was filled in, computed columns included; heads name the units."""
    rows = sheet.rows(item)
    heads = [
        field.column_label if field.unit in NOT_IN_HEAD else f"{field.column_label}（{field.unit}）"
        for field in rows[0]
    ]
    cells = [[row[0].row_label, *(sheet.words(field) for field in row)] for row in rows]
    return table_of(["项目", *heads], cells, title=item.label)
