"""Yearly assessments on the workbench."""

from typing import Any

import sqlalchemy as sa

from portal.models import (
    Assessment,
    AssessmentState,
    SelfSubmission,
    User,
)
from portal.policies.scope import judged_by, visible_pairings
from portal.queries.workbench.items import (
    Item,
    day_of,
    own_side,
    pairing_name,
    rows_with_hospitals,
)

COLUMNS = (Assessment.id, Assessment.year, Assessment.state, Assessment.state_since)
WITH = {
    AssessmentState.SUBMITTED: "省中心评审",
    AssessmentState.REVIEW: "省中心评审",
    AssessmentState.PROVISIONAL: "省卫健委审定",
    AssessmentState.APPEAL: "省中心答复申诉",
}


def _items(kind: str, verb: str, *conditions: Any) -> list[Item]:
    rows = rows_with_hospitals(COLUMNS, Assessment, *conditions, order=Assessment.state_since)
    return [_item(row, kind, f"{row.year} 年度考核：{verb}", tone="accent") for row in rows]


def _item(row: Any, kind: str, title: str, **more: Any) -> Item:
    return Item(
        kind,
        title,
        pairing_name(row),
        day_of(row.state_since),
        "assessments.show_assessment",
        {"assessment_id": row.id},
        **more,
    )


def to_fill(viewer: User) -> list[Item]:
    """Return the self-assessments the viewer's side has not handed in."""
    handed_in = sa.exists().where(
        SelfSubmission.assessment_id == Assessment.id, SelfSubmission.side == own_side(viewer)
    )
    return _items(
        "考核待自评",
        "填写并提交自评",
        visible_pairings(viewer),
        Assessment.state == AssessmentState.SELF_ASSESSMENT,
        ~handed_in,
    )


def to_review(viewer: User) -> list[Item]:
    """Return the assessments the centre must review, or whose appeal it must answer."""
    waiting = Assessment.state.in_([AssessmentState.SUBMITTED, AssessmentState.REVIEW])
    appealed = Assessment.state == AssessmentState.APPEAL
    seen = visible_pairings(viewer)
    return [
        *_items("考核待评审", "评审打分", seen, waiting),
        *_items("申诉待答复", "答复申诉", seen, appealed),
    ]


def to_publish(viewer: User) -> list[Item]:
    """Return the provisional results the commission can make final."""
    provisional = Assessment.state == AssessmentState.PROVISIONAL
    return _items("考核待定稿", "审定并发布成绩", visible_pairings(viewer), provisional)


def assigned(viewer: User) -> list[Item]:
    """Return the assessments in review that were given to an expert."""
    in_review = Assessment.state == AssessmentState.REVIEW
    return _items("考核待评分", "专家评分", judged_by(viewer), in_review)


def with_others(viewer: User) -> list[Item]:
    """Return the assessments that lie with the province."""
    rows = rows_with_hospitals(
        COLUMNS,
        Assessment,
        visible_pairings(viewer),
        Assessment.state.in_(list(WITH)),
        order=Assessment.state_since,
    )
    return [
        _item(row, row.state.label, f"{row.year} 年度考核", waits_for=WITH[row.state])
        for row in rows
    ]
