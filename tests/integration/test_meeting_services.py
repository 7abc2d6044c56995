"""Meetings through their services: every step by every role, minutes, resolutions, numbers."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import clock
from portal.errors import Forbidden, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Area,
    AttendanceStatus,
    Event,
    Meeting,
    MeetingState,
    Role,
    Side,
    Task,
    TaskState,
    User,
)
from portal.policies.meetings import whose_turn
from portal.services.groups import save_group
from portal.services.meetings import (
    AgendaEntry,
    MeetingEntry,
    cancel_meeting,
    edit_meeting,
    plan_meeting,
)
from portal.services.minutes import (
    AttendanceEntry,
    ResolutionEntry,
    approve_minutes,
    guests,
    invited,
    record_minutes,
    return_minutes,
)
from portal.workflow.meetings import missing_for_hold
from tests.factories import Scene, make_scene, make_user
from tests.factories.meetings import (
    MEMBERS,
    approved_meeting,
    cancelled_meeting,
    days_ago,
    draft_minutes,
    held_meeting,
    leadership_group,
    minutes_entry,
    planned_meeting,
    returned_meeting,
)
from tests.factories.plans import agreed_plan, drafting_plan, plan_in_force
from tests.factories.tasks import make_task

EVERYBODY = (
    "commission",
    "centre",
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
    "auditor",
)
WORKING = {
    "supporting_coordinator",
    "supporting_leader",
    "supported_coordinator",
    "supported_leader",
}
NINE = datetime(2021, 3, 15, 1, tzinfo=UTC)
DUE = date(2021, 6, 30)


@pytest.fixture(autouse=True)
def march_2021() -> Iterator[None]:
    """Ten months into the programme."""
    with time_machine.travel(NINE):
        yield


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


def new_task(**changes: object) -> ResolutionEntry:
    entry = ResolutionEntry(
        "设置全科医学科独立病房",
        Side.SUPPORTED,
        DUE,
        area=Area.DEPARTMENT,
        criteria="床位不少于20张。",
        evidence="病房设置文件",
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


def linked_to(task: Task, **changes: object) -> ResolutionEntry:
    entry = ResolutionEntry("加快推进", Side.SUPPORTING, DUE, task_id=task.id)
    return replace(entry, **changes)  # type: ignore[arg-type]


# Who may take which step, and from which state.


def plan(meeting: Meeting, actor: User) -> object:
    entry = MeetingEntry("quarterly", NINE, agenda=(AgendaEntry("议题"),))
    return plan_meeting(meeting.pairing, entry, actor=actor)


def edit(meeting: Meeting, actor: User) -> object:
    entry = MeetingEntry("quarterly", NINE, agenda=(AgendaEntry("议题"),))
    return edit_meeting(meeting, entry, seen_version=None, actor=actor)


def cancel(meeting: Meeting, actor: User) -> object:
    return cancel_meeting(meeting, reason="另行通知", actor=actor)


def draft(meeting: Meeting, actor: User) -> object:
    entry = minutes_entry(meeting)
    return record_minutes(meeting, entry, send=False, seen_version=None, actor=actor)


def send(meeting: Meeting, actor: User) -> object:
    entry = minutes_entry(meeting)
    return record_minutes(meeting, entry, send=True, seen_version=None, actor=actor)


def send_back(meeting: Meeting, actor: User) -> object:
    return return_minutes(meeting, reason="请补充", actor=actor)


def approve(meeting: Meeting, actor: User) -> object:
    return approve_minutes(meeting, actor=actor)


Step = Callable[[Meeting, User], object]
WRITERS = WORKING - {"supporting_leader"}
STEPS: dict[str, tuple[Step, Callable[..., Meeting], set[str]]] = {
    "plan": (plan, planned_meeting, WORKING),
    "edit": (edit, planned_meeting, WORKING),
    "cancel": (cancel, planned_meeting, WORKING),
    "draft": (draft, planned_meeting, WRITERS),
    "send": (send, planned_meeting, WRITERS),
    "return": (send_back, held_meeting, {"supporting_leader"}),
    "approve": (approve, held_meeting, {"supporting_leader"}),
}


@pytest.mark.parametrize("name", STEPS)
def test_step_is_open_to_its_roles_only(scene: Scene, name: str) -> None:
    # One scene for all roles: a hundred would only cost time.
    step, make, allowed = STEPS[name]
    leadership_group(scene)
    refused = set()
    for who in EVERYBODY:
        meeting = make(scene)
        before = meeting.state
        try:
            step(meeting, getattr(scene, who))
        except Forbidden:
            refused.add(who)
            assert meeting.state is before
    assert set(EVERYBODY) - refused == allowed


STATES: dict[str, Callable[..., Meeting]] = {
    "planned": planned_meeting,
    "returned": returned_meeting,
    "held": held_meeting,
    "approved": approved_meeting,
    "cancelled": cancelled_meeting,
}
LEGAL = {
    ("edit", "planned"): MeetingState.PLANNED,
    ("cancel", "planned"): MeetingState.CANCELLED,
    ("draft", "planned"): MeetingState.PLANNED,
    ("draft", "returned"): MeetingState.PLANNED,
    ("send", "planned"): MeetingState.HELD,
    ("send", "returned"): MeetingState.HELD,
    ("return", "held"): MeetingState.PLANNED,
    ("approve", "held"): MeetingState.APPROVED,
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", [name for name in STEPS if name != "plan"])
def test_step_is_taken_from_its_states_only(scene: Scene, name: str, state: str) -> None:
    leadership_group(scene)
    step, _, allowed = STEPS[name]
    meeting = STATES[state](scene)
    before, version = meeting.state, meeting.version
    actor = getattr(scene, sorted(allowed)[0])
    if (name, state) in LEGAL:
        step(meeting, actor)
        assert meeting.state is LEGAL[name, state]
        return
    with pytest.raises(StepRefused):
        step(meeting, actor)
    db.session.flush()
    assert (meeting.state, meeting.version) == (before, version)


# Planning.


def test_coordinator_plans_a_meeting_that_takes_its_kinds_name(scene: Scene) -> None:
    meeting = planned_meeting(scene)
    assert meeting.title == "领导小组季度例会"
    assert meeting.of_leadership
    assert [item.title for item in meeting.agenda] == ["通报任务进度", "部署下季度工作"]
    event = db.session.scalars(sa.select(Event).where(Event.object_type == "meeting")).one()
    assert (event.action, event.pairing_id) == ("planned", scene.pairing_id)


def test_monthly_call_does_not_count_as_a_leadership_meeting(scene: Scene) -> None:
    assert not planned_meeting(scene, kind="monthly_call").of_leadership


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "party"}, "kind"),
        ({"planned_at": datetime(2020, 4, 16, 15, 59, tzinfo=UTC)}, "planned_at"),
        ({"planned_at": datetime(2023, 8, 21, 16, tzinfo=UTC)}, "planned_at"),
        ({"agenda": ()}, "lines"),
    ],
)
def test_impossible_meeting_is_rejected(
    scene: Scene, changes: dict[str, object], field: str
) -> None:
    entry = MeetingEntry("quarterly", NINE, agenda=(AgendaEntry("议题"),))
    with pytest.raises(Rejected) as refusal:
        plan_meeting(
            scene.pairing,
            replace(entry, **changes),  # type: ignore[arg-type]
            actor=scene.supporting_coordinator,
        )
    assert list(refusal.value.fields) == [field]
    assert db.session.scalar(sa.select(sa.func.count(Meeting.id))) == 0


@pytest.mark.parametrize(
    "planned_at",
    [datetime(2020, 4, 16, 16, tzinfo=UTC), datetime(2023, 8, 21, 15, 59, tzinfo=UTC)],
)
def test_first_and_last_day_of_the_programme_are_possible(
    scene: Scene, planned_at: datetime
) -> None:
    entry = MeetingEntry("quarterly", planned_at, agenda=(AgendaEntry("议题"),))
    meeting = plan_meeting(scene.pairing, entry, actor=scene.supporting_coordinator)
    assert meeting.planned_at == planned_at


def test_agenda_cannot_point_to_another_pairings_task(scene: Scene) -> None:
    task = make_task(drafting_plan(scene.foreign, scene))
    with pytest.raises(Rejected) as refusal:
        planned_meeting(scene, agenda=(AgendaEntry("议题", task.id),))
    assert list(refusal.value.fields) == ["lines"]


def test_edit_changes_adds_and_takes_out_points(scene: Scene) -> None:
    meeting = planned_meeting(scene, agenda=[AgendaEntry(text) for text in ("甲", "乙", "丙")])
    first, _, third = meeting.agenda
    version = meeting.version
    entry = MeetingEntry(
        "issue",
        NINE,
        "协调会",
        "线上",
        [
            AgendaEntry("甲改", item_id=first.id),
            AgendaEntry("丙", item_id=third.id),
            AgendaEntry("丁"),
        ],
    )
    edit_meeting(meeting, entry, seen_version=version, actor=scene.supported_coordinator)
    db.session.expire_all()
    assert [item.title for item in meeting.agenda] == ["甲改", "丙", "丁"]
    assert (meeting.title, meeting.kind, meeting.of_leadership) == ("协调会", "issue", False)
    event = db.session.scalars(sa.select(Event).where(Event.action == "edited")).one()
    assert [label for label, _ in event.details] == ["类型", "地点", "议程"]


def test_edit_of_the_agenda_alone_raises_the_version(scene: Scene) -> None:
    meeting = planned_meeting(scene)
    version = meeting.version
    entry = MeetingEntry(
        meeting.kind, meeting.planned_at, meeting.title, meeting.place, (AgendaEntry("新议题"),)
    )
    edit_meeting(meeting, entry, seen_version=version, actor=scene.supporting_coordinator)
    assert meeting.version == version + 1
    with pytest.raises(StaleEdit):
        edit_meeting(meeting, entry, seen_version=version, actor=scene.supported_coordinator)


def test_point_with_a_discussion_is_not_taken_out(scene: Scene) -> None:
    meeting = draft_minutes(scene)
    entry = MeetingEntry(meeting.kind, meeting.planned_at, agenda=(AgendaEntry("另一议题"),))
    with pytest.raises(Rejected) as refusal:
        edit_meeting(meeting, entry, seen_version=None, actor=scene.supporting_coordinator)
    assert "已有讨论记录" in refusal.value.fields["lines"]


@pytest.mark.parametrize("reason", ["", "   "])
def test_cancelling_and_returning_ask_for_a_reason(scene: Scene, reason: str) -> None:
    planned, held = planned_meeting(scene), held_meeting(scene)
    with pytest.raises(Rejected):
        cancel_meeting(planned, reason=reason, actor=scene.supporting_coordinator)
    with pytest.raises(Rejected):
        return_minutes(held, reason=reason, actor=scene.supporting_leader)
    assert (planned.state, held.state) == (MeetingState.PLANNED, MeetingState.HELD)


# Minutes.


def test_draft_keeps_everything_and_tells_nobody(scene: Scene) -> None:
    plan_in_force(scene.pairing, scene)
    meeting = draft_minutes(scene, resolutions=[new_task(due_on=None, criteria="")])
    db.session.expire_all()
    assert meeting.state is MeetingState.PLANNED
    assert meeting.minutes == "会议听取了双方科教科的汇报。"
    assert [one.name for one in meeting.attendance] == [one.name for one in MEMBERS]
    assert [item.discussion for item in meeting.agenda] == ["同意。", "同意。"]
    (resolution,) = meeting.resolutions
    assert (resolution.body, resolution.area, resolution.task_id) == (
        "设置全科医学科独立病房",
        Area.DEPARTMENT,
        None,
    )


@pytest.mark.parametrize(
    ("changes", "gap"),
    [
        ({"chair": ""}, "填写主持人"),
        ({"recorder": ""}, "填写记录人"),
        ({"attendance": ()}, "登记出席人员"),
        ({"minutes": "", "agenda": ()}, "填写会议记录，或至少一项议题的讨论情况"),
        ({"resolutions": (new_task(due_on=None),)}, "第 1 项议定事项：填写完成时限"),
        ({"resolutions": (new_task(area=None),)}, "选择落实方式"),
        ({"resolutions": (new_task(criteria=""),)}, "填写新任务的验收标准"),
        ({"resolutions": (new_task(evidence=""),)}, "填写新任务的佐证材料名称"),
        ({"resolutions": (new_task(due_on=date(2023, 5, 22)),)}, "完成时限应在计划期内"),
        ({"resolutions": (new_task(), new_task(due_on=None))}, "第 2 项议定事项"),
    ],
)
def test_incomplete_minutes_are_not_sent(
    scene: Scene, changes: dict[str, object], gap: str
) -> None:
    plan_in_force(scene.pairing, scene)
    leadership_group(scene)
    meeting = planned_meeting(scene)
    entry = replace(minutes_entry(meeting), **changes)  # type: ignore[arg-type]
    with pytest.raises(StepRefused) as refusal:
        record_minutes(
            meeting, entry, send=True, seen_version=None, actor=scene.supporting_coordinator
        )
    assert any(gap in sentence for sentence in refusal.value.missing), refusal.value.missing
    assert len(refusal.value.missing) == 1
    # Nothing of it stays: neither the state nor the half-kept text.
    db.session.expire_all()
    assert (meeting.state, meeting.held_on, meeting.attendance) == (MeetingState.PLANNED, None, [])


def test_meeting_without_an_agenda_is_not_held(scene: Scene) -> None:
    meeting = draft_minutes(scene)
    meeting.agenda.clear()
    db.session.flush()
    assert missing_for_hold(meeting) == ["至少填写一项议题"]


def test_meeting_without_a_day_or_of_tomorrow_is_not_held(scene: Scene) -> None:
    meeting = draft_minutes(scene)
    meeting.held_on = date(2021, 3, 16)
    assert missing_for_hold(meeting) == ["召开日期不能晚于今天"]
    meeting.held_on = None
    assert missing_for_hold(meeting) == ["填写召开日期"]


@pytest.mark.parametrize(
    ("kind", "absent", "enough"),
    [
        ("quarterly", [], True),
        ("quarterly", ["林一川"], True),
        ("quarterly", ["苏望海"], True),
        ("quarterly", ["林一川", "苏望海"], False),
        # A specialty base's call needs neither; it does not count either.
        ("monthly_call", ["林一川", "苏望海"], True),
    ],
)
def test_leader_or_deputy_must_be_present_at_a_leadership_meeting(
    scene: Scene, kind: str, absent: list[str], enough: bool
) -> None:
    leadership_group(scene)
    meeting = planned_meeting(scene, kind=kind)
    entry = minutes_entry(meeting, absent=absent)
    actor = scene.supporting_coordinator
    record_minutes(meeting, entry, send=False, seen_version=None, actor=actor)
    assert missing_for_hold(meeting) == ([] if enough else ["领导小组组长或副组长至少一人出席"])


@pytest.mark.parametrize("make", [None, agreed_plan])
def test_new_task_needs_a_plan_that_can_take_it(
    scene: Scene, make: Callable[..., object] | None
) -> None:
    if make:
        make(scene.pairing, scene)
    meeting = draft_minutes(scene, resolutions=[new_task()])
    (gap,) = missing_for_hold(meeting)
    assert "不能生成任务" in gap


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"held_on": date(2021, 3, 16)}, "held_on"),
        ({"held_on": date(2020, 4, 16)}, "held_on"),
        ({"resolutions": (new_task(due_on=date(2021, 3, 14)),)}, "resolutions"),
        (
            {"resolutions": (ResolutionEntry("推进", Side.SUPPORTED, DUE, task_id=999),)},
            "resolutions",
        ),
        (
            {
                "attendance": (
                    AttendanceEntry("陈听雨", AttendanceStatus.OBSERVER),
                    AttendanceEntry("陈听雨", AttendanceStatus.OBSERVER),
                )
            },
            "guests",
        ),
    ],
)
def test_impossible_minutes_are_rejected_even_as_a_draft(
    scene: Scene, changes: dict[str, object], field: str
) -> None:
    leadership_group(scene)
    meeting = planned_meeting(scene)
    entry = replace(minutes_entry(meeting), **changes)  # type: ignore[arg-type]
    with pytest.raises(Rejected) as refusal:
        record_minutes(
            meeting, entry, send=False, seen_version=None, actor=scene.supporting_coordinator
        )
    assert list(refusal.value.fields) == [field]


def test_closed_task_is_not_linked_anew_but_stays_linked(scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    task = make_task(plan, state=TaskState.IN_PROGRESS)
    meeting = draft_minutes(scene, resolutions=[linked_to(task)])
    task.state, task.closed_on = TaskState.CLOSED, clock.today()
    db.session.flush()
    actor = scene.supporting_coordinator
    entry = minutes_entry(meeting, resolutions=[linked_to(task)])
    record_minutes(meeting, entry, send=False, seen_version=None, actor=actor)
    other = planned_meeting(scene)
    entry = minutes_entry(other, resolutions=[linked_to(task)])
    with pytest.raises(Rejected) as refusal:
        record_minutes(other, entry, send=False, seen_version=None, actor=actor)
    assert "已销号" in refusal.value.fields["resolutions"]


def test_second_draft_replaces_the_first(scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    task = make_task(plan)
    meeting = draft_minutes(scene, resolutions=[new_task(), new_task(body="第二项")])
    entry = replace(
        minutes_entry(meeting, resolutions=[linked_to(task)], absent=["邢北辰"]),
        agenda=[
            AgendaEntry("", item_id=meeting.agenda[0].id, discussion="改过的讨论"),
            AgendaEntry("临时议题", discussion="当场提出"),
        ],
    )
    record_minutes(
        meeting,
        replace(
            entry,
            attendance=[
                *entry.attendance[1:],
                AttendanceEntry("陈听雨", AttendanceStatus.OBSERVER),
            ],
        ),
        send=False,
        seen_version=meeting.version,
        actor=scene.supported_coordinator,
    )
    db.session.expire_all()
    assert [(one.body, one.task_id, one.area) for one in meeting.resolutions] == [
        ("加快推进", task.id, None)
    ]
    assert [(item.title, item.discussion) for item in meeting.agenda] == [
        ("通报任务进度", "改过的讨论"),
        ("部署下季度工作", "同意。"),
        ("临时议题", "当场提出"),
    ]
    assert {one.name: one.status for one in meeting.attendance} == {
        "苏望海": AttendanceStatus.PRESENT,
        "符清越": AttendanceStatus.PRESENT,
        "邢北辰": AttendanceStatus.ABSENT,
        "陈听雨": AttendanceStatus.OBSERVER,
    }
    assert meeting.minutes_by_id == scene.supported_coordinator.id


def test_second_writer_is_told_and_the_first_text_stays(scene: Scene) -> None:
    leadership_group(scene)
    meeting = planned_meeting(scene)
    seen = meeting.version
    mine = minutes_entry(meeting, minutes="先保存的")
    record_minutes(meeting, mine, send=False, seen_version=seen, actor=scene.supporting_coordinator)
    theirs = minutes_entry(meeting, minutes="后保存的")
    with pytest.raises(StaleEdit):
        record_minutes(
            meeting, theirs, send=True, seen_version=seen, actor=scene.supported_coordinator
        )
    db.session.expire_all()
    assert (meeting.minutes, meeting.state) == ("先保存的", MeetingState.PLANNED)


def test_invited_are_the_members_of_today_and_whoever_was_recorded(scene: Scene) -> None:
    group = leadership_group(scene)
    meeting = planned_meeting(scene)
    assert [one.name for one in invited(meeting, group)] == [one.name for one in MEMBERS]
    entry = minutes_entry(meeting, absent=["邢北辰"])
    attendance = [*entry.attendance, AttendanceEntry("陈听雨", AttendanceStatus.OBSERVER)]
    record_minutes(
        meeting,
        replace(entry, attendance=attendance),
        send=False,
        seen_version=None,
        actor=scene.supporting_coordinator,
    )
    save_group(
        scene.pairing,
        [MEMBERS[0], MEMBERS[1], replace(MEMBERS[2], name="新科长")],
        established_on=None,
        seen_version=None,
        actor=scene.supporting_coordinator,
    )
    db.session.expire_all()
    found = {one.name: one for one in invited(meeting, scene.pairing.group)}
    assert list(found) == ["林一川", "苏望海", "新科长", "符清越", "邢北辰"]
    assert found["邢北辰"].status is AttendanceStatus.ABSENT
    assert found["新科长"].status is AttendanceStatus.PRESENT
    assert [one.name for one in guests(meeting)] == ["陈听雨"]


def test_nobody_is_invited_without_a_group(scene: Scene) -> None:
    assert invited(planned_meeting(scene), None) == []


# The leader's decision.


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
