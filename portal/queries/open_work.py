"""What is open with one person: what was given to them, and what waits on their post."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import clock
from portal.extensions import db
from portal.models import (
    Assessment,
    AssessmentState,
    ExpertAssignment,
    GroupMember,
    LeadershipGroup,
    Light,
    Meeting,
    MeetingState,
    Pairing,
    Plan,
    Role,
    Side,
    SigningDelegation,
    Task,
    Upload,
    UploadState,
    User,
)
from portal.policies.scope import of_own_hospital, side_of
from portal.policies.tasks import OVER, is_open_with
from portal.queries.workbench import bench_of

WITHOUT_A_POST = frozenset({Role.EXPERT, Role.CONTRIBUTOR})
"""Whose workbench shows only what was given to them in person."""


@dataclass(frozen=True)
class OpenThing:
    """One line of the list. ``moves``: it is given in person and can be given to another.

    What does not move is told all the same, with what is to be done about it (``note``).
    """

    key: str
    kind: str
    title: str
    number: str = ""
    where: str = ""
    state: str = ""
    due_on: date | None = None
    light: Light | None = None
    moves: bool = False
    note: str = ""
    endpoint: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    def kept(self) -> dict[str, Any]:
        """Return the line as a hand-over keeps it."""
        return {
            "key": self.key,
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "where": self.where,
            "state": self.state,
            "due_on": self.due_on.isoformat() if self.due_on else "",
            "light": self.light.value if self.light else "",
            "moved": self.moves,
            "note": self.note,
        }


def open_work_of(user: User) -> list[OpenThing]:
    """Return everything open with ``user``: what moves first, by due date, then the rest."""
    meetings = list(_meetings(user))
    return [
        *_tasks(user),
        *_assignments(user),
        *meetings,
        *_groups(user),
        *_delegations(user),
        *_uploads(user),
        *_waiting_on_post(user, listed=[one.values for one in meetings]),
    ]


def open_tasks(user: User) -> sa.Select[Task]:
    """Return the statement of the open tasks that ``user`` has in charge for their hospital."""
    return (
        sa.select(Task)
        .join(Plan, Plan.id == Task.plan_id)
        .join(Pairing, Pairing.id == Task.pairing_id)
        .where(is_open_with(user))
        .order_by(Task.due_on, Task.id)
    )


def tasks_left_behind(user: User) -> int:
    """Return how many open tasks of a hospital they left still name ``user``.

    No hand-over reaches them: the coordinator there names somebody else on the task's page.
    """
    named = sa.or_(Task.supporting_owner_id == user.id, Task.supported_owner_id == user.id)
    found = (
        sa.select(sa.func.count())
        .select_from(Task)
        .join(Plan, Plan.id == Task.plan_id)
        .join(Pairing, Pairing.id == Task.pairing_id)
        .where(named, sa.not_(Task.is_over), Plan.state.not_in(OVER))
        .where(sa.not_(is_open_with(user)))
    )
    return db.session.scalar(found) or 0


def open_assignments(user: User) -> sa.Select[ExpertAssignment, Assessment]:
    """Return the statement of the assessments that ``user`` is still to score."""
    return (
        sa.select(ExpertAssignment, Assessment)
        .join(Assessment, Assessment.id == ExpertAssignment.assessment_id)
        .where(
            ExpertAssignment.user_id == user.id,
            Assessment.state != AssessmentState.FINAL,
            # Which assessments an expert scores is no matter of a hospital they now work for.
            sa.true() if user.role is Role.EXPERT else sa.false(),
        )
        .order_by(Assessment.year, Assessment.id)
    )


def task_key(task: Task, side: Side) -> str:
    """Return the name under which a task's side is ticked."""
    return f"task-{task.id}-{side.value}"


def assignment_key(assignment: ExpertAssignment) -> str:
    """Return the name under which an expert's assignment is ticked."""
    return f"expert-{assignment.id}"


def _tasks(user: User) -> Iterator[OpenThing]:
    today = clock.today()
    for task in db.session.scalars(open_tasks(user).options(*_with_hospitals(Task.pairing))):
        for side in Side:
            if task.owner_on(side) is not user or side_of(user, task.pairing) is not side:
                continue
            yield OpenThing(
                key=task_key(task, side),
                kind=f"{side.label}责任人",
                number=task.code,
                title=task.title,
                where=task.pairing.title,
                state="已退回" if task.is_returned else task.state.label,
                due_on=task.due_on,
                light=task.light_on(today),
                moves=True,
                endpoint="tasks.show_task",
                values={"task_id": task.id},
            )


def _assignments(user: User) -> Iterator[OpenThing]:
    rows = db.session.execute(open_assignments(user).options(*_with_hospitals(Assessment.pairing)))
    for assignment, assessment in rows:
        yield OpenThing(
            key=assignment_key(assignment),
            kind="考核评审",
            number=f"{assessment.year}年度",
            title="年度考核评审打分",
            where=assessment.pairing.title,
            state=assessment.state.label,
            moves=True,
        )


