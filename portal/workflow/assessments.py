"""The steps of a year's assessment, and what each still waits for.

self_assessment → submitted → review → provisional → (appeal → review | provisional) → final
"""

from portal import clock
from portal.models import Assessment, AssessmentScore, AssessmentState, ItemMode, Side
from portal.policies import assessments as policies
from portal.workflow.engine import Step, Workflow

S = AssessmentState


def scores_in_order(assessment: Assessment) -> list[AssessmentScore]:
    """Return the scored leaves in the order of the scheme."""
    return sorted(assessment.scores, key=lambda score: score.item.position)


def missing_for_self(assessment: Assessment, side: Side) -> list[str]:
    """Return a sentence for each item that ``side`` still has to score."""
    return [
        f"{score.item.code} {score.item.title}：还没有自评得分"
        for score in scores_in_order(assessment)
        if policies.scoring_side(score.item) is side and score.self_score is None
    ]


def missing_for_submission(assessment: Assessment) -> list[str]:
    """Return a sentence for each side that has not handed in its self-assessment."""
    return [
        f"{side.label}{assessment.pairing.organisation_on(side).short_name}尚未提交自评"
        for side in Side
        if assessment.submission_of(side) is None
    ]


def missing_for_review(assessment: Assessment) -> list[str]:
    """Figures can be frozen only once their cut-off day has come."""
    if clock.today() >= assessment.cutoff_on:
        return []
    return [f"考核截止日为 {assessment.cutoff_on.isoformat()}，截止日之前不能冻结台账数据"]


def missing_for_result(assessment: Assessment) -> list[str]:
    """Return a sentence for each judged item without a reviewer's score."""
    return [
        f"{score.item.code} {score.item.title}：还没有评审得分"
        for score in scores_in_order(assessment)
        if score.item.mode is ItemMode.JUDGED
        and score.review_score is None
        and not score.not_applicable
    ]


ASSESSMENT: Workflow[Assessment] = Workflow(
    "assessment",
    "该年度考核",
    (
        Step(
            "submit",
            "提交自评",
            "双方自评已全部提交",
            frozenset({S.SELF_ASSESSMENT}),
            S.SUBMITTED,
            may=policies.can_self_assess,
            missing=missing_for_submission,
            tone="accent",
        ),
        Step(
            "return_self",
            "退回自评",
            "退回自评",
            frozenset({S.SUBMITTED}),
            S.SELF_ASSESSMENT,
            may=policies.can_manage,
            comment_required=True,
            tone="warning",
        ),
        Step(
            "start_review",
            "开始评审",
            "开始评审，冻结台账数据",
            frozenset({S.SUBMITTED}),
            S.REVIEW,
            may=policies.can_manage,
            missing=missing_for_review,
            tone="info",
        ),
        Step(
            "issue_provisional",
            "出具初评结果",
            "出具初评结果",
            frozenset({S.REVIEW}),
            S.PROVISIONAL,
            may=policies.can_manage,
            missing=missing_for_result,
            tone="accent",
        ),
        Step(
            "appeal",
            "提出申诉",
            "提出申诉",
            frozenset({S.PROVISIONAL}),
            S.APPEAL,
            may=policies.can_appeal,
            comment_required=True,
            tone="warning",
        ),
        Step(
            "uphold",
            "答复申诉",
            "答复申诉，维持初评结果",
            frozenset({S.APPEAL}),
            S.PROVISIONAL,
            may=policies.can_manage,
            comment_required=True,
            tone="info",
        ),
        Step(
            "review_again",
            "答复申诉",
            "答复申诉，重新评审",
            frozenset({S.APPEAL}),
            S.REVIEW,
            may=policies.can_manage,
            comment_required=True,
            tone="info",
        ),
        Step(
            "publish",
            "发布最终结果",
            "发布最终结果",
            frozenset({S.PROVISIONAL}),
            S.FINAL,
            may=policies.can_publish,
            tone="success",
        ),
    ),
)
