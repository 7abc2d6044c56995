"""Assessments at every stage, brought there by the services.

Every judged item is scored with full points by both sides and the reviewer, unless ``scores``
(code → points as text) says otherwise.
"""

from collections.abc import Mapping
from decimal import Decimal

from portal.extensions import db
from portal.models import Assessment, AssessmentScore, ItemMode, Pairing, Side, User
from portal.policies.assessments import scoring_side
from portal.services import assessment_reviews, assessments, first_run
from portal.services.sheet_entries import ReviewEntry, SelfEntry
from tests.factories.scenes import Scene

YEAR = 2020
Scores = Mapping[str, str]


def actor_of(scene: Scene, side: Side) -> User:
    """The coordinator of one side."""
    supporting = side is Side.SUPPORTING
    return scene.supporting_coordinator if supporting else scene.supported_coordinator


def score_of(assessment: Assessment, code: str) -> AssessmentScore:
    """The row of one leaf, by its code."""
    return next(score for score in assessment.scores if score.item.code == code)


def points_for(score: AssessmentScore, scores: Scores) -> Decimal:
    """What a judged leaf is given."""
    return Decimal(scores.get(score.item.code, score.item.points))


def self_assessing(scene: Scene, *, pairing: Pairing | None = None, year: int = YEAR) -> Assessment:
    """An assessment just opened by the centre."""
    if scene.programme.scheme is None:
        scene.programme.scheme = first_run.load_scheme()
    (assessment,) = assessments.open_assessments(
        scene.programme, [pairing or scene.pairing], year=year, actor=scene.centre
    )
    return assessment


def fill_self(scene: Scene, assessment: Assessment, side: Side, scores: Scores) -> None:
    """Score every item of one side."""
    assessments.save_self(
        assessment,
        {
            score.item_id: SelfEntry(points_for(score, scores), "自评说明")
            for score in assessment.scores
            if scoring_side(score.item) is side
        },
        actor=actor_of(scene, side),
    )


def one_side_submitted(scene: Scene, side: Side = Side.SUPPORTING) -> Assessment:
    """An assessment that waits for the other side only."""
    assessment = self_assessing(scene)
    fill_self(scene, assessment, side, {})
    assessments.submit_self(assessment, actor=actor_of(scene, side))
    return assessment


def submitted(scene: Scene, *, scores: Scores | None = None) -> Assessment:
    """An assessment that both sides have handed in."""
    assessment = self_assessing(scene)
    for side in Side:
        fill_self(scene, assessment, side, scores or {})
        assessments.submit_self(assessment, actor=actor_of(scene, side))
    return assessment


def in_review(
    scene: Scene, *, scores: Scores | None = None, expert: User | None = None
) -> Assessment:
    """An assessment with frozen figures; ``expert`` is assigned to it."""
    assessment = submitted(scene, scores=scores)
    assessment_reviews.start_review(assessment, actor=scene.centre)
    if expert:
        assessment_reviews.assign_expert(assessment, expert, actor=scene.centre)
    return assessment


def reviewed(scene: Scene, *, scores: Scores | None = None) -> Assessment:
    """An assessment whose every judged item has its reviewer's score."""
    assessment = in_review(scene, scores=scores)
    assessment_reviews.save_review(
        assessment,
        {
            score.item_id: ReviewEntry(points_for(score, scores or {}))
            for score in assessment.scores
            if score.item.mode is ItemMode.JUDGED
        },
        actor=scene.centre,
    )
    return assessment


def provisional(scene: Scene, *, scores: Scores | None = None) -> Assessment:
    """An assessment whose provisional result both hospitals see."""
    assessment = reviewed(scene, scores=scores)
    assessment_reviews.issue_provisional(assessment, actor=scene.centre)
    return assessment


def appealed(scene: Scene) -> Assessment:
    """A provisional result that the supported side appeals against."""
    assessment = provisional(scene)
    assessments.appeal(assessment, reason="会议次数少计一次。", actor=scene.supported_coordinator)
    return assessment


def final_assessment(scene: Scene, *, scores: Scores | None = None) -> Assessment:
    """An assessment published by the commission."""
    assessment = provisional(scene, scores=scores)
    assessment_reviews.publish(assessment, actor=scene.commission)
    db.session.flush()
    return assessment
