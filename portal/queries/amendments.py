"""Amendments as their pages show them, always within what the viewer may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal import clock
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementKind,
    AgreementState,
    AmendmentChange,
    AmendmentState,
    ChangeKind,
    Event,
    Meeting,
    MeetingState,
    Pairing,
    Plan,
    PlanAmendment,
    PlanState,
    Resolution,
    Side,
    Task,
    User,
)
from portal.policies import amendments as policies
from portal.policies.agreements import REFILING_WORKDAYS
from portal.policies.amendment_lines import (
    field_names,
    label_of,
    line_title,
    missing_to_propose,
    needs_refiling,
    unfit,
)
from portal.policies.goal_texts import FIGURES, compare_figures, figure_head
from portal.policies.plans import sees_plans
from portal.policies.scope import visible_pairings
from portal.queries.history import history_of
from portal.queries.text_diff import Piece, compare_texts
from portal.workdays import add_workdays, workdays_between
from portal.workflow.amendments import AMENDMENT, missing_to_approve

FigureTable = tuple[Sequence[str], Sequence[tuple[str, list[str]]]]
"""Headings, and rows of what happens to a figure with its cells."""


@dataclass(frozen=True)
class FieldDiff:
    """One field of a line: what it says and what it shall say."""

    label: str
    before: list[Piece]
    after: list[Piece]
    # Figures of the goals are compared line by line, as a table.
    head: Sequence[str] = ()
    rows: Sequence[tuple[str, list[str]]] = ()


@dataclass(frozen=True)
class LineView:
    """One line as the page shows it."""

    line: AmendmentChange
    title: str
    fields: list[FieldDiff]
    unfit: list[str]


@dataclass(frozen=True)
class Turn:
    """Who must act next, since when, and for how many working days they have been waited for."""

    who: str
    since: datetime
    days: int


@dataclass(frozen=True)
class AmendmentPage:
    """One amendment as one viewer sees it."""

    amendment: PlanAmendment
    lines: list[LineView]
    actions: frozenset[str]
    own_side: Side | None
    turn: Turn | None
    missing: list[str]
    refile: "Refiling | None"
    events: list[Event]

    @property
    def can_edit(self) -> bool:
        """Whether the viewer may write into it now."""
        return "withdraw" in self.actions

    @property
    def can_consent(self) -> bool:
        """Whether the viewer's side is asked and has not consented."""
        side = self.own_side
        if side is None or self.amendment.state is not AmendmentState.PROPOSED:
            return False
        return self.amendment.endorsement_of(side) is None

    @property
    def returned(self) -> Event | None:
        """The return that nobody has answered yet."""
        if not self.amendment.return_reason:
            return None
        back = ("decline", "return_amendment")
        return next((event for event in self.events if event.action in back), None)


@dataclass(frozen=True)
class Refiling:
    """Until when the agreement must be filed again, and whether that has been done."""

    until: date
    done: bool

    @property
    def is_late(self) -> bool:
        """Whether the day has passed."""
        return not self.done and self.until < clock.today()


def get_amendment(amendment_id: int, *, viewer: User) -> PlanAmendment:
    """Return an amendment the viewer may see, with its lines. Raises NotVisible for other ids."""
    amendment = db.session.scalar(
        _seen_by(viewer)
        .where(PlanAmendment.id == amendment_id)
        .options(
            joinedload(PlanAmendment.plan),
            joinedload(PlanAmendment.created_by),
            joinedload(PlanAmendment.approved_by),
            joinedload(PlanAmendment.resolution).joinedload(Resolution.meeting),
            selectinload(PlanAmendment.endorsements),
            selectinload(PlanAmendment.changes)
            .joinedload(AmendmentChange.task)
            .options(selectinload(Task.requirements), selectinload(Task.milestones)),
        )
    )
    if amendment is None:
        raise NotVisible()
    return amendment


