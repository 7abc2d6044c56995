"""The leader's decision, and what becomes of the resolutions."""

from datetime import date

import pytest
import sqlalchemy as sa

from portal.errors import Forbidden, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Area,
    Event,
    MeetingState,
    Role,
    Task,
    TaskState,
)
from portal.policies.meetings import whose_turn
from portal.services.minutes import (
    approve_minutes,
    return_minutes,
)
from tests.factories import Scene, make_user
from tests.factories.meetings import (
    approved_meeting,
    days_ago,
    held_meeting,
)
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.meetings import DUE, approve, linked_to, new_task, send, send_back


def test_returned_minutes_say_why_and_whose_turn_it_is(scene: Scene) -> None:
    meeting = held_meeting(scene)
    turn = whose_turn(meeting)
    assert turn is not None
    assert turn.who == "海口帮扶医院负责人批准纪要"
    return_minutes(meeting, reason=" 请补充时限 ", actor=scene.supporting_leader)
    assert meeting.is_returned
    assert meeting.return_reason == "请补充时限"
    turn = whose_turn(meeting)
    assert turn is not None
    assert turn.who == "基地管理员修改纪要"
    send(meeting, scene.supported_coordinator)
    assert (meeting.is_returned, meeting.return_reason) == (False, "")


def test_leader_does_not_approve_or_return_what_they_wrote(scene: Scene) -> None:
    meeting = held_meeting(scene)
    # The coordinator has become the hospital's leader since.
    writer = scene.supporting_coordinator
    writer.role = Role.BASE_LEADER
    db.session.flush()
    for step in (approve, send_back):
        with pytest.raises(Forbidden) as refusal:
            step(meeting, writer)
        assert "由您记录" in refusal.value.sentence
    assert meeting.state is MeetingState.HELD
    colleague = make_user(Role.BASE_LEADER, scene.pairing.supporting)
    approve(meeting, colleague)
    assert meeting.approved_by is colleague


def test_approval_turns_resolutions_into_tasks_and_links_the_others(scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    existing = make_task(plan, state=TaskState.IN_PROGRESS)
    meeting = held_meeting(scene, resolutions=[new_task(), linked_to(existing)])
    made = approve_minutes(meeting, actor=scene.supporting_leader)
    db.session.expire_all()
    (task,) = made
    assert (task.title, task.area, task.due_on, task.criteria) == (
        "设置全科医学科独立病房",
        Area.DEPARTMENT,
        DUE,
        "床位不少于20张。",
    )
    assert [one.name for one in task.requirements] == ["病房设置文件"]
    # Both ways: the resolution knows its task, and the task's history knows the meeting.
    assert [one.task_id for one in meeting.resolutions] == [task.id, existing.id]
    events = db.session.scalars(
        sa.select(Event).where(Event.object_type == "task", Event.action == "resolved")
    )
    assert {(event.object_id, event.title) for event in events} == {
        (task.id, "由会议议定事项生成"),
        (existing.id, "会议议定事项关联本任务"),
    }
    assert (meeting.state, meeting.approved_by, meeting.minutes_number) == (
        MeetingState.APPROVED,
        scene.supporting_leader,
        "〔2021〕1号",
    )
    approval = db.session.scalars(sa.select(Event).where(Event.action == "approve_minutes")).one()
    assert [label for label, _ in approval.details] == ["纪要编号"]
    made = db.session.scalars(sa.select(Event).where(Event.action == "tasks_made")).one()
    assert (made.object_id, made.details) == (
        meeting.id,
        [["生成任务", f"{task.code} {task.title}"]],
    )


def test_approval_is_all_or_nothing(scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    meeting = held_meeting(scene, resolutions=[new_task(), new_task(body="第二项")])
    # The plan's term has been cut since, so the second task no longer fits.
    plan.ends_on = date(2021, 6, 29)
    db.session.flush()
    before = db.session.scalar(sa.select(sa.func.count(Task.id)))
    with pytest.raises(StepRefused):
        approve_minutes(meeting, actor=scene.supporting_leader)
    db.session.expire_all()
    assert (meeting.state, meeting.number, meeting.approved_by_id) == (
        MeetingState.HELD,
        None,
        None,
    )
    assert db.session.scalar(sa.select(sa.func.count(Task.id))) == before


def test_approval_of_an_older_page_is_refused(scene: Scene) -> None:
    meeting = held_meeting(scene)
    for step in (approve_minutes, return_minutes):
        extra = {"reason": "请补充"} if step is return_minutes else {}
        with pytest.raises(StaleEdit):
            step(
                meeting,
                seen_version=meeting.version - 1,
                actor=scene.supporting_leader,
                **extra,  # type: ignore[arg-type]
            )
    assert meeting.state is MeetingState.HELD


def test_minutes_are_numbered_by_pairing_and_year(scene: Scene) -> None:
    numbers = [
        approved_meeting(scene, on=day).minutes_number
        for day in (date(2020, 11, 2), date(2020, 12, 1), date(2021, 1, 5), days_ago(1))
    ]
    assert numbers == ["〔2020〕1号", "〔2020〕2号", "〔2021〕1号", "〔2021〕2号"]
    assert held_meeting(scene).minutes_number == ""


def test_minutes_without_resolutions_are_approved_without_a_plan(scene: Scene) -> None:
    assert approve_minutes(held_meeting(scene), actor=scene.supporting_leader) == []
