"""Minutes: written, sent to the group's leader, returned or approved; resolutions become tasks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    AgendaItem,
    Area,
    Attendance,
    AttendanceStatus,
    GroupRole,
    LeadershipGroup,
    Meeting,
    MeetingState,
    Pairing,
    Resolution,
    Side,
    Task,
    User,
)
from portal.policies.decision import require
from portal.policies.meetings import can_approve_minutes, can_write_minutes, meeting_days
from portal.services.meetings import AgendaEntry, tasks_of
from portal.services.plans import add_resolution_task
from portal.workflow import check_version, record, transition
from portal.workflow.meetings import WORKFLOW, creates_task

RESOLUTION_WEIGHT = 1
"""A task from a meeting counts as an ordinary one until the plan is amended."""

TITLE_LENGTH = 100


@dataclass(frozen=True)
class AttendanceEntry:
    """One person. Members of the group carry their role in it; guests carry none."""

    name: str
    status: AttendanceStatus = AttendanceStatus.PRESENT
    side: Side | None = None
    job_title: str = ""
    group_role: str = ""
    member_id: int | None = None

    @property
    def key(self) -> tuple[str, Side | None]:
        """What tells two people of one meeting apart."""
        return self.name, self.side

    @property
    def role_label(self) -> str:
        """组长, 副组长, 成员, or nothing for a guest."""
        return GroupRole(self.group_role).label if self.group_role else ""


@dataclass(frozen=True)
class ResolutionEntry:
    """One resolved item: with ``area`` it becomes a task, with ``task_id`` it is linked."""

    body: str
    side: Side
    due_on: date | None = None
    task_id: int | None = None
    area: Area | None = None
    criteria: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class MinutesEntry:
    """What the one page of minutes says. New points of the agenda carry no ``item_id``."""

    held_on: date
    chair: str = ""
    recorder: str = ""
    minutes: str = ""
    attendance: Sequence[AttendanceEntry] = field(default=())
    agenda: Sequence[AgendaEntry] = field(default=())
    resolutions: Sequence[ResolutionEntry] = field(default=())


def invited(meeting: Meeting, group: LeadershipGroup | None) -> list[AttendanceEntry]:
    """Return whom the page asks about: the group of today, and who was recorded before.

    A member counts as present until somebody says otherwise; one who has left the group
    since stays on the record.
    """
    saved = {(one.name, one.side): one for one in meeting.attendance if one.group_role}
    found = []
    for member in group.current_members if group else []:
        known = saved.pop((member.name, member.side), None)
        status = known.status if known else AttendanceStatus.PRESENT
        found.append(
            AttendanceEntry(
                member.name, status, member.side, member.job_title, member.role.value, member.id
            )
        )
    return found + [_entry(one) for one in saved.values()]


def guests(meeting: Meeting) -> list[AttendanceEntry]:
    """Return who was recorded without being of the group."""
    return [_entry(one) for one in meeting.attendance if not one.group_role]


def record_minutes(
    meeting: Meeting, entry: MinutesEntry, *, send: bool, seen_version: int | None, actor: User
) -> Meeting:
    """Save the minutes as a draft, or save them and ``send`` them to the leader.

    Raises Forbidden, StaleEdit, StepRefused (already sent, approved or called off; something
    missing) or Rejected (impossible days, a name twice, a task that cannot be linked).
    """
    require(can_write_minutes(actor, meeting))
    if meeting.state is not MeetingState.PLANNED:
        raise StepRefused(f"会议当前状态为“{meeting.state.label}”，不能修改纪要。")
    check_version(meeting, seen_version)
    tasks = _check(meeting, entry)
    with db.session.begin_nested():
        meeting.held_on, meeting.minutes = entry.held_on, entry.minutes
        meeting.chair, meeting.recorder = entry.chair, entry.recorder
        # Also raises the version, when nothing but the lines has changed.
        meeting.minutes_by_id, meeting.minutes_at = actor.id, clock.now()
        _set_discussions(meeting, entry.agenda)
        _set_attendance(meeting, entry.attendance)
        _set_resolutions(meeting, entry.resolutions, tasks)
        db.session.flush()
        if send:
            transition(WORKFLOW, meeting, "hold", actor=actor, details=_summary(meeting))
            meeting.return_reason = ""
        else:
            record(meeting, "meeting", action="drafted", title="保存纪要草稿", actor=actor)
    db.session.flush()
    return meeting


def return_minutes(
    meeting: Meeting, *, reason: str, seen_version: int | None = None, actor: User
) -> Meeting:
    """Send the minutes back to be mended.

    Raises Forbidden, StaleEdit, StepRefused, or Rejected without a reason.
    """
    require(can_approve_minutes(actor, meeting))
    check_version(meeting, seen_version)
    transition(WORKFLOW, meeting, "return_minutes", actor=actor, comment=reason)
    meeting.return_reason = reason.strip()
    db.session.flush()
    return meeting


def approve_minutes(
    meeting: Meeting, *, comment: str = "", seen_version: int | None = None, actor: User
) -> list[Task]:
    """Approve the minutes; return the tasks that their resolutions became. All or nothing.

    Raises Forbidden (not the leader, or the one who wrote them), StaleEdit or StepRefused.
    """
    require(can_approve_minutes(actor, meeting))
    check_version(meeting, seen_version)
    with db.session.begin_nested():
        year = (meeting.held_on or clock.today()).year
        meeting.number_year, meeting.number = year, _next_number(meeting.pairing, year)
        meeting.approved_by, meeting.approved_at = actor, clock.now()
        transition(
            WORKFLOW,
            meeting,
            "approve_minutes",
            actor=actor,
            comment=comment,
            details=[("纪要编号", meeting.minutes_number)],
        )
        made = [_make_task(one, actor) for one in meeting.resolutions if creates_task(one)]
        _tell_tasks(meeting, actor)
        if made:
            record(
                meeting,
                WORKFLOW.object_type,
                action="tasks_made",
                title="议定事项转为任务",
                actor=actor,
                details=[("生成任务", f"{task.code} {task.title}") for task in made],
            )
        db.session.flush()
    return made


def _next_number(pairing: Pairing, year: int) -> int:
    """Return the next number of the pairing's minutes in ``year``; the pairing's row is held."""
    db.session.execute(
        sa.select(Pairing.id).where(Pairing.id == pairing.id).with_for_update(key_share=True)
    )
    highest = db.session.scalar(
        sa.select(sa.func.max(Meeting.number)).where(
            Meeting.pairing_id == pairing.id, Meeting.number_year == year
        )
    )
    return (highest or 0) + 1


def _make_task(resolution: Resolution, actor: User) -> Task:
    """Turn a resolution into a task of the plan; its day and area were checked before."""
    if resolution.area is None or resolution.due_on is None:
        raise RuntimeError("a resolution without area or day passed the checklist")
    task = add_resolution_task(
        resolution.meeting.pairing,
        title=task_title(resolution.body),
        criteria=resolution.criteria,
        area=resolution.area,
        due_on=resolution.due_on,
        evidence=[resolution.evidence],
        weight=RESOLUTION_WEIGHT,
        actor=actor,
    )
    resolution.task = task
    return task


def task_title(body: str) -> str:
    """Return a resolution's text as a task's title: one line, cut where it grows too long."""
    line = " ".join(body.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1] + "…"


def _tell_tasks(meeting: Meeting, actor: User) -> None:
    """Write into each task's history which meeting resolved on it."""
    db.session.flush()
    for resolution in meeting.resolutions:
        if resolution.task is None:
            continue
        made = resolution.area is not None
        record(
            resolution.task,
            "task",
            action="resolved",
            title="由会议议定事项生成" if made else "会议议定事项关联本任务",
            actor=actor,
            comment=resolution.body,
            details=[("会议", f"{meeting.title} {meeting.minutes_number}")],
        )