def get_line(amendment_id: int, line_id: int, *, viewer: User) -> AmendmentChange:
    """Return a line of an amendment. Raises NotVisible for any other pair of ids."""
    amendment = get_amendment(amendment_id, viewer=viewer)
    line = next((one for one in amendment.changes if one.id == line_id), None)
    if line is None:
        raise NotVisible()
    return line


def amendments_of(pairing: Pairing, *, viewer: User) -> list[PlanAmendment]:
    """Return the pairing's amendments, newest first. Raises NotVisible for a contributor."""
    if not sees_plans(viewer):
        raise NotVisible()
    return list(
        db.session.scalars(
            _seen_by(viewer)
            .where(PlanAmendment.pairing_id == pairing.id)
            .options(
                selectinload(PlanAmendment.changes).joinedload(AmendmentChange.task),
                selectinload(PlanAmendment.endorsements),
                joinedload(PlanAmendment.created_by),
                joinedload(PlanAmendment.approved_by),
            )
            .order_by(PlanAmendment.number.desc())
        )
    )


def amendment_page(amendment: PlanAmendment, *, viewer: User) -> AmendmentPage:
    """Return the page of ``amendment``; it comes from :func:`get_amendment`."""
    state = amendment.state
    missing: list[str] = []
    if state in (AmendmentState.DRAFTING, AmendmentState.PROPOSED):
        missing = missing_to_propose(amendment)
    elif state is AmendmentState.AGREED:
        missing = missing_to_approve(amendment)
    return AmendmentPage(
        amendment=amendment,
        lines=[line_view(line) for line in amendment.changes],
        actions=frozenset(step.action for step in AMENDMENT.open_to(amendment, viewer)),
        own_side=policies.consenting_side(viewer, amendment.pairing),
        turn=turn_of(amendment),
        missing=missing,
        refile=refiling(amendment),
        events=history_of("amendment", amendment.id),
    )


def line_view(line: AmendmentChange) -> LineView:
    """Return a line with each field's old and new text, word by word."""
    fields = []
    for name in field_names(line):
        before, after = line.before.get(name, ""), line.after[name]
        if line.kind is ChangeKind.ADD:
            pieces: tuple[list[Piece], list[Piece]] = ([], [Piece(after)] if after else [])
        else:
            pieces = compare_texts(before, after)
        if any(pieces):
            table: FigureTable = ((), ())
            if line.kind is ChangeKind.GOAL:
                table = figure_table(name, before, after, line.amendment.pairing.programme.years)
            fields.append(FieldDiff(label_of(line, name), *pieces, *table))
    open_now = line.amendment.state in policies.OPEN_STATES
    return LineView(line, line_title(line), fields, unfit(line) if open_now else [])


def figure_table(name: str, before: str, after: str, years: Sequence[int]) -> FigureTable:
    """Return heading and rows of the figures' difference; both empty for any other field."""
    rows = compare_figures(before, after, years) if name == FIGURES else None
    return (["变动", *figure_head(years)], rows) if rows else ((), ())


def turn_of(amendment: PlanAmendment) -> Turn | None:
    """Say who must act next; None once it is approved or given up."""
    pairing, since = amendment.pairing, amendment.state_since
    if amendment.state is AmendmentState.DRAFTING:
        who = "双方基地管理员" + ("按意见修改" if amendment.return_reason else "起草计划调整")
    elif amendment.state is AmendmentState.PROPOSED:
        absent = [side for side in Side if amendment.endorsement_of(side) is None]
        names = (pairing.organisation_on(side).short_name for side in absent)
        who = "、".join(f"{name}负责人" for name in names) + "同意计划调整"
        since = max([since, *(mark.endorsed_at for mark in amendment.endorsements)])
    elif amendment.state is AmendmentState.AGREED:
        who = "省中心批准计划调整"
    else:
        return None
    return Turn(who, since, workdays_between(clock.local_date(since), clock.today()))


