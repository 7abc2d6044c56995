"""Who moved to the other side of the table judges no more: experts, reviewers, publishers."""

from typing import Any

import pytest

from portal.errors import Forbidden, NotVisible, Rejected
from portal.extensions import db
from portal.models import Assessment, Organisation, Role, StoredFile, User
from portal.policies import assessments as policies
from portal.policies.files import visible_files
from portal.queries.assessments import get_assessment
from portal.queries.workbench.assessments import assigned
from portal.services import assessment_reviews as reviews
from tests.factories import Scene, make_scene
from tests.factories import assessments as made
from tests.factories.evidence import evidence_for
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


def moved_to(user: User, role: Role, organisation: Organisation | None) -> User:
    user.role, user.organisation = role, organisation
    db.session.flush()
    return user


@pytest.mark.parametrize(
    ("employer", "judges"),
    [("nowhere", True), ("foreign", True), ("supporting", False), ("supported", False)],
)
def test_an_expert_judges_only_while_in_neither_hospital(
    scene: Scene, employer: str, judges: bool
) -> None:
    plan = plan_in_force(scene.pairing, scene)
    proof = evidence_for(make_task(plan), by=scene.supported_coordinator).evidence.file
    assessment = made.in_review(scene, expert=scene.expert)
    places = {
        "nowhere": None,
        "foreign": scene.foreign.supporting,
        "supporting": scene.pairing.supporting,
        "supported": scene.pairing.supported,
    }
    expert = moved_to(scene.expert, Role.EXPERT, places[employer])
    assert policies.is_assigned(expert, assessment) is judges
    assert policies.sees_review(expert, assessment) is judges
    assert bool(policies.can_review(expert, assessment)) is judges
    assert bool(assigned(expert)) is judges
    files = db.session.scalars(db.select(StoredFile).where(visible_files(expert))).all()
    assert files == ([proof] if judges else [])
    if judges:
        assert get_assessment(assessment.id, viewer=expert) is assessment
        reviews.save_review(assessment, {}, actor=expert)
        return
    with pytest.raises(NotVisible):
        get_assessment(assessment.id, viewer=expert)
    with pytest.raises(Forbidden):
        reviews.save_review(assessment, {}, actor=expert)


def test_a_disabled_expert_judges_no_more(scene: Scene) -> None:
    assessment = made.in_review(scene, expert=scene.expert)
    scene.expert.is_active = False
    assert not policies.is_assigned(scene.expert, assessment)
    assert not policies.can_review(scene.expert, assessment)


@pytest.mark.parametrize(
    ("who", "manages"),
    [
        ("centre", True),
        ("other_centre", True),
        ("supporting_coordinator", False),
        ("supported_coordinator", False),
        ("supporting_leader", True),
        ("foreign_coordinator", True),
    ],
)
def test_who_handed_in_does_not_review_from_the_centre(
    scene: Scene, who: str, manages: bool
) -> None:
    assessment = made.in_review(scene)
    user = moved_to(getattr(scene, who), Role.CENTRE_REVIEWER, scene.centre.organisation)
    assert bool(policies.can_manage(user, assessment)) is manages
    assert bool(policies.can_review(user, assessment)) is manages
    if manages:
        reviews.save_review(assessment, {}, actor=user)
        return
    for step in (save_review, start_review, issue_provisional, assign_expert):
        with pytest.raises(Forbidden):
            step(assessment, scene, user)


def save_review(assessment: Assessment, scene: Scene, actor: User) -> None:
    reviews.save_review(assessment, {}, actor=actor)


def start_review(assessment: Assessment, scene: Scene, actor: User) -> None:
    reviews.start_review(assessment, actor=actor)


def issue_provisional(assessment: Assessment, scene: Scene, actor: User) -> None:
    reviews.issue_provisional(assessment, actor=actor)


def assign_expert(assessment: Assessment, scene: Scene, actor: User) -> None:
    reviews.assign_expert(assessment, scene.expert, actor=actor)


def test_who_handed_in_is_neither_an_expert_of_the_sheet_nor_publishes_it(scene: Scene) -> None:
    assessment = made.provisional(scene)
    expert = moved_to(scene.supporting_coordinator, Role.EXPERT, None)
    with pytest.raises(Rejected):
        reviews.assign_expert(assessment, expert, actor=scene.centre)
    officer = moved_to(
        scene.supported_coordinator, Role.COMMISSION_OFFICER, scene.commission.organisation
    )
    with pytest.raises(Forbidden):
        reviews.publish(assessment, actor=officer)
    reviews.publish(assessment, actor=scene.commission)
