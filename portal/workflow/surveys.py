"""A survey: planned → in the field → report → confirmed by both; back to the field, called off."""

from dataclasses import dataclass

from portal.models import Side, SiteSurvey, SurveyState
from portal.policies.survey_sheet import Sheet
from portal.policies.surveys import (
    can_conduct,
    can_confirm,
    can_fill,
    can_send_back,
    can_write_report,
)
from portal.workflow.engine import Step, Workflow

NAMED = 3
"""So many unanswered items of a part of the sheet are named; of more, their number is told."""


@dataclass(frozen=True)
class Gap:
    """What a report lacks: in words, as how many things it counts, and where it is mended.

    ``place`` is a part of the sheet by its number, or the plan of the visit, or the report.
    """

    text: str
    count: int = 1
    place: int | str = ""


PLAN, REPORT = "plan", "report"


def gaps_before_report(survey: SiteSurvey) -> list[Gap]:
    """Return what the report still lacks before both leaders are asked (§12.2).

    A line for each part of the sheet; together they count every item that must be answered.
    """
    sheet = Sheet(survey.template.items, survey.answers)
    unanswered = {item.id for item in sheet.required_missing()}
    gaps = []
    for section in sheet.sections:
        labels = [f"“{item.label}”" for item in section.items if item.id in unanswered]
        if labels:
            more = f"等 {len(labels)} 项" if len(labels) > NAMED else ""
            text = f"{section.title}：填写{'、'.join(labels[:NAMED])}{more}，或在说明中写明原因"
            gaps.append(Gap(text, len(labels), section.number))
    for part, whole in sheet.above_whole():
        text = f"核对“{part.label}”：不能多于“{whole.label}”"
        gaps.append(Gap(text, place=sheet.section_of(part).number))
    if not survey.departments:
        gaps.append(Gap("登记走访的科室", place=PLAN))
    for department in survey.departments:
        if not department.seen_on or not department.note:
            gaps.append(Gap(f"补填“{department.name}”的走访日期和走访记录", place=PLAN))
    if not survey.summary:
        gaps.append(Gap("填写调研小结", place=REPORT))
    return gaps


def missing_for_report(survey: SiteSurvey) -> list[str]:
    """Return the same in words."""
    return [gap.text for gap in gaps_before_report(survey)]


def missing_for_confirmed(survey: SiteSurvey) -> list[str]:
    """Return which side's leader has not confirmed."""
    return [
        f"{survey.pairing.organisation_on(side).short_name}负责人确认"
        for side in Side
        if survey.confirmation_of(side) is None
    ]


WORKFLOW: Workflow[SiteSurvey] = Workflow(
    "survey",
    "实地调研",
    (
        Step(
            "start",
            "开始调研",
            "开始实地调研",
            frozenset({SurveyState.PLANNED}),
            SurveyState.IN_FIELD,
            may=can_conduct,
            tone="info",
        ),
        Step(
            "send_report",
            "提交报告",
            "提交调研报告，请双方确认",
            frozenset({SurveyState.IN_FIELD}),
            SurveyState.REPORT_DRAFT,
            may=can_write_report,
            missing=missing_for_report,
            tone="info",
        ),
        Step(
            "send_back",
            "退回补充调研",
            "退回补充调研",
            frozenset({SurveyState.REPORT_DRAFT}),
            SurveyState.IN_FIELD,
            may=can_send_back,
            comment_required=True,
            tone="warning",
        ),
        Step(
            "confirm",
            "确认报告",
            "双方已确认调研报告",
            frozenset({SurveyState.REPORT_DRAFT}),
            SurveyState.CONFIRMED,
            may=can_confirm,
            missing=missing_for_confirmed,
            tone="success",
        ),
        Step(
            "cancel",
            "取消调研",
            "取消实地调研",
            frozenset({SurveyState.PLANNED, SurveyState.IN_FIELD}),
            SurveyState.CANCELLED,
            may=can_fill,
            comment_required=True,
        ),
    ),
)
