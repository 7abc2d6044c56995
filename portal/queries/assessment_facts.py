"""What the ledger says about one pairing up to a cut-off day: the facts behind the figures.

Seven queries at most, however many tasks there are, and one more where due dates were moved.
The caller has loaded the assessment in its viewer's scope. Everything is read as it stood on
the cut-off day: a closure undone by a look-back up to that day counts as open, one undone later
still stands; a due date moved later counts as it was.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import clock
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementKind,
    Area,
    Assessment,
    ClosureRequest,
    ClosureState,
    Duty,
    ExtensionRequest,
    ExtensionState,
    GroupMember,
    GroupRole,
    LeadershipGroup,
    Meeting,
    MeetingState,
    Pairing,
    Plan,
    PlanState,
    Side,
    Task,
    TaskState,
)
from portal.policies.groups import REQUIRED_SEATS, Seat, seat_label
from portal.scoring.facts import (
    ApplicationFact,
    Facts,
    FilingFact,
    GroupFacts,
    MeetingFact,
    SeatKind,
    TaskFact,
)
from portal.workdays import workdays_between

SEAT_KINDS = (
    ("组长", GroupRole.LEADER, Duty.BASE_HEAD),
    ("副组长", GroupRole.DEPUTY, Duty.EXECUTIVE),
    ("双方培训职能部门负责人", GroupRole.MEMBER, Duty.TRAINING_OFFICE),
    ("双方全科专业基地负责人", GroupRole.MEMBER, Duty.GP_DIRECTOR),
)
"""The four kinds of member that item 1.1 counts; each gathers the seats of the notice (H-30)."""


def facts_for(assessment: Assessment) -> Facts:
    """Return everything the automatic rules need to know about ``assessment``'s year."""
    pairing, cutoff = assessment.pairing, assessment.cutoff_on
    rounds = _rounds_by_task(pairing)
    limit = int(assessment.scheme.parameters["review_within_workdays"]["value"])
    tasks = [one for one in _tasks_in_force(pairing) if not _rested_on(one, cutoff)]
    later = _extensions_after(tasks, cutoff)
    return Facts(
        cutoff_on=cutoff,
        group=_group(pairing, cutoff),
        filing=_filing(assessment),
        meetings=_meetings(assessment),
        tasks=tuple(_task(task, rounds[task.id], cutoff, later[task.id]) for task in tasks),
        applications=tuple(
            fact
            for task in tasks
            for one in rounds[task.id]
            if (fact := _application(task, one, assessment, limit)) is not None
        ),
    )


def _group(pairing: Pairing, cutoff: date) -> GroupFacts:
    """Return who was missing from the leadership group on the cut-off day."""
    members = db.session.scalars(
        sa.select(GroupMember)
        .join(LeadershipGroup)
        .where(
            LeadershipGroup.pairing_id == pairing.id,
            GroupMember.joined_on <= cutoff,
            sa.or_(GroupMember.left_on.is_(None), GroupMember.left_on > cutoff),
        )
        .order_by(GroupMember.position, GroupMember.id)
    ).all()
    taken = {Seat(member.side, member.duty, member.role) for member in members}
    return GroupFacts(
        pairing.id,
        tuple(
            SeatKind(
                label,
                tuple(
                    f"缺少{seat_label(seat, pairing)}"
                    for seat in REQUIRED_SEATS
                    if (seat.role, seat.duty) == (role, duty) and seat not in taken
                ),
            )
            for label, role, duty in SEAT_KINDS
        ),
    )


def _meetings(assessment: Assessment) -> tuple[MeetingFact, ...]:
    """Return the leadership-group meetings held in the period.

    Minutes have a time limit of their own: those of a late December meeting that were
    signed in January, in time, count as signed in time.
    """
    held = db.session.scalars(
        sa.select(Meeting)
        .where(
            Meeting.pairing_id == assessment.pairing_id,
            Meeting.of_leadership,
            Meeting.state.in_([MeetingState.HELD, MeetingState.APPROVED]),
            Meeting.held_on.between(assessment.period_start, assessment.cutoff_on),
        )
        .order_by(Meeting.held_on, Meeting.id)
    )
    return tuple(_meeting(meeting, meeting.held_on) for meeting in held if meeting.held_on)


