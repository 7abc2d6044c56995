"""Every step of an assessment: who may take it, from which state, and what it leaves behind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from portal.errors import Forbidden, Rejected, StepRefused
from portal.extensions import db
from portal.models import Assessment, AssessmentState, Event, Side, User
from portal.services import assessment_reviews as reviews
from portal.services import assessments
from tests.factories import assessments as made
from tests.factories import make_scene
from tests.factories.scenes import Scene

S = AssessmentState
HOSPITALS = {
    "supporting_coordinator",
    "supporting_leader",
    "supported_coordinator",
    "supported_leader",
}
CENTRE = {"centre", "other_centre"}
PEOPLE = [
    *("commission", "centre", "other_centre", "city", "expert", "administrator", "auditor"),
    *("supporting_coordinator", "supporting_leader", "supporting_contributor"),
    *("supported_coordinator", "supported_leader", "supported_contributor"),
    *("foreign_coordinator", "foreign_leader"),
]


def both_filled(scene: Scene) -> Assessment:
    """Both sides have scored everything, neither has handed in."""
    assessment = made.self_assessing(scene)
    for side in Side:
        made.fill_self(scene, assessment, side, {})
    return assessment


@dataclass(frozen=True)
class Case:
    """One step: from which stage, how, by whom, and the state that it leads to."""

    start: Callable[[Scene], Assessment]
    act: Callable[[Assessment, User], object]
    allowed: set[str]
    result: AssessmentState
    sources: set[AssessmentState]


CASES = {
    "submit_self": Case(
        both_filled,
        lambda one, who: assessments.submit_self(one, actor=who),
        HOSPITALS,
        S.SELF_ASSESSMENT,
        {S.SELF_ASSESSMENT},
    ),
    "save_self": Case(
        made.self_assessing,
        lambda one, who: assessments.save_self(one, {}, actor=who),
        HOSPITALS,
        S.SELF_ASSESSMENT,
        {S.SELF_ASSESSMENT},
    ),
    "return_self": Case(
        made.submitted,
        lambda one, who: reviews.return_self(one, reason="补充 C2 的落实清单。", actor=who),
        CENTRE,
        S.SELF_ASSESSMENT,
        {S.SUBMITTED},
    ),
    "start_review": Case(
        made.submitted,
        lambda one, who: reviews.start_review(one, actor=who),
        CENTRE,
        S.REVIEW,
        {S.SUBMITTED},
    ),
    "save_review": Case(
        made.in_review,
        lambda one, who: reviews.save_review(one, {}, actor=who),
        CENTRE,
        S.REVIEW,
        {S.REVIEW},
    ),
    "issue_provisional": Case(
        made.reviewed,
        lambda one, who: reviews.issue_provisional(one, actor=who),
        CENTRE,
        S.PROVISIONAL,
        {S.REVIEW},
    ),
    "appeal": Case(
        made.provisional,
        lambda one, who: assessments.appeal(one, reason="会议少计一次。", actor=who),
        HOSPITALS,
        S.APPEAL,
        {S.PROVISIONAL},
    ),
    "uphold": Case(
        made.appealed,
        lambda one, who: reviews.answer_appeal(
            one, reply="经核对，台账无误。", review_again=False, actor=who
        ),
        CENTRE,
        S.PROVISIONAL,
        {S.APPEAL},
    ),
    "review_again": Case(
        made.appealed,
        lambda one, who: reviews.answer_appeal(
            one, reply="同意复核。", review_again=True, actor=who
        ),
        CENTRE,
        S.REVIEW,
        {S.APPEAL},
    ),
    "publish": Case(
        made.provisional,
        lambda one, who: reviews.publish(one, actor=who),
        {"commission"},
        S.FINAL,
        {S.PROVISIONAL},
    ),
}
STAGES: list[Callable[[Scene], Assessment]] = [
    made.self_assessing,
    made.submitted,
    made.in_review,
    made.provisional,
    made.appealed,
    made.final_assessment,
]


def snapshot(assessment: Assessment) -> list[Any]:
    """Everything that a refused step must leave alone."""
    db.session.flush()
    db.session.expire_all()
    return [
        assessment.state,
        assessment.version,
        assessment.total,
        assessment.grade,
        len(assessment.submissions),
        db.session.query(Event).count(),
        [(one.self_score, one.review_score, one.automatic_score) for one in assessment.scores],
    ]


@pytest.mark.parametrize("name", CASES)
def test_nobody_else_takes_the_step_and_nothing_changes(session: Any, name: str) -> None:
    scene, case = make_scene(), CASES[name]
    assessment = case.start(scene)
    before = snapshot(assessment)
    for who in (person for person in PEOPLE if person not in case.allowed):
        with pytest.raises(Forbidden) as refusal:
            case.act(assessment, getattr(scene, who))
        assert refusal.value.sentence.endswith("。"), who
    assert snapshot(assessment) == before


@pytest.mark.parametrize(
    ("name", "who"), [(name, who) for name, case in CASES.items() for who in sorted(case.allowed)]
)
def test_who_may_takes_the_step(session: Any, name: str, who: str) -> None:
    scene, case = make_scene(), CASES[name]
    assessment = case.start(scene)
    case.act(assessment, getattr(scene, who))
    db.session.expire_all()
    assert assessment.state is case.result


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_a_step_from_the_wrong_state_is_refused_and_changes_nothing(
    session: Any, stage: Callable[[Scene], Assessment]
) -> None:
    scene = make_scene()
    assessment = stage(scene)
    before = snapshot(assessment)
    wrong = [case for case in CASES.values() if assessment.state not in case.sources]
    assert wrong
    for case in wrong:
        with pytest.raises(StepRefused) as refusal:
            case.act(assessment, getattr(scene, min(case.allowed)))
        assert assessment.state.label in refusal.value.sentence
    assert snapshot(assessment) == before


@pytest.mark.parametrize(
    ("start", "act", "field"),
    [
        (
            made.submitted,
            lambda one, scene: reviews.return_self(one, reason=" ", actor=scene.centre),
            "return_reason",
        ),
        (
            made.provisional,
            lambda one, scene: assessments.appeal(one, reason="", actor=scene.supported_leader),
            "appeal_reason",
        ),
        (
            made.appealed,
            lambda one, scene: reviews.answer_appeal(
                one, reply="\n", review_again=True, actor=scene.centre
            ),
            "appeal_reply",
        ),
    ],
)
def test_a_step_that_needs_a_reason_is_rejected_beside_its_field(
    session: Any, start: Any, act: Any, field: str
) -> None:
    scene = make_scene()
    assessment = start(scene)
    before = snapshot(assessment)
    with pytest.raises(Rejected) as refusal:
        act(assessment, scene)
    assert set(refusal.value.fields) == {field}
    assert snapshot(assessment) == before
