"""Who may hand over whose work, and to whom."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from portal.errors import Forbidden, NotVisible, Rejected
from portal.extensions import db
from portal.models import (
    Assessment,
    Handover,
    Role,
    User,
)
from portal.policies.accounts import ORGANISATION_OF_ROLE
from portal.queries import handovers as queries
from portal.services import assessment_reviews, users
from tests.factories import Scene, make_organisation, make_scene, make_user
from tests.factories.scenes import PEOPLE
from tests.support.handovers import (
    events_of,
    experts,
    give,
    staff,
    task_of,
)


@pytest.fixture(autouse=True)
def _in_the_first_year() -> Any:
    with time_machine.travel("2021-03-15T09:00:00+08:00"):
        yield


def test_expert_gives_the_sheet_to_another_expert(session: Any) -> None:
    scene = make_scene()
    assessment, other = experts(scene)
    give(scene, scene.expert, other, actor=scene.centre)
    assert [one.user_id for one in assessment.experts] == [other.id]
    event = events_of("assessment", assessment.id)[-1]
    assert event.title == "更换评审专家"
    assert other.name not in f"{event.comment}{event.details}"


def test_hospital_does_not_read_what_an_expert_of_theirs_judges(session: Any) -> None:
    scene = make_scene()
    _, other = experts(scene)
    scene.expert.organisation = scene.foreign.supported
    made = give(scene, scene.expert, other, actor=scene.centre)
    assert queries.get_handover(made.id, viewer=scene.centre) is made
    with pytest.raises(NotVisible):
        queries.get_handover(made.id, viewer=scene.foreign_leader)
    assert queries.past_handovers(viewer=scene.foreign_leader) == []


def employed_by_a_side(scene: Scene, assessment: Assessment, other: User) -> None:
    other.organisation = scene.pairing.supported


def on_the_list_already(scene: Scene, assessment: Assessment, other: User) -> None:
    assessment_reviews.assign_expert(assessment, other, actor=scene.centre)


@pytest.mark.parametrize(
    ("happen", "says"), [(employed_by_a_side, "不得受聘"), (on_the_list_already, "已在评审名单")]
)
def test_expert_who_may_not_judge_receives_nothing(
    session: Any, happen: Callable[[Scene, Assessment, User], None], says: str
) -> None:
    scene = make_scene()
    assessment, other = experts(scene)
    happen(scene, assessment, other)
    db.session.flush()
    before = {one.user_id for one in assessment.experts}
    with pytest.raises(Rejected) as refusal:
        give(scene, scene.expert, other, actor=scene.centre)
    assert says in refusal.value.fields["items"]
    db.session.rollback()
    assert session.query(Handover).count() == 0
    assert scene.expert.id in before


ALLOWED = {
    # giver's role: who of the scene may hand their work over
    Role.CONTRIBUTOR: {"centre", "other_centre", "security_administrator", "supported_coordinator",
                       "supported_leader"},
    Role.BASE_COORDINATOR: {"centre", "other_centre", "security_administrator",
                            "supported_coordinator", "supported_leader"},
    Role.BASE_LEADER: {"centre", "other_centre", "security_administrator"},
}  # fmt: skip


@pytest.mark.parametrize("role", list(ALLOWED))
def test_only_those_named_hand_over_the_work_of(session: Any, role: Role) -> None:
    scene = make_scene()
    receiver = staff(scene)
    wrong = []
    for person in PEOPLE:
        giver = staff(scene, role)
        task_of(scene, giver)
        actor = getattr(scene, person)
        try:
            give(scene, giver, receiver, actor=actor)
            done = True
        except Forbidden:
            done = False
        if done is not (person in ALLOWED[role]):
            wrong.append(person)
    assert wrong == []


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in ALLOWED and role is not Role.EXPERT]
)
def test_work_of_other_roles_goes_with_the_post(session: Any, role: Role) -> None:
    scene = make_scene()
    kind = ORGANISATION_OF_ROLE.get(role)
    giver = make_user(role, make_organisation(kind) if kind else None)
    with pytest.raises(Forbidden, match="随岗位办理"):
        give(scene, giver, staff(scene), keys=["x"], actor=scene.security_administrator)


def test_coordinator_hands_over_the_own_work(session: Any) -> None:
    scene = make_scene()
    leaving, coming = scene.supported_coordinator, staff(scene, Role.BASE_COORDINATOR)
    task = task_of(scene, leaving)
    made = give(scene, leaving, coming, actor=leaving)
    assert task.supported_owner is coming
    assert made.made_by is leaving


def oneself(scene: Scene) -> User:
    return scene.supported_contributor


def the_actor(scene: Scene) -> User:
    return scene.supported_leader


def another_hospital(scene: Scene) -> User:
    return scene.supporting_contributor


def a_disabled_colleague(scene: Scene) -> User:
    colleague = staff(scene)
    users.disable_account(colleague, reason="退休", actor=scene.centre)
    return colleague


def the_centre(scene: Scene) -> User:
    return scene.other_centre


def an_expert(scene: Scene) -> User:
    return scene.expert


@pytest.mark.parametrize(
    "choose", [oneself, the_actor, another_hospital, a_disabled_colleague, the_centre, an_expert]
)
def test_work_goes_only_to_another_active_person_of_the_hospital(
    session: Any, choose: Callable[[Scene], User]
) -> None:
    scene = make_scene()
    giver = scene.supported_contributor
    task = task_of(scene, giver)
    receiver = choose(scene)
    with pytest.raises(Rejected) as refusal:
        give(scene, giver, receiver)
    assert list(refusal.value.fields) == ["receiver"]
    assert task.supported_owner is giver
    offered = queries.receivers(giver, viewer=scene.supported_leader)
    assert receiver not in offered


def test_work_of_a_disabled_person_can_still_be_handed_over(session: Any) -> None:
    scene = make_scene()
    giver, receiver = scene.supported_contributor, staff(scene)
    task = task_of(scene, giver)
    users.disable_account(giver, reason="离职", actor=scene.centre)
    give(scene, giver, receiver)
    assert task.supported_owner is receiver
