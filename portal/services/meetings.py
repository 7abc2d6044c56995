"""Calling meetings, changing them, calling them off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import AgendaItem, Meeting, MeetingState, Pairing, Task, User
from portal.policies.decision import require
from portal.policies.meeting_kinds import MeetingKind, meeting_kinds
from portal.policies.meetings import can_edit_meeting, can_plan_meeting, meeting_days
from portal.workflow import check_version, record, transition
from portal.workflow.meetings import WORKFLOW


@dataclass(frozen=True)
class AgendaEntry:
    """One point of the agenda. ``item_id`` names the one it changes, if it is not new."""

    title: str
    task_id: int | None = None
    item_id: int | None = None
    discussion: str = ""


@dataclass(frozen=True)
class MeetingEntry:
    """What the form of a meeting says. Without a title it is called as its kind."""

    kind: str
    planned_at: datetime
    title: str = ""
    place: str = ""
    agenda: Sequence[AgendaEntry] = field(default=())


def plan_meeting(pairing: Pairing, entry: MeetingEntry, *, actor: User) -> Meeting:
    """Call a meeting of the pairing's people.

    Raises Forbidden, or Rejected for an unknown kind, a day outside the programme, an empty
    agenda or a task of another pairing.
    """
    require(can_plan_meeting(actor, pairing))
    kind = _check(pairing, entry)
    now = clock.now()
    meeting = Meeting(
        pairing=pairing,
        kind=kind.slug,
        title=entry.title or kind.title,
        of_leadership=kind.of_leadership,
        state_since=now,
        planned_at=entry.planned_at,
        place=entry.place,
        created_by_id=actor.id,
        created_at=now,
    )
    for position, line in enumerate(entry.agenda, 1):
        item = AgendaItem(position=position, title=line.title, task_id=line.task_id)
        meeting.agenda.append(item)
    db.session.add(meeting)
    db.session.flush()
    record(
        meeting,
        "meeting",
        action="planned",
        title="安排会议",
        actor=actor,
        tone="info",
        details=[("会议", meeting.title), ("时间", _moment(meeting.planned_at))],
    )
    db.session.flush()
    return meeting


def edit_meeting(
    meeting: Meeting, entry: MeetingEntry, *, seen_version: int | None, actor: User
) -> Meeting:
    """Change what was planned. Nothing moves once minutes were sent.

    Raises Forbidden, StepRefused, StaleEdit, or Rejected as plan_meeting() does and for a
    line that is taken out though its discussion is written down.
    """
    require(can_edit_meeting(actor, meeting))
    refuse_unless_planned(meeting)
    check_version(meeting, seen_version)
    kind = _check(meeting.pairing, entry)
    details = list(_changes(meeting, kind, entry))
    meeting.kind, meeting.of_leadership = kind.slug, kind.of_leadership
    meeting.title, meeting.place = entry.title or kind.title, entry.place
    meeting.planned_at = entry.planned_at
    _set_agenda(meeting, entry.agenda)
    touch(meeting)
    record(meeting, "meeting", action="edited", title="修改会议安排", actor=actor, details=details)
    db.session.flush()
    return meeting


def refuse_unless_planned(meeting: Meeting) -> None:
    """Raise StepRefused once minutes were sent or the meeting was called off."""
    if meeting.state is not MeetingState.PLANNED or meeting.is_returned:
        raise StepRefused("会议已经召开或取消，不能再修改会议安排。")


def cancel_meeting(
    meeting: Meeting, *, reason: str, actor: User, seen_version: int | None = None
) -> Meeting:
    """Call the meeting off. The caller holds its row, where ``seen_version`` is given.

    Raises Forbidden, StepRefused, StaleEdit, or Rejected without a reason.
    """
    step = WORKFLOW.step("cancel")
    require(step.may(actor, meeting))
    if meeting.state in step.sources:
        check_version(meeting, seen_version)
    transition(WORKFLOW, meeting, "cancel", actor=actor, comment=reason)
    db.session.flush()
    return meeting


# What the services that write meetings share.


def touch(meeting: Meeting) -> None:
    """Raise the meeting's version: a change of its lines alone would not."""
    flag_modified(meeting, "created_at")


def tasks_of(pairing: Pairing, ids: Iterable[int | None], field_name: str) -> dict[int, Task]:
    """Return the tasks ``ids``. Raises Rejected when one is not of the pairing."""
    wanted = {one for one in ids if one is not None}
    query = sa.select(Task).where(Task.pairing_id == pairing.id, Task.id.in_(wanted))
    found = {task.id: task for task in db.session.scalars(query)} if wanted else {}
    if wanted - found.keys():
        raise Rejected({field_name: "只能关联本结对的任务，请重新选择。"})
    return found


def _check(pairing: Pairing, entry: MeetingEntry) -> MeetingKind:
    """Refuse what no meeting can be; return its kind."""
    wrong: dict[str, str] = {}
    kind = meeting_kinds().get(entry.kind)
    if kind is None:
        wrong["kind"] = "请选择会议类型。"
    first, last = meeting_days(pairing.programme)
    if not first <= clock.local_date(entry.planned_at) <= last:
        wrong["planned_at"] = f"会议时间应在帮扶周期内（{first} 至 {last}）。"
    if not entry.agenda:
        wrong["lines"] = "请至少填写一项议题。"
    if wrong or kind is None:
        raise Rejected(wrong)
    tasks_of(pairing, (line.task_id for line in entry.agenda), "lines")
    return kind


def _set_agenda(meeting: Meeting, lines: Sequence[AgendaEntry]) -> None:
    """Make the agenda consist of ``lines``. New ones go last: places are never given twice."""
    known = {item.id: item for item in meeting.agenda}
    place = max((item.position for item in meeting.agenda), default=0)
    for line in lines:
        item = known.pop(line.item_id, None) if line.item_id is not None else None
        if item is None:
            place += 1
            item = AgendaItem(position=place)
            meeting.agenda.append(item)
        item.title, item.task_id = line.title, line.task_id
    for item in known.values():
        if item.discussion:
            raise Rejected({"lines": f"“{item.title}”已有讨论记录，不能删除。"})
        meeting.agenda.remove(item)


def _changes(meeting: Meeting, kind: MeetingKind, entry: MeetingEntry) -> Iterable[tuple[str, str]]:
    """Return what an edit changes, in words, before it is applied."""
    if kind.slug != meeting.kind:
        yield "类型", kind.title
    if entry.planned_at != meeting.planned_at:
        yield "时间", f"{_moment(meeting.planned_at)} 改为 {_moment(entry.planned_at)}"
    if entry.place != meeting.place:
        yield "地点", entry.place or "未定"
    if [line.title for line in entry.agenda] != [item.title for item in meeting.agenda]:
        yield "议程", f"共 {len(entry.agenda)} 项"


def _moment(at: datetime) -> str:
    return clock.local(at).strftime("%Y-%m-%d %H:%M")
