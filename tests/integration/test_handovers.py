"""What is open with somebody, and moving it to another person."""

from datetime import date
from typing import Any

import pytest
import time_machine

from portal import clock
from portal.errors import Rejected, StaleEdit
from portal.extensions import db
from portal.models import (
    ExpertAssignment,
    Handover,
    Role,
    TaskState,
    User,
)
from portal.queries import handovers as queries
from portal.queries.open_work import OpenThing, open_work_of, tasks_left_behind
from portal.services import assessment_reviews, tasks
from tests.factories import Scene, make_scene, make_user
from tests.factories.assessments import final_assessment, self_assessing
from tests.factories.groups import complete_group
from tests.factories.meetings import planned_meeting
from tests.factories.plans import completed_plan, plan_in_force
from tests.factories.tasks import make_task
from tests.support.handovers import events_of, experts, give, keys_of, plan_of, staff, task_of
from tests.support.queries import count_queries


@pytest.fixture(autouse=True)
def _in_the_first_year() -> Any:
    with time_machine.travel("2021-03-15T09:00:00+08:00"):
        yield


def moving(user: User) -> list[OpenThing]:
    return [thing for thing in open_work_of(user) if thing.moves]


def test_list_holds_the_tasks_in_hand_by_due_date(session: Any) -> None:
    scene = make_scene()
    owner = scene.supported_contributor
    late = task_of(scene, owner, due_on=date(2031, 1, 1))
    soon = task_of(scene, owner, due_on=date(2030, 1, 1))
    task_of(scene, owner, state=TaskState.CLOSED)
    task_of(scene, staff(scene))
    assert [thing.number for thing in moving(owner)] == [soon.code, late.code]
    thing = moving(owner)[0]
    assert (thing.kind, thing.where, thing.due_on) == (
        "受援方责任人",
        scene.pairing.title,
        date(2030, 1, 1),
    )
    assert thing.light is soon.light_on(clock.today())


def test_tasks_of_a_completed_plan_are_not_open(session: Any) -> None:
    scene = make_scene()
    task = make_task(completed_plan(scene.pairing, scene))
    task.supporting_owner = scene.supporting_contributor
    db.session.flush()
    assert open_work_of(scene.supporting_contributor) == []


def test_list_tells_of_meetings_groups_and_the_post_without_moving_them(session: Any) -> None:
    scene = make_scene()
    plan_of(scene)
    planned_meeting(scene)
    group = complete_group(scene.pairing)
    member = next(one for one in group.members if one.side.value == "supported")
    chief = scene.supported_coordinator
    chief.name = member.name
    db.session.flush()
    told = [thing for thing in open_work_of(chief) if not thing.moves]
    kinds = {thing.kind for thing in told}
    assert "领导小组" in kinds
    assert all(thing.note for thing in told)
    meetings = [thing for thing in told if thing.endpoint == "meetings.show_meeting"]
    assert len(meetings) == len({str(thing.values) for thing in meetings}), "listed twice"


def test_expert_has_the_assessments_still_to_be_scored(session: Any) -> None:
    scene = make_scene()
    assessment = self_assessing(scene)
    assessment_reviews.assign_expert(assessment, scene.expert, actor=scene.centre)
    (thing,) = open_work_of(scene.expert)
    assert (thing.kind, thing.where, thing.moves) == ("考核评审", scene.pairing.title, True)


def test_final_assessment_is_open_with_nobody(session: Any) -> None:
    scene = make_scene()
    assessment = final_assessment(scene)
    assessment.experts.append(
        ExpertAssignment(
            user_id=scene.expert.id, assigned_by_id=scene.centre.id, assigned_at=clock.now()
        )
    )
    db.session.flush()
    assert open_work_of(scene.expert) == []


def test_list_asks_a_fixed_number_of_queries(session: Any) -> None:
    scene = make_scene()
    for _ in range(3):
        task_of(scene, scene.supported_contributor)
    with count_queries() as few:
        open_work_of(scene.supported_contributor)
    for _ in range(12):
        task_of(scene, scene.supported_contributor)
    session.expire_all()
    scene.supported_contributor.organisation  # noqa: B018  (loaded again outside the count)
    with count_queries() as many:
        open_work_of(scene.supported_contributor)
    many.at_most(len(few))


def test_hospital_knows_nothing_of_what_its_new_colleague_left_elsewhere(session: Any) -> None:
    scene = make_scene()
    giver = scene.supported_contributor
    task = task_of(scene, giver)
    key = keys_of(giver)[0]
    giver.organisation = scene.foreign.supported
    colleague = make_user(Role.CONTRIBUTOR, scene.foreign.supported)
    db.session.flush()
    people = queries.people_with_tasks(viewer=scene.foreign_leader)
    assert {user.id: tasks for user, tasks, _ in people}[giver.id] == 0
    assert open_work_of(giver) == []
    assert tasks_left_behind(giver) == 1
    with pytest.raises(StaleEdit):
        give(scene, giver, colleague, keys=[key], actor=scene.foreign_leader)
    assert task.supported_owner is giver
    tasks.assign_owners(
        task,
        supporting_owner=None,
        supported_owner=scene.supported_leader,
        actor=scene.supported_coordinator,
    )
    assert tasks_left_behind(giver) == 0