def refiling(amendment: PlanAmendment) -> Refiling | None:
    """Return until when the agreement must be filed again, where it must."""
    if amendment.approved_at is None or not needs_refiling(amendment):
        return None
    approved_at = amendment.approved_at
    filed = db.session.scalar(
        sa.select(Agreement.id)
        .where(
            Agreement.pairing_id == amendment.pairing_id,
            Agreement.kind == AgreementKind.AMENDMENT,
            Agreement.state.in_([AgreementState.FILED, AgreementState.SUPERSEDED]),
            Agreement.filed_at >= approved_at,
        )
        .limit(1)
    )
    until = add_workdays(clock.local_date(approved_at), REFILING_WORKDAYS)
    return Refiling(until, filed is not None)


@dataclass(frozen=True)
class PlanChanges:
    """What the plan's tab says about changes after filing."""

    open: PlanAmendment | None
    turn: Turn | None
    refile: Refiling | None
    refile_for: PlanAmendment | None
    approved: int
    can_start: bool


def plan_with_changes(pairing: Pairing, *, viewer: User) -> Plan | None:
    """Return the pairing's plan without its parts. Raises NotVisible for a contributor."""
    if not sees_plans(viewer):
        raise NotVisible()
    return db.session.scalar(sa.select(Plan).where(Plan.pairing_id == pairing.id))


def plan_changes(
    plan: Plan, *, viewer: User, found: Sequence[PlanAmendment] | None = None
) -> PlanChanges | None:
    """Return the changes of ``plan``; None before it came in force.

    ``found`` are its amendments, newest first, where the caller has them.
    """
    if plan.state in (PlanState.DRAFTING, PlanState.AGREED):
        return None
    if found is None:
        found = amendments_of(plan.pairing, viewer=viewer)
    standing = next((one for one in found if one.state in policies.OPEN_STATES), None)
    approved = [one for one in found if one.state is AmendmentState.APPROVED]
    asked = next((one for one in approved if needs_refiling(one)), None)
    may = plan.state is PlanState.IN_FORCE and bool(policies.can_start_amendment(viewer, plan))
    return PlanChanges(
        open=standing,
        turn=turn_of(standing) if standing else None,
        refile=refiling(asked) if asked else None,
        refile_for=asked,
        approved=len(approved),
        can_start=may and standing is None,
    )


def resolutions_of(pairing: Pairing, *, limit: int = 100) -> list[Resolution]:
    """Return the resolutions of the pairing's approved minutes, newest meeting first."""
    return list(
        db.session.scalars(
            sa.select(Resolution)
            .join(Resolution.meeting)
            .where(Meeting.pairing_id == pairing.id, Meeting.state == MeetingState.APPROVED)
            .options(contains_eager(Resolution.meeting))
            .order_by(Meeting.held_on.desc(), Meeting.id.desc(), Resolution.position)
            .limit(limit)
        )
    )


def has_approved_minutes(pairing: Pairing) -> bool:
    """Whether the minutes of any meeting of the pairing are approved."""
    approved = sa.select(Meeting.id).where(
        Meeting.pairing_id == pairing.id, Meeting.state == MeetingState.APPROVED
    )
    return db.session.scalar(approved.limit(1)) is not None


def resolution_title(resolution: Resolution) -> str:
    """Return how a resolution is named in a list of choices."""
    meeting = resolution.meeting
    return (
        f"{meeting.minutes_number}{meeting.title} 第{resolution.position}项：{resolution.body[:60]}"
    )


def tasks_to_change(plan: Plan) -> list[Task]:
    """Return the tasks that an amendment can be about: all but closed and cancelled ones."""
    return list(
        db.session.scalars(
            sa.select(Task)
            .where(Task.plan_id == plan.id, sa.not_(Task.is_over))
            .order_by(Task.number)
        )
    )


def _seen_by(viewer: User) -> sa.Select[PlanAmendment]:
    return (
        sa.select(PlanAmendment)
        .join(PlanAmendment.pairing)
        .where(visible_pairings(viewer) if sees_plans(viewer) else sa.false())
        .options(
            contains_eager(PlanAmendment.pairing).options(
                joinedload(Pairing.programme),
                joinedload(Pairing.supporting),
                joinedload(Pairing.supported),
            )
        )
    )
