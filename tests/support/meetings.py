"""What the tests of the meeting services share."""

from dataclasses import replace
from datetime import UTC, date, datetime

from portal.models import (
    Area,
    Meeting,
    Side,
    Task,
    User,
)
from portal.services.meetings import (
    AgendaEntry,
    MeetingEntry,
    plan_meeting,
)
from portal.services.minutes import (
    ResolutionEntry,
    approve_minutes,
    record_minutes,
    return_minutes,
)
from tests.factories.meetings import (
    minutes_entry,
)

NINE = datetime(2021, 3, 15, 1, tzinfo=UTC)
DUE = date(2021, 6, 30)


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


def plan(meeting: Meeting, actor: User) -> object:
    entry = MeetingEntry("quarterly", NINE, agenda=(AgendaEntry("议题"),))
    return plan_meeting(meeting.pairing, entry, actor=actor)


def send(meeting: Meeting, actor: User) -> object:
    entry = minutes_entry(meeting)
    return record_minutes(meeting, entry, send=True, seen_version=None, actor=actor)


def send_back(meeting: Meeting, actor: User) -> object:
    return return_minutes(meeting, reason="请补充", actor=actor)


def approve(meeting: Meeting, actor: User) -> object:
    return approve_minutes(meeting, actor=actor)