def _meeting(meeting: Meeting, held_on: date) -> MeetingFact:
    approved = meeting.state is MeetingState.APPROVED and meeting.approved_at
    signed_on = clock.local_date(approved) if approved else None
    return MeetingFact(
        meeting.id,
        meeting.title,
        held_on,
        signed_on,
        workdays_between(held_on, signed_on) if signed_on else None,
    )


def _filing(assessment: Assessment) -> FilingFact:
    """Return what item 1.3 asks for: the agreement in the first year, later the year's plan."""
    programme_year = assessment.year - assessment.pairing.programme.starts_on.year + 1
    if programme_year <= 1:
        return _agreement_filed(assessment)
    return _plan_confirmed(assessment, programme_year)


def _agreement_filed(assessment: Assessment) -> FilingFact:
    """Judge the first submission of the agreement that was filed: the centre's own time is free."""
    agreement = db.session.scalar(
        sa.select(Agreement)
        .where(
            Agreement.pairing_id == assessment.pairing_id,
            Agreement.kind == AgreementKind.ORIGINAL,
        )
        .order_by(
            Agreement.first_submitted_at.is_(None), Agreement.first_submitted_at, Agreement.id
        )
        .limit(1)
    )
    deadline = assessment.pairing.programme.filing_deadline
    if agreement is None:
        return FilingFact("pairing", assessment.pairing_id, "帮扶协议备案", deadline, None)
    submitted = agreement.first_submitted_at
    day = clock.local_date(submitted) if submitted else None
    accepted = agreement.filed_at is not None
    counts = day is not None and accepted and day <= assessment.cutoff_on
    note = f"备案号 {agreement.filing_number}" if accepted else f"协议{agreement.state.label}"
    return FilingFact(
        "agreement", agreement.id, "帮扶协议备案", deadline, day if counts else None, note
    )


def _plan_confirmed(assessment: Assessment, programme_year: int) -> FilingFact:
    """Judge the later of both sides' endorsements of a plan with goals for all five areas."""
    plan = db.session.scalar(
        sa.select(Plan)
        .where(Plan.pairing_id == assessment.pairing_id)
        .options(selectinload(Plan.goals), selectinload(Plan.endorsements))
    )
    deadline = clock.add_months(
        assessment.pairing.programme.filing_deadline, 12 * (programme_year - 1)
    )
    title = f"第{programme_year}年度计划更新确认"
    if plan is None:
        return FilingFact("pairing", assessment.pairing_id, title, deadline, None)
    areas = {goal.area for goal in plan.goals if goal.year == programme_year}
    marks = [plan.endorsement_of(side) for side in Side]
    days = [clock.local_date(mark.endorsed_at) for mark in marks if mark]
    notes = []
    if len(areas) < len(Area):
        notes.append(f"年度目标缺 {len(Area) - len(areas)} 个方面")
    if len(days) < len(marks):
        notes.append("双方尚未全部确认")
    done = max(days) if not notes and max(days) <= assessment.cutoff_on else None
    return FilingFact("plan", assessment.pairing_id, title, deadline, done, "；".join(notes))


def _tasks_in_force(pairing: Pairing) -> Sequence[Task]:
    """Return the tasks of a plan that is (or was) in force, in the order of their dates."""
    return db.session.scalars(
        sa.select(Task)
        .join(Task.plan)
        .where(
            Task.pairing_id == pairing.id,
            Plan.state.in_([PlanState.IN_FORCE, PlanState.COMPLETED]),
        )
        .order_by(Task.due_on, Task.id)
    ).all()


def _rounds_by_task(pairing: Pairing) -> dict[int, list[ClosureRequest]]:
    """Return every round of closure of the pairing, by task, in their order."""
    rounds: dict[int, list[ClosureRequest]] = defaultdict(list)
    for one in db.session.scalars(
        sa.select(ClosureRequest)
        .join(ClosureRequest.task)
        .where(Task.pairing_id == pairing.id)
        .order_by(ClosureRequest.task_id, ClosureRequest.round)
    ):
        rounds[one.task_id].append(one)
    return rounds


