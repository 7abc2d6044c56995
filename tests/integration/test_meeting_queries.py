"""What the pages of meetings read: status against the interval, late minutes, pages of a list."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import clock
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Meeting, Pairing, Plan, Side, TaskState, User
from portal.policies.meetings import is_late, late_meetings, whose_turn
from portal.queries import meetings as queries
from portal.queries.meetings import Filters
from portal.services.minutes import ResolutionEntry
from tests.factories import Scene, make_pairing, make_scene
from tests.factories.meetings import (
    approved_meeting,
    cancelled_meeting,
    draft_minutes,
    held_meeting,
    leadership_group,
    planned_meeting,
    returned_meeting,
)
from tests.factories.plans import agreed_plan, completed_plan, drafting_plan, plan_in_force
from tests.factories.tasks import make_task
from tests.support.queries import count_queries

NINE = datetime(2021, 3, 15, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def march_2021() -> Iterator[None]:
    """Ten months into the programme."""
    with time_machine.travel(NINE):
        yield


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


def due_on(pairing: Pairing) -> date | None:
    return queries.meeting_status([pairing])[pairing.id].next_due_on


# Status.


def test_interval_runs_from_the_programmes_start(scene: Scene) -> None:
    status = queries.meeting_status([scene.pairing])[scene.pairing_id]
    assert (status.last_held_on, status.next_due_on) == (None, date(2020, 8, 22))
    assert status.overdue_days == 205


def test_interval_runs_from_the_plan_coming_into_force_later(scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    # Still the 10th in Greenwich, the 11th already in Shanghai.
    plan.in_force_at = datetime(2021, 1, 10, 16, 30, tzinfo=UTC)
    db.session.flush()
    assert due_on(scene.pairing) == date(2021, 4, 11)


@pytest.mark.parametrize(
    ("make", "counts"),
    [
        (held_meeting, True),
        (approved_meeting, True),
        (planned_meeting, False),
        (draft_minutes, False),
        (returned_meeting, False),
        (cancelled_meeting, False),
    ],
)
def test_only_meetings_with_sent_minutes_count(
    scene: Scene, make: Callable[..., Meeting], counts: bool
) -> None:
    make(scene, on=date(2021, 2, 1))
    expected = date(2021, 5, 1) if counts else date(2020, 8, 22)
    assert due_on(scene.pairing) == expected


def test_meetings_of_other_kinds_and_pairings_do_not_count(scene: Scene) -> None:
    held_meeting(scene, on=date(2021, 2, 1), kind="monthly_call")
    assert due_on(scene.pairing) == date(2020, 8, 22)
    held_meeting(scene, on=date(2021, 2, 1))
    assert due_on(scene.foreign) == date(2020, 8, 22)


def test_latest_meeting_counts_not_the_one_recorded_last(scene: Scene) -> None:
    held_meeting(scene, on=date(2021, 3, 1))
    held_meeting(scene, on=date(2020, 12, 1))
    assert due_on(scene.pairing) == date(2021, 6, 1)


@pytest.mark.parametrize("many", [1, 25])
def test_status_takes_one_query_however_many_pairings(scene: Scene, many: int) -> None:
    pairings = [make_pairing(scene.programme) for _ in range(many)]
    with count_queries() as sent:
        assert len(queries.meeting_status(pairings)) == many
    sent.at_most(1)
    assert queries.meeting_status([]) == {}


# Lateness: the same rule for a page and for a list.


@pytest.mark.parametrize(
    ("make", "on", "late"),
    [
        (planned_meeting, date(2021, 3, 16), False),
        (planned_meeting, date(2021, 3, 15), False),
        (planned_meeting, date(2021, 3, 14), True),
        # Ten working days from 1 March end today; from 26 February they ended on Friday.
        (held_meeting, date(2021, 3, 1), False),
        (held_meeting, date(2021, 2, 27), True),
        (held_meeting, date(2021, 2, 26), True),
        (returned_meeting, date(2021, 3, 1), False),
        (returned_meeting, date(2021, 2, 26), True),
        (draft_minutes, date(2021, 3, 12), True),
        (approved_meeting, date(2021, 1, 4), False),
        (cancelled_meeting, date(2021, 1, 4), False),
    ],
)
def test_late_meeting_is_late_on_its_page_and_in_the_list(
    scene: Scene, make: Callable[..., Meeting], on: date, late: bool
) -> None:
    meeting = make(scene, on=on)
    today = clock.today()
    assert is_late(meeting, today) is late
    found = db.session.scalars(sa.select(Meeting).where(late_meetings(today)))
    assert list(found) == ([meeting] if late else [])


def test_lateness_turns_at_midnight_in_shanghai(scene: Scene) -> None:
    meeting = planned_meeting(scene)
    for moment, late in (
        (datetime(2021, 3, 15, 15, 59, tzinfo=UTC), False),
        (datetime(2021, 3, 15, 16, 1, tzinfo=UTC), True),
    ):
        with time_machine.travel(moment):
            today = clock.today()
            assert is_late(meeting, today) is late
            found = db.session.scalar(sa.select(Meeting.id).where(late_meetings(today)))
            assert (found == meeting.id) is late


def test_late_minutes_are_the_same_both_ways_over_holidays(scene: Scene) -> None:
    days = [date(2021, 1, 1) + timedelta(days=n) for n in range(0, 60, 4)]
    meetings = [held_meeting(scene, on=day) for day in days]
    seen = set()
    for today in (date(2021, 1, 25) + timedelta(days=n) for n in range(0, 45, 2)):
        expected = {meeting.id for meeting in meetings if is_late(meeting, today)}
        found = db.session.scalars(sa.select(Meeting.id).where(late_meetings(today)))
        assert set(found) == expected
        seen.add(len(expected))
    assert len(seen) > 5


def test_nobody_must_act_on_what_is_approved_or_called_off(scene: Scene) -> None:
    assert whose_turn(approved_meeting(scene)) is None
    assert whose_turn(cancelled_meeting(scene)) is None
    turn = whose_turn(planned_meeting(scene))
    assert turn is not None
    assert (turn.who, turn.since) == ("基地管理员记录纪要", date(2021, 3, 15))


# The agenda a meeting opens with.


def test_agenda_names_each_task_once_and_leaves_out_what_is_done(scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    for task in plan.tasks:
        task.due_on = task.first_due_on = date(2022, 1, 1)
    late = make_task(plan, title="甲", due_on=date(2021, 3, 14))
    make_task(plan, title="乙", due_on=date(2021, 3, 15))
    opened = make_task(plan, title="丙", due_on=date(2022, 1, 1))
    done = make_task(plan, title="丁", due_on=date(2022, 1, 1))
    day = date(2021, 12, 1)
    approved_meeting(
        scene,
        on=date(2021, 1, 5),
        resolutions=[ResolutionEntry("更早的事项", Side.SUPPORTED, day, task_id=opened.id)],
    )
    approved_meeting(
        scene,
        on=date(2021, 2, 1),
        resolutions=[
            ResolutionEntry("催甲", Side.SUPPORTED, day, task_id=late.id),
            ResolutionEntry("推丙", Side.SUPPORTED, day, task_id=opened.id),
            ResolutionEntry("长" * 300, Side.SUPPORTED, day, task_id=opened.id),
            ResolutionEntry("办丁", Side.SUPPORTED, day, task_id=done.id),
        ],
    )
    done.state, done.closed_on = TaskState.CLOSED, clock.today()
    db.session.flush()
    with count_queries() as sent:
        lines = queries.suggested_agenda(scene.pairing, ["常设议题"])
    sent.at_most(2)
    assert [(line.title[:12], line.task_id) for line in lines] == [
        ("常设议题", None),
        ("研究逾期任务：甲（已逾期 1 天）"[:12], late.id),
        ("督办上次会议议定事项：推丙"[:12], opened.id),
        (("督办上次会议议定事项：" + "长")[:12], opened.id),
    ]
    assert all(len(line.title) <= 200 for line in lines)


def test_new_pairing_opens_with_the_standing_lines_alone(scene: Scene) -> None:
    drafting_plan(scene.foreign, scene)
    held_meeting(scene)
    assert queries.suggested_agenda(scene.pairing, ["甲", "乙"]) == [
        queries.AgendaLine("甲"),
        queries.AgendaLine("乙"),
    ]


@pytest.mark.parametrize(
    ("build", "suggested"),
    [(drafting_plan, False), (agreed_plan, False), (plan_in_force, True), (completed_plan, True)],
)
def test_only_the_tasks_of_a_plan_in_force_are_suggested_as_overdue(
    scene: Scene, build: Callable[..., Plan], suggested: bool
) -> None:
    late = make_task(build(scene.pairing, scene), title="甲")
    late.due_on = clock.today() - timedelta(days=1)
    db.session.flush()
    assert (late in queries.urgent_tasks(scene.pairing)) is suggested


# Scope and paging.


def test_meeting_of_another_pairing_is_not_found(scene: Scene) -> None:
    meeting = planned_meeting(scene)
    for viewer in (scene.foreign_coordinator, scene.supporting_contributor, scene.auditor):
        with pytest.raises(NotVisible):
            queries.get_meeting(meeting.id, viewer=viewer)
        with pytest.raises(NotVisible):
            queries.get_pairing_of_meetings(scene.pairing_id, viewer=viewer)
    assert queries.get_meeting(meeting.id, viewer=scene.city, lock=True) is meeting


def walk(viewer: User, size: int) -> tuple[list[list[int]], list[list[int]]]:
    """Page through the whole list forwards, then back again."""
    page = queries.list_meetings(viewer, Filters(), size=size)
    forwards = [[one.id for one in page.meetings]]
    assert page.before == ""
    while page.after:
        page = queries.list_meetings(viewer, Filters(after=page.after), size=size)
        forwards.append([one.id for one in page.meetings])
    backwards = [forwards[-1]]
    while page.before:
        page = queries.list_meetings(viewer, Filters(before=page.before), size=size)
        backwards.append([one.id for one in page.meetings])
    return forwards, backwards


def test_pages_of_the_list_neither_repeat_nor_lose_a_meeting(scene: Scene) -> None:
    # Some at the very same moment, so that the number must decide.
    days = [date(2021, 3, day) for day in (1, 2, 2, 2, 3, 4, 5)]
    made = [planned_meeting(scene, on=day) for day in days]
    planned_meeting(scene, pairing=scene.foreign)
    forwards, backwards = walk(scene.supporting_leader, 3)
    newest_first = [one.id for one in sorted(made, key=lambda m: (m.planned_at, m.id))][::-1]
    assert [number for page in forwards for number in page] == newest_first
    assert [len(page) for page in forwards] == [3, 3, 1]
    assert backwards == forwards[::-1]


def test_last_full_page_offers_no_next_one(scene: Scene) -> None:
    for _ in range(3):
        planned_meeting(scene)
    page = queries.list_meetings(scene.centre, Filters(), size=3)
    assert (len(page.meetings), page.after) == (3, "")


@pytest.mark.parametrize("cursor", ["garbage", "2021-03-01~1", "2021-03-01T00:00:00+00:00~x", "~"])
def test_made_up_cursor_shows_the_first_page(scene: Scene, cursor: str) -> None:
    meeting = planned_meeting(scene)
    for filters in (Filters(after=cursor), Filters(before=cursor)):
        assert queries.list_meetings(scene.centre, filters).meetings == [meeting]


def test_group_is_read_with_its_members_in_two_queries(scene: Scene) -> None:
    leadership_group(scene)
    db.session.commit()
    pairing = queries.get_pairing_of_meetings(scene.pairing_id, viewer=scene.centre)
    with count_queries() as sent:
        group = queries.group_of(pairing)
        assert group is not None
        assert len(group.current_members) == 4
    sent.at_most(2)
    assert queries.group_of(scene.foreign) is None