def _check(meeting: Meeting, entry: MinutesEntry) -> dict[int, Task]:
    """Refuse what no minutes can say; return the tasks they link, by id."""
    wrong: dict[str, str] = {}
    first, last = meeting_days(meeting.pairing.programme)
    if entry.held_on > clock.today():
        wrong["held_on"] = "召开日期不能晚于今天。"
    elif not first <= entry.held_on <= last:
        wrong["held_on"] = f"召开日期应在帮扶周期内（{first} 至 {last}）。"
    seen: set[tuple[str, Side | None]] = set()
    for one in entry.attendance:
        if one.key in seen:
            wrong["guests"] = f"{one.name}重复填写。"
        seen.add(one.key)
    for number, line in enumerate(entry.resolutions, 1):
        if line.due_on and line.due_on < entry.held_on:
            wrong["resolutions"] = f"第 {number} 项的完成时限早于召开日期。"
    if wrong:
        raise Rejected(wrong)
    linked = {one.task_id for one in meeting.resolutions}
    tasks = tasks_of(meeting.pairing, (one.task_id for one in entry.resolutions), "resolutions")
    for task in tasks.values():
        if task.is_over and task.id not in linked:
            said = f"任务“{task.title}”{task.state.label}，请关联其他任务。"
            raise Rejected({"resolutions": said})
    return tasks


def _set_discussions(meeting: Meeting, lines: Iterable[AgendaEntry]) -> None:
    """Write down what was said about each point; points that came up on the day go last."""
    known = {item.id: item for item in meeting.agenda}
    place = max((item.position for item in meeting.agenda), default=0)
    for line in lines:
        if line.item_id in known:
            known[line.item_id].discussion = line.discussion
        else:
            place += 1
            item = AgendaItem(position=place, title=line.title, discussion=line.discussion)
            meeting.agenda.append(item)


def _set_attendance(meeting: Meeting, entries: Iterable[AttendanceEntry]) -> None:
    """Make the attendance consist of ``entries``."""
    known = {(one.name, one.side): one for one in meeting.attendance}
    for entry in entries:
        row = known.pop(entry.key, None)
        if row is None:
            row = Attendance(name=entry.name, side=entry.side)
            meeting.attendance.append(row)
        row.status, row.job_title = entry.status, entry.job_title
        row.group_role, row.member_id = entry.group_role, entry.member_id
    for row in known.values():
        meeting.attendance.remove(row)


def _set_resolutions(
    meeting: Meeting, entries: Sequence[ResolutionEntry], tasks: Mapping[int, Task]
) -> None:
    """Make the resolutions consist of ``entries``, reusing the rows: places are unique."""
    rows = meeting.resolutions
    while len(rows) > len(entries):
        rows.pop()
    for place, entry in enumerate(entries, 1):
        if place > len(rows):
            rows.append(Resolution(position=place))
        row = rows[place - 1]
        row.body, row.responsible_side, row.due_on = entry.body, entry.side, entry.due_on
        row.task = tasks[entry.task_id] if entry.task_id else None
        row.area = None if entry.task_id else entry.area
        row.criteria, row.evidence = entry.criteria, entry.evidence


def _summary(meeting: Meeting) -> list[tuple[str, str]]:
    """Return what was sent, for the history."""
    present = sum(one.status is AttendanceStatus.PRESENT for one in meeting.attendance)
    return [("出席", f"{present} 人"), ("议定事项", f"{len(meeting.resolutions)} 项")]


def _entry(row: Attendance) -> AttendanceEntry:
    return AttendanceEntry(
        row.name, row.status, row.side, row.job_title, row.group_role, row.member_id
    )
