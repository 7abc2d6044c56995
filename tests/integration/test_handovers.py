"""Handing everything open over from one person to another."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import time_machine

from portal import clock
from portal.errors import Forbidden, NotVisible, Rejected, StaleEdit
from portal.extensions import db
from portal.models import (
    Area,
    Assessment,
    Event,
    ExpertAssignment,
    Handover,
    Role,
    Task,
    TaskState,
    User,
)
from portal.policies.accounts import ORGANISATION_OF_ROLE
from portal.queries import handovers as queries
from portal.queries.open_work import OpenThing, open_work_of, tasks_left_behind
from portal.services import assessment_reviews, handovers, tasks, users
from tests.factories import PASSWORD, Scene, make_organisation, make_scene, make_user
from tests.factories.access import make_handover
from tests.factories.assessments import final_assessment, self_assessing
from tests.factories.groups import complete_group
from tests.factories.meetings import planned_meeting
from tests.factories.plans import completed_plan, plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries

DUE = date(2030, 6, 30)


def staff(scene: Scene, role: Role = Role.CONTRIBUTOR, **named: str) -> User:
    """Somebody more at the supported hospital."""
    return make_user(role, scene.pairing.supported, **named)


def task_of(scene: Scene, owner: User, **state: Any) -> Task:
    """A task of the plan in force, given to ``owner`` on the supported side."""
    task = make_task(plan_of(scene), **{"due_on": DUE, **state})
    task.supported_owner = owner
    db.session.flush()
    return task


def plan_of(scene: Scene) -> Any:
    from portal.models import Plan

    found = db.session.query(Plan).filter_by(pairing_id=scene.pairing_id).one_or_none()
    return found or plan_in_force(scene.pairing, scene)


def keys_of(user: User) -> list[str]:
    return [thing.key for thing in open_work_of(user)]


def moving(user: User) -> list[OpenThing]:
    return [thing for thing in open_work_of(user) if thing.moves]


def events_of(kind: str, number: int) -> list[Event]:
    rows = db.session.query(Event).filter_by(object_type=kind, object_id=number)
    return list(rows.order_by(Event.id))


def give(scene: Scene, giver: User, receiver: User, **changed: Any) -> Handover:
    asked: dict[str, Any] = {
        "keys": keys_of(giver),
        "reason": "调离科教科",
        "actor": scene.supported_leader,
    }
    return handovers.hand_over(giver, receiver, **{**asked, **changed})


# What is open with somebody.


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


# Moving it.


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


# Experts.


def experts(scene: Scene) -> tuple[Assessment, User]:
    assessment = self_assessing(scene)
    assessment_reviews.assign_expert(assessment, scene.expert, actor=scene.centre)
    return assessment, make_user(Role.EXPERT)


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


# Who may.


ALLOWED = {
    # giver's role: who of the scene may hand their work over
    Role.CONTRIBUTOR: {"centre", "other_centre", "security_administrator", "supported_coordinator",
                       "supported_leader"},
    Role.BASE_COORDINATOR: {"centre", "other_centre", "security_administrator",
                            "supported_coordinator", "supported_leader"},
    Role.BASE_LEADER: {"centre", "other_centre", "security_administrator"},
}  # fmt: skip
PEOPLE = (
    "commission",
    "centre",
    "other_centre",
    "city",
    "supporting_coordinator",
    "supporting_leader",
    "supporting_contributor",
    "supported_coordinator",
    "supported_leader",
    "supported_contributor",
    "foreign_coordinator",
    "foreign_leader",
    "expert",
    "administrator",
    "security_administrator",
    "auditor",
)


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


# The pages.


def test_leader_hands_over_a_colleagues_work_in_one_submit_and_gets_the_sheet(
    client: PageClient,
) -> None:
    scene = make_scene()
    giver, receiver = scene.supported_contributor, staff(scene, name="符接手")
    task = task_of(scene, giver)
    client.login(scene.supported_leader, PASSWORD)
    listed = client.get("/handovers")
    assert giver.name in listed.text
    page = client.get(f"/admin/users/{giver.id}/handover")
    boxes = page.select("input[name=items]")
    assert boxes
    assert all(box.has_attr("checked") for box in boxes), "everything is ticked at first"
    values = {"receiver": str(receiver.id), "reason": "调离科教科"}
    done = client.submit(page, "#handover", **values)
    assert done.status == 303
    sheet = client.get(done.location)
    assert sheet.h1 == "工作交接单"
    for word in (giver.name, "符接手", task.title, task.code, "2030-06-30", "监交人", "调离科教科"):
        assert word in sheet.text
    again = client.submit(page, "#handover", **values)
    assert again.location == done.location, "a double click makes one hand-over"
    assert db.session.query(Handover).count() == 1
    assert "第" in client.get("/handovers").one("#past").get_text()


def test_refused_form_keeps_what_was_ticked_and_typed(client: PageClient) -> None:
    scene = make_scene()
    giver = scene.supported_contributor
    first, second = task_of(scene, giver), task_of(scene, giver)
    staff(scene)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/admin/users/{giver.id}/handover")
    kept = f"task-{second.id}-supported"
    refused = client.submit(page, "#handover", reason="轮岗", receiver="", items=[kept])
    assert refused.status == 422
    assert refused.one("#reason")["value"] == "轮岗"
    ticked = [box["value"] for box in refused.select("input[name=items][checked]")]
    assert ticked == [kept]
    assert first.supported_owner is giver


def test_nothing_ticked_is_told_on_the_page(client: PageClient) -> None:
    scene = make_scene()
    giver, receiver = scene.supported_contributor, staff(scene)
    task_of(scene, giver)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/admin/users/{giver.id}/handover")
    values = {"receiver": str(receiver.id), "reason": "轮岗", "items": []}
    refused = client.submit(page, "#handover", **values)
    assert refused.status == 422
    assert "至少勾选一项" in refused.one("#items-error").get_text()


def test_list_that_changed_meanwhile_is_shown_anew(client: PageClient) -> None:
    scene = make_scene()
    giver, receiver = scene.supported_contributor, staff(scene)
    task_of(scene, giver)
    gone = task_of(scene, giver)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/admin/users/{giver.id}/handover")
    gone.supported_owner = receiver
    db.session.flush()
    told = client.submit(page, "#handover", receiver=str(receiver.id), reason="轮岗")
    assert told.status == 409
    assert "清单已有变化" in told.text
    assert told.one("#reason")["value"] == "轮岗"
    assert len(told.select("input[name=items]")) == 1
    assert db.session.query(Handover).count() == 0


def test_receiver_of_another_hospital_cannot_be_chosen(client: PageClient) -> None:
    scene = make_scene()
    giver = scene.supported_contributor
    task = task_of(scene, giver)
    staff(scene)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/admin/users/{giver.id}/handover")
    stranger = str(scene.supporting_contributor.id)
    refused = client.submit(page, "#handover", receiver=stranger, reason="轮岗")
    assert refused.status == 422
    assert task.supported_owner is giver


def test_page_says_when_there_is_nothing_or_nobody(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/admin/users/{scene.supported_contributor.id}/handover"
    assert "没有未办结的事项" in client.get(address).text
    task_of(scene, scene.supported_contributor)
    for user in (scene.supported_leader,):
        user.is_active = False
    db.session.flush()
    assert "没有可以接收的人" in client.get(address).text


def test_coordinator_does_not_hand_over_the_leaders_work(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/admin/users/{scene.supported_leader.id}/handover")
    assert page.status == 403
    assert "省中心或安全管理员" in page.text
    rows = client.get("/handovers").texts("#people tr")
    (told,) = [row for row in rows if "由省中心办理" in row]
    assert scene.supported_leader.name in told


def test_list_of_people_asks_a_fixed_number_of_queries(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supported_leader, PASSWORD)
    for number in range(15):
        task_of(scene, staff(scene), area=list(Area)[number % 5])
    with count_queries() as queries_made:
        client.get("/handovers")
    # The session with its account, the people with their tasks, the hand-overs.
    queries_made.at_most(4)


@pytest.mark.parametrize("person", PEOPLE)
def test_sheet_is_read_by_those_it_concerns(client: PageClient, person: str) -> None:
    scene = make_scene()
    made = make_handover(scene.supported_coordinator, scene.supported_contributor)
    readers = {
        "commission",
        "centre",
        "other_centre",
        "supported_coordinator",
        "supported_leader",
        "supported_contributor",
        "security_administrator",
    }
    client.login(getattr(scene, person), PASSWORD)
    page = client.get(f"/handovers/{made.id}")
    assert page.status == (200 if person in readers else 404)


def test_hospital_keeps_the_sheet_of_someone_who_left_and_the_next_one_does_not_see_it(
    session: Any,
) -> None:
    scene = make_scene()
    made = make_handover(scene.supported_coordinator, scene.supported_contributor)
    for mover in (scene.supported_coordinator, scene.supported_contributor):
        mover.organisation = scene.foreign.supported
    session.flush()
    assert queries.get_handover(made.id, viewer=scene.supported_leader) is made
    with pytest.raises(NotVisible):
        queries.get_handover(made.id, viewer=scene.foreign_leader)


# Beside disabling.


def test_account_page_lists_what_is_open_before_disabling_and_offers_the_hand_over(
    client: PageClient,
) -> None:
    scene = make_scene()
    owner = scene.supported_contributor
    task = task_of(scene, owner)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/admin/users/{owner.id}")
    warned = page.one("#disable")
    assert task.title in warned.get_text()
    assert warned.select_one(f"a[href$='/admin/users/{owner.id}/handover']") is not None
    assert client.submit(page, "#disable", reason="离职").status == 303, "offered, not forced"
    assert task.supported_owner_id == owner.id
    make_handover(owner, scene.supported_leader)
    assert "第" in client.get(f"/admin/users/{owner.id}").one("#handovers").get_text()


def test_security_administrator_reads_numbers_and_no_business(client: PageClient) -> None:
    scene = make_scene()
    owner = scene.supported_contributor
    task = task_of(scene, owner)
    client.login(scene.security_administrator, PASSWORD)
    page = client.get(f"/admin/users/{owner.id}")
    assert "受援方责任人：1 项" in page.one("#disable").get_text()
    assert task.title not in page.text
    assert "请先办理工作交接" in page.one("#details").get_text()
    owner.organisation = scene.foreign.supported
    db.session.flush()
    moved = client.get(f"/admin/users/{owner.id}")
    assert "原单位还有 1 项任务记在本人名下" in moved.text
    assert "未办结的事项" not in moved.one("#details").get_text()


def test_disabled_person_is_offered_nowhere_and_stays_in_the_records(client: PageClient) -> None:
    scene = make_scene()
    owner, colleague = scene.supported_contributor, staff(scene, name="还在的人")
    task = task_of(scene, owner, state=TaskState.IN_PROGRESS)
    users.disable_account(owner, reason="离职", actor=scene.centre)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    offered = [option.get_text() for option in page.select("#owner option")]
    assert any(colleague.name in one for one in offered)
    assert not any(f"{owner.name}（" in one for one in offered)
    assert f"{owner.name}（已停用）" in page.text
    plan = client.get(f"/pairings/{task.pairing_id}/plan")
    assert owner.name in plan.text
    assert owner.name not in " ".join(option.get_text() for option in plan.select("option"))
    assert owner.name in client.get("/handovers").text, "still has work in hand"


def test_disabled_expert_is_not_offered_for_an_assessment(client: PageClient) -> None:
    scene = make_scene()
    assessment, other = experts(scene)
    users.disable_account(other, reason="退休", actor=scene.centre)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/assessments/{assessment.id}")
    assert page.status == 200
    assert other.name not in " ".join(option.get_text() for option in page.select("option"))


def test_nobody_disables_the_own_account(client: PageClient) -> None:
    scene = make_scene()
    keeper = scene.security_administrator
    client.login(keeper, PASSWORD)
    assert client.get(f"/admin/users/{keeper.id}").select("#disable") == []
    assert client.post(f"/admin/users/{keeper.id}/disable", {"reason": "x"}).status == 403
    assert keeper.is_active


@pytest.fixture(autouse=True)
def _in_the_first_year() -> Any:
    with time_machine.travel("2021-03-15T09:00:00+08:00"):
        yield
