"""Meetings in each state, made through the services as people make them."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from portal import clock
from portal.extensions import db
from portal.models import (
    AttendanceStatus,
    Duty,
    GroupRole,
    LeadershipGroup,
    Meeting,
    Pairing,
    Side,
    User,
)
from portal.services.groups import MemberEntry, save_group
from portal.services.meetings import AgendaEntry, MeetingEntry, cancel_meeting, plan_meeting
from portal.services.minutes import (
    AttendanceEntry,
    MinutesEntry,
    ResolutionEntry,
    approve_minutes,
    invited,
    record_minutes,
    return_minutes,
)
from tests.factories.scenes import Scene

MEMBERS = (
    MemberEntry("林一川", Side.SUPPORTING, "院长", GroupRole.LEADER, Duty.BASE_HEAD),
    MemberEntry("苏望海", Side.SUPPORTED, "副院长", GroupRole.DEPUTY, Duty.EXECUTIVE),
    MemberEntry("符清越", Side.SUPPORTING, "科教科科长", GroupRole.MEMBER, Duty.TRAINING_OFFICE),
    MemberEntry("邢北辰", Side.SUPPORTED, "科教科科长", GroupRole.MEMBER, Duty.TRAINING_OFFICE),
)


def leadership_group(scene: Scene, pairing: Pairing | None = None) -> LeadershipGroup:
    """Give the pairing a group of four: leader, deputy and two members."""
    pairing = pairing or scene.pairing
    if pairing.group and pairing.group.current_members:
        return pairing.group
    return save_group(
        pairing,
        MEMBERS,
        established_on=pairing.programme.starts_on,
        seen_version=None,
        actor=_coordinator(scene, pairing),
    )


def planned_meeting(
    scene: Scene,
    *,
    pairing: Pairing | None = None,
    on: date | None = None,
    kind: str = "quarterly",
    title: str = "",
    agenda: Sequence[AgendaEntry] = (AgendaEntry("通报任务进度"), AgendaEntry("部署下季度工作")),
) -> Meeting:
    """Call a meeting, by default of today at nine."""
    pairing = pairing or scene.pairing
    day = on or clock.today()
    entry = MeetingEntry(
        kind, datetime.combine(day, time(9), clock.SHANGHAI), title, "第一会议室", agenda
    )
    return plan_meeting(pairing, entry, actor=_coordinator(scene, pairing))


def minutes_entry(
    meeting: Meeting,
    *,
    resolutions: Sequence[ResolutionEntry] = (),
    absent: Sequence[str] = (),
    held_on: date | None = None,
    minutes: str = "会议听取了双方科教科的汇报。",
) -> MinutesEntry:
    """Return complete minutes; the group is present save those named in ``absent``."""
    group = meeting.pairing.group
    return MinutesEntry(
        held_on=held_on or min(clock.local_date(meeting.planned_at), clock.today()),
        chair="林一川",
        recorder="符清越",
        minutes=minutes,
        attendance=[
            AttendanceEntry(
                one.name,
                AttendanceStatus.ABSENT if one.name in absent else AttendanceStatus.PRESENT,
                one.side,
                one.job_title,
                one.group_role,
                one.member_id,
            )
            for one in invited(meeting, group)
        ],
        agenda=[
            AgendaEntry(item.title, item_id=item.id, discussion="同意。") for item in meeting.agenda
        ],
        resolutions=resolutions,
    )


def draft_minutes(
    scene: Scene, *, resolutions: Sequence[ResolutionEntry] = (), **planned: object
) -> Meeting:
    """Plan a meeting and save its minutes as a draft that lacks nothing."""
    meeting = planned_meeting(scene, **planned)  # type: ignore[arg-type]
    leadership_group(scene, meeting.pairing)
    return _record(scene, meeting, resolutions, send=False)


def held_meeting(
    scene: Scene, *, resolutions: Sequence[ResolutionEntry] = (), **planned: object
) -> Meeting:
    """Plan a meeting, write its minutes and send them to the leader."""
    meeting = planned_meeting(scene, **planned)  # type: ignore[arg-type]
    leadership_group(scene, meeting.pairing)
    return _record(scene, meeting, resolutions, send=True)


def returned_meeting(scene: Scene, *, reason: str = "请补充完成时限。", **held: object) -> Meeting:
    """Return the minutes of a held meeting."""
    meeting = held_meeting(scene, **held)  # type: ignore[arg-type]
    return return_minutes(meeting, reason=reason, actor=_leader(scene, meeting.pairing))


def approved_meeting(
    scene: Scene, *, resolutions: Sequence[ResolutionEntry] = (), **planned: object
) -> Meeting:
    """Hold a meeting and have its minutes approved; resolutions become tasks."""
    meeting = held_meeting(scene, resolutions=resolutions, **planned)
    approve_minutes(meeting, actor=_leader(scene, meeting.pairing))
    return meeting


def cancelled_meeting(scene: Scene, **planned: object) -> Meeting:
    """Call a meeting off."""
    meeting = planned_meeting(scene, **planned)  # type: ignore[arg-type]
    return cancel_meeting(
        meeting, reason="时间冲突，另行通知。", actor=_coordinator(scene, meeting.pairing)
    )


def days_ago(days: int) -> date:
    """Return the calendar day so many days before today."""
    return clock.today() - timedelta(days=days)


def _record(
    scene: Scene, meeting: Meeting, resolutions: Sequence[ResolutionEntry], *, send: bool
) -> Meeting:
    record_minutes(
        meeting,
        minutes_entry(meeting, resolutions=resolutions),
        send=send,
        seen_version=None,
        actor=_coordinator(scene, meeting.pairing),
    )
    db.session.flush()
    return meeting


def _coordinator(scene: Scene, pairing: Pairing) -> User:
    """Whoever keeps the books of the pairing."""
    return scene.supporting_coordinator if pairing is scene.pairing else scene.foreign_coordinator


def _leader(scene: Scene, pairing: Pairing) -> User:
    """The leader of the pairing under test; the foreign one has none on its supporting side."""
    if pairing is not scene.pairing:
        raise ValueError("only the scene's own pairing has a leader who can approve")
    return scene.supporting_leader