def test_hospital_knows_nothing_of_what_its_new_colleague_judged_as_an_expert(
    session: Any,
) -> None:
    scene = make_scene()
    experts(scene)
    scene.expert.role, scene.expert.organisation = Role.CONTRIBUTOR, scene.foreign.supported
    db.session.flush()
    assert open_work_of(scene.expert) == []


def test_hand_over_moves_every_ticked_task_and_keeps_the_list(session: Any) -> None:
    scene = make_scene()
    giver, receiver = scene.supported_contributor, staff(scene, name="符接手")
    first = task_of(scene, giver, due_on=date(2030, 1, 1))
    second = task_of(scene, giver)
    stays = task_of(scene, giver, due_on=date(2032, 1, 1))
    ticked = keys_of(giver)[:2]
    made = give(scene, giver, receiver, keys=ticked, reason=" 轮岗 ")
    assert (first.supported_owner, second.supported_owner) == (receiver, receiver)
    assert stays.supported_owner is giver
    assert [item["number"] for item in made.items] == [first.code, second.code]
    assert made.items[0]["due_on"] == "2030-01-01"
    assert made.items[0]["state"] == "未启动"
    assert (made.reason, made.organisation_id) == ("轮岗", giver.organisation_id)
    assert made.people["to"]["name"] == "符接手"
    assert made.people["by"]["role"] == "基地负责人"
    for task in (first, second):
        event = events_of("task", task.id)[-1]
        assert (event.title, event.comment) == ("工作交接", "轮岗")
        assert event.details == [["受援方责任人", f"{giver.name} → 符接手"]]
        assert event.actor_id == scene.supported_leader.id
    assert events_of("task", stays.id) == []
    assert events_of("user", giver.id)[-1].title == "移交工作"
    assert events_of("user", receiver.id)[-1].title == "接手工作"


def test_sheet_keeps_the_names_of_its_day(session: Any) -> None:
    scene = make_scene()
    giver, receiver = scene.supported_contributor, staff(scene)
    task = task_of(scene, giver)
    made = give(scene, giver, receiver)
    before = (dict(made.people["from"]), dict(made.items[0]))
    giver.name, task.title = "改了的名", "改了的任务"
    db.session.flush()
    assert (made.people["from"], made.items[0]) == before


def test_task_in_review_moves_with_the_rest(session: Any) -> None:
    scene = make_scene()
    giver, receiver = scene.supported_contributor, staff(scene)
    task = task_of(scene, giver, state=TaskState.CLOSURE_REQUESTED)
    give(scene, giver, receiver)
    assert task.supported_owner is receiver
    assert task.state is TaskState.CLOSURE_REQUESTED


def test_second_hand_over_of_the_same_list_is_refused_and_changes_nothing(session: Any) -> None:
    scene = make_scene()
    giver, first, second = scene.supported_contributor, staff(scene), staff(scene)
    task = task_of(scene, giver)
    keys = keys_of(giver)
    give(scene, giver, first, keys=keys)
    with pytest.raises(StaleEdit, match="清单已有变化"):
        give(scene, giver, second, keys=keys)
    assert task.supported_owner is first
    assert session.query(Handover).count() == 1


def foreign_task(scene: Scene) -> str:
    task = make_task(plan_in_force(scene.foreign, scene))
    task.supporting_owner = scene.foreign_coordinator
    db.session.flush()
    return f"task-{task.id}-supporting"


@pytest.mark.parametrize("key", ["task-999999-supported", "expert-1", "nonsense", "foreign"])
def test_nothing_that_is_not_on_the_list_can_be_slipped_in(session: Any, key: str) -> None:
    scene = make_scene()
    giver = scene.supported_contributor
    task = task_of(scene, giver)
    slipped = foreign_task(scene) if key == "foreign" else key
    with pytest.raises(StaleEdit):
        give(scene, giver, staff(scene), keys=[*keys_of(giver), slipped])
    assert task.supported_owner is giver


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"reason": " "}, "reason"), ({"keys": []}, "items")],
)
def test_hand_over_without_reason_or_list_is_refused(
    session: Any, changed: dict[str, Any], field: str
) -> None:
    scene = make_scene()
    task_of(scene, scene.supported_contributor)
    with pytest.raises(Rejected) as refusal:
        give(scene, scene.supported_contributor, staff(scene), **changed)
    assert list(refusal.value.fields) == [field]
