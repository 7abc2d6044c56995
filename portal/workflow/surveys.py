"""A survey: planned → in the field → report → confirmed by both; back to the field, called off."""

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

NAMED = 5
"""So many unanswered items are named; of more, their number is told."""


def missing_for_report(survey: SiteSurvey) -> list[str]:
    """Return what the report still lacks before both leaders are asked (§12.2)."""
    unanswered = Sheet(survey.template.items, survey.answers).required_missing()
    gaps = [f"填写“{item.label}”，或在说明中写明原因" for item in unanswered[:NAMED]]
    if len(unanswered) > NAMED:
        gaps.append(f"另有 {len(unanswered) - NAMED} 项必填内容没有填写")
    if not survey.departments:
        gaps.append("登记走访的科室")
    if not survey.summary:
        gaps.append("填写调研小结")
    return gaps


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