def _with_hospitals(path: Any) -> tuple[Any, ...]:
    """Load the pairing of a row with both hospitals, in the same query."""
    return (
        joinedload(path).joinedload(Pairing.supporting),
        joinedload(path).joinedload(Pairing.supported),
    )


def _meetings(user: User) -> Iterator[OpenThing]:
    """The meetings that the person called or wrote down, until the minutes are approved."""
    if not user.role.in_hospital:
        return
    rows = db.session.scalars(
        sa.select(Meeting)
        .join(Pairing, Pairing.id == Meeting.pairing_id)
        .where(
            of_own_hospital(user),
            sa.or_(
                sa.and_(Meeting.state == MeetingState.PLANNED, Meeting.created_by_id == user.id),
                sa.and_(
                    Meeting.state.in_([MeetingState.PLANNED, MeetingState.HELD]),
                    Meeting.minutes_by_id == user.id,
                ),
            ),
        )
        .order_by(Meeting.planned_at, Meeting.id)
        .options(*_with_hospitals(Meeting.pairing))
    )
    for meeting in rows:
        yield OpenThing(
            key=f"meeting-{meeting.id}",
            kind="会议",
            title=meeting.title,
            where=meeting.pairing.title,
            state="纪要被退回" if meeting.is_returned else meeting.state.label,
            due_on=clock.local_date(meeting.planned_at),
            note="双方基地管理员均可记录纪要",
            endpoint="meetings.show_meeting",
            values={"meeting_id": meeting.id},
        )


def _groups(user: User) -> Iterator[OpenThing]:
    """The leadership groups whose list names the person (it holds names, not accounts)."""
    if not user.role.in_hospital:
        return
    rows = db.session.execute(
        sa.select(GroupMember, Pairing)
        .join(LeadershipGroup, LeadershipGroup.id == GroupMember.group_id)
        .join(Pairing, Pairing.id == LeadershipGroup.pairing_id)
        .where(of_own_hospital(user), GroupMember.name == user.name, GroupMember.left_on.is_(None))
        .order_by(Pairing.id, GroupMember.id)
        .options(joinedload(Pairing.supporting), joinedload(Pairing.supported))
    )
    for member, pairing in rows:
        if member.side is not side_of(user, pairing):
            continue
        yield OpenThing(
            key=f"member-{member.id}",
            kind="领导小组",
            title=f"{member.role.label}（{member.duty.label}）",
            where=pairing.title,
            note="请在领导小组页面更换成员",
            endpoint="pairings.edit_group",
            values={"pairing_id": pairing.id},
        )


def _delegations(user: User) -> Iterator[OpenThing]:
    """Leave to sign agreements that the person gave or was given, until it is over."""
    if not user.role.in_hospital:
        return
    rows = db.session.scalars(
        sa.select(SigningDelegation)
        .where(
            sa.or_(SigningDelegation.leader_id == user.id, SigningDelegation.deputy_id == user.id),
            SigningDelegation.revoked_at.is_(None),
            SigningDelegation.ends_on >= clock.today(),
        )
        .order_by(SigningDelegation.id)
        .options(joinedload(SigningDelegation.leader), joinedload(SigningDelegation.deputy))
    )
    for one in rows:
        gave = one.leader_id == user.id
        yield OpenThing(
            key=f"delegation-{one.id}",
            kind="代签授权",
            title=f"授权{one.deputy.name}代签协议" if gave else f"代{one.leader.name}签署协议",
            due_on=one.ends_on,
            note="不随交接转移；离岗后授权即失效，请由基地负责人撤销或另行授权",
            endpoint="agreements.list_delegations",
        )


def _uploads(user: User) -> Iterator[OpenThing]:
    """Files on their way in to the person's hospital."""
    if not user.role.in_hospital:
        return
    rows = db.session.scalars(
        sa.select(Upload)
        .join(Pairing, Pairing.id == Upload.pairing_id)
        .where(
            of_own_hospital(user),
            Upload.user_id == user.id,
            Upload.state.in_([UploadState.RECEIVING, UploadState.ASKING]),
        )
        .order_by(Upload.id)
        .options(*_with_hospitals(Upload.pairing))
    )
    for upload in rows:
        yield OpenThing(
            key=f"upload-{upload.id}",
            kind="未完成的上传",
            title=upload.name,
            where=upload.pairing.title,
            state=upload.state.label,
            note="由本人完成或放弃，不随交接转移",
        )


def _waiting_on_post(user: User, *, listed: list[dict[str, Any]]) -> Iterator[OpenThing]:
    """What waits on the workbench of the person's post; whoever holds the post next sees it.

    Tasks are left out: those given to the person stand above, the others are somebody's too.
    """
    if user.role in WITHOUT_A_POST:
        return
    for item in bench_of(user).to_do:
        if item.endpoint.startswith("tasks.") or item.values in listed:
            continue
        yield OpenThing(
            key="-".join(["post", item.kind, *map(str, item.values.values())]),
            kind=item.kind,
            title=item.title,
            where=item.pairing,
            state=f"已等 {item.waited} 个工作日" if item.waited else "",
            note="随岗位办理，同岗位人员均可处理",
            endpoint=item.endpoint,
            values=item.values,
        )