def _rested_on(task: Task, day: date) -> bool:
    """Whether the task was cancelled or suspended by the end of ``day``: nobody owes it then.

    One that was resumed since is owed again, from its due date on.
    """
    if task.state is TaskState.CANCELLED:
        return task.cancelled_on is not None and task.cancelled_on <= day
    return task.state is TaskState.SUSPENDED and _by(task.state_since, day)


def _extensions_after(tasks: Sequence[Task], cutoff: date) -> dict[int, list[ExtensionRequest]]:
    """Return what was granted after ``cutoff``, by task, oldest first: it does not count yet.

    Asks nothing where no due date was ever moved.
    """
    later: dict[int, list[ExtensionRequest]] = defaultdict(list)
    moved = [task.pairing_id for task in tasks if task.extensions]
    if not moved:
        return later
    for one in db.session.scalars(
        sa.select(ExtensionRequest)
        .where(
            ExtensionRequest.pairing_id == moved[0],
            ExtensionRequest.state == ExtensionState.GRANTED,
            ExtensionRequest.decided_at >= _next_morning(cutoff),
        )
        .order_by(ExtensionRequest.decided_at, ExtensionRequest.id)
    ):
        later[one.task_id].append(one)
    return later


def _task(
    task: Task,
    rounds: Sequence[ClosureRequest],
    cutoff: date,
    later: Sequence[ExtensionRequest] = (),
) -> TaskFact:
    """Return the task as it stood on ``cutoff``; ``later`` is what was granted after it."""
    title = f"{task.code} {task.title}"
    standing = next((one for one in rounds if _stands_on(one, cutoff)), None)
    if standing is None or standing.decided_at is None:
        due_on = later[0].from_due_on if later else task.due_on
        return TaskFact(task.id, title, task.weight, due_on, task.extensions - len(later))
    failed = (ClosureState.RETURNED, ClosureState.REOPENED)
    return TaskFact(
        task.id,
        title,
        task.weight,
        standing.due_on,
        standing.extensions,
        applied_on=clock.local_date(standing.requested_at),
        closed_on=clock.local_date(standing.decided_at),
        failed_rounds=sum(one.round < standing.round and one.state in failed for one in rounds),
        files=tuple((piece["file_id"], piece["file_name"]) for piece in standing.evidence),
    )


def _stands_on(one: ClosureRequest, day: date) -> bool:
    """Whether this round had closed the task and was not undone by the end of ``day``."""
    if one.state not in (ClosureState.CLOSED, ClosureState.REOPENED):
        return False
    return _by(one.decided_at, day) and not _by(one.reopened_at, day)


def _next_morning(day: date) -> datetime:
    """Return the first moment behind ``day`` in Shanghai."""
    return datetime.combine(day + timedelta(days=1), time(), clock.SHANGHAI)


def _by(moment: datetime | None, day: date) -> bool:
    return moment is not None and clock.local_date(moment) <= day


def _application(
    task: Task, one: ClosureRequest, assessment: Assessment, limit: int
) -> ApplicationFact | None:
    """Return the application, if the supporting base had to review it in the period.

    Left out: one that a newer application voided before anybody reviewed it, and one whose
    time limit had not run out on the cut-off day while nobody had reviewed it yet.
    """
    applied = clock.local_date(one.requested_at)
    if not assessment.period_start <= applied <= assessment.cutoff_on:
        return None
    reviewed = one.confirmed_at
    if reviewed is None and one.state is ClosureState.RETURNED:
        reviewed = one.decided_at
    title = f"{task.code} {task.title}（第 {one.round} 轮）"
    if reviewed is not None:
        day = clock.local_date(reviewed)
        return ApplicationFact(one.id, task.id, title, applied, day, workdays_between(applied, day))
    expired = workdays_between(applied, assessment.cutoff_on) > limit
    if one.state is ClosureState.VOIDED or not expired:
        return None
    return ApplicationFact(one.id, task.id, title, applied)
