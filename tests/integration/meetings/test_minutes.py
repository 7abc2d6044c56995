"""Writing minutes and sending them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from portal import clock
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Area,
    AttendanceStatus,
    MeetingState,
    Side,
    TaskState,
)
from portal.services.groups import save_group
from portal.services.meetings import (
    AgendaEntry,
)
from portal.services.minutes import (
    AttendanceEntry,
    ResolutionEntry,
    guests,
    invited,
    record_minutes,
)
from portal.workflow.meetings import missing_for_hold
from tests.factories import Scene
from tests.factories.meetings import (
    MEMBERS,
    draft_minutes,
    leadership_group,
    minutes_entry,
    planned_meeting,
)
from tests.factories.plans import agreed_plan, plan_in_force
from tests.factories.tasks import make_task
from tests.support.meetings import DUE, linked_to, new_task


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
