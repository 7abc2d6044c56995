"""Who may do what with a meeting, and when the next one is due (H-31; domain-facts §11)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from portal import clock
from portal.models import Meeting, MeetingState, Pairing, Programme, Role, Side, User
from portal.policies.decision import YES, Decision, no, yes_if
from portal.policies.pairings import works_in
from portal.policies.scope import sees_all_pairings, side_of, visible_pairings
from portal.workdays import add_workdays

MINUTES_WORKDAYS = 10
"""Minutes are signed within so many working days of the meeting (domain-facts §11)."""

GRACE_MONTHS = 3
"""The final meeting may be held so many months after the programme's last day (M36)."""

HELD_STATES = (MeetingState.HELD, MeetingState.APPROVED)
READERS = frozenset(
    {
        Role.COMMISSION_OFFICER,
        Role.CENTRE_REVIEWER,
        Role.CITY_OFFICER,
        Role.BASE_COORDINATOR,
        Role.BASE_LEADER,
    }
)


def reads_meetings(viewer: User) -> bool:
    """Whether the viewer's role has to do with meetings at all; a contributor's has not."""
    return viewer.role in READERS


def visible_meetings(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Meeting under which ``viewer`` sees it."""
    if sees_all_pairings(viewer):
        return sa.true()
    if not reads_meetings(viewer):
        return sa.false()
    return Meeting.pairing_id.in_(sa.select(Pairing.id).where(visible_pairings(viewer)))


def can_plan_meeting(viewer: User, pairing: Pairing) -> Decision:
    """Both hospitals call meetings of their pairing, change them and call them off."""
    return yes_if(works_in(viewer, pairing), "只有结对双方的基地管理员或负责人可以安排会议。")


def can_edit_meeting(viewer: User, meeting: Meeting) -> Decision:
    """The same for one meeting."""
    return can_plan_meeting(viewer, meeting.pairing)


def can_write_minutes(viewer: User, meeting: Meeting) -> Decision:
    """Both hospitals may write them, save the leader who is to approve them (four eyes)."""
    if not works_in(viewer, meeting.pairing):
        return no("会议纪要由结对双方的基地管理员记录。")
    if approves_for(viewer, meeting.pairing):
        return no("您是批准纪要的负责人，纪要应由双方基地管理员或受援方负责人记录。")
    return YES


def approves_for(viewer: User, pairing: Pairing) -> bool:
    """Whether the viewer's account stands for the group's leader (H-30: the supporting head)."""
    return viewer.role is Role.BASE_LEADER and side_of(viewer, pairing) is Side.SUPPORTING


def can_approve_minutes(viewer: User, meeting: Meeting) -> Decision:
    """The group's leader approves or returns, never what they wrote themselves (four eyes)."""
    if not approves_for(viewer, meeting.pairing):
        return no("会议纪要由领导小组组长（帮扶方基地负责人）批准。")
    return yes_if(meeting.minutes_by_id != viewer.id, "这份纪要由您记录，应由其他负责人批准。")


def meeting_days(programme: Programme) -> tuple[date, date]:
    """Return the first and last day on which a meeting of the programme can lie.

    From the notice itself, because the group first meets before agreements are filed.
    """
    first = min(programme.issued_on or programme.starts_on, programme.starts_on)
    return first, clock.add_months(programme.ends_on, GRACE_MONTHS)


@dataclass(frozen=True)
class MeetingStatus:
    """Where a pairing stands against the programme's interval.

    ``next_due_on`` is None once the programme ends before another meeting is due;
    ``overdue_days`` counts calendar days, 0 when nothing is overdue.
    """

    last_held_on: date | None
    next_due_on: date | None
    overdue_days: int

    @property
    def is_overdue(self) -> bool:
        """Whether the pairing should have met before today."""
        return self.overdue_days > 0


def meeting_due_on(last_held_on: date | None, start: date, interval_months: int) -> date:
    """Return the day by which the leadership group must next meet (H-31).

    ``start`` is the later of the programme's start, the agreement's filing and the plan's
    coming into force; a meeting after it starts the interval anew.
    """
    since = max(start, last_held_on) if last_held_on else start
    return clock.add_months(since, interval_months)


def status_on(
    today: date, *, last_held_on: date | None, start: date, interval_months: int, ends_on: date
) -> MeetingStatus:
    """Return the status on ``today``; nothing falls due after the programme's end."""
    due_on = meeting_due_on(last_held_on, start, interval_months)
    if due_on > ends_on:
        return MeetingStatus(last_held_on, None, 0)
    return MeetingStatus(last_held_on, due_on, max(0, (today - due_on).days))


def minutes_due_on(held_on: date) -> date:
    """Return the last day on which the minutes are approved in time."""
    return add_workdays(held_on, MINUTES_WORKDAYS)


def is_late(meeting: Meeting, today: date) -> bool:
    """Whether a planned day has passed without a record, or minutes wait too long."""
    if meeting.state is MeetingState.PLANNED and not meeting.return_reason:
        return clock.local_date(meeting.planned_at) < today
    waits = meeting.state is MeetingState.HELD or meeting.is_returned
    return waits and meeting.held_on is not None and minutes_due_on(meeting.held_on) < today


def late_meetings(today: date) -> sa.ColumnElement[bool]:
    """Return the same rule as :func:`is_late`, as a condition for lists."""
    midnight = datetime.combine(today, time(), clock.SHANGHAI).astimezone(UTC)
    planned = Meeting.state == MeetingState.PLANNED
    returned = sa.and_(planned, Meeting.return_reason != "")
    return sa.or_(
        sa.and_(planned, Meeting.return_reason == "", Meeting.planned_at < midnight),
        sa.and_(
            sa.or_(Meeting.state == MeetingState.HELD, returned),
            Meeting.held_on <= _last_late_day(today),
        ),
    )


def _last_late_day(today: date) -> date:
    """Return the latest day whose minutes are late on ``today``."""
    day = today - timedelta(days=MINUTES_WORKDAYS)
    while minutes_due_on(day) >= today:
        day -= timedelta(days=1)
    return day


@dataclass(frozen=True)
class Turn:
    """Who must act next, since when, and by when."""

    who: str
    since: date
    due_on: date | None


def whose_turn(meeting: Meeting) -> Turn | None:
    """Return who must act next, or None when nobody must."""
    if meeting.is_returned:
        due_on = minutes_due_on(meeting.held_on) if meeting.held_on else None
        return Turn("基地管理员修改纪要", clock.local_date(meeting.state_since), due_on)
    if meeting.state is MeetingState.HELD and meeting.held_on:
        hospital = meeting.pairing.supporting.short_name
        since = clock.local_date(meeting.state_since)
        return Turn(f"{hospital}负责人批准纪要", since, minutes_due_on(meeting.held_on))
    if meeting.state is MeetingState.PLANNED:
        return Turn("基地管理员记录纪要", clock.local_date(meeting.planned_at), None)
    return None
