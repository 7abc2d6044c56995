"""The rows from which a pairing's page tells where it stands: a fixed number of queries."""

from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import clock
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementRevision,
    Assessment,
    ExtensionRequest,
    ExtensionState,
    LeadershipGroup,
    Meeting,
    MeetingState,
    Pairing,
    Plan,
    PlanAmendment,
    Side,
    SiteSurvey,
    SurveyState,
    Task,
    User,
    Weight,
)
from portal.policies.amendments import OPEN_STATES
from portal.policies.groups import composition_gaps
from portal.policies.scope import visible_assessments, visible_tasks
from portal.policies.standing import ExtensionCount, Facts, TaskCount
from portal.queries.agreements_at_hand import AtHand, agreements_at_hand
from portal.queries.meetings import meeting_status

Row = TypeVar("Row")


def facts_of(pairing: Pairing, *, viewer: User) -> Facts:
    """Return everything the page is derived from. The caller has loaded the pairing in scope."""
    group = group_of(pairing)
    at_hand = _at_hand(pairing)
    return Facts(
        pairing=pairing,
        today=clock.today(),
        gaps=composition_gaps(group, pairing),
        agreement=at_hand.shown,
        next_agreement=at_hand.being_made if at_hand.in_force else None,
        plan=_first(
            sa.select(Plan)
            .where(Plan.pairing_id == pairing.id)
            .options(joinedload(Plan.endorsements))
        ),
        tasks=task_counts(pairing, viewer=viewer),
        meetings=_meetings(pairing),
        meeting_status=meeting_status([pairing]).get(pairing.id),
        assessments=_assessments(pairing, viewer),
        survey=_survey(pairing),
        group=group,
        amendment=_amendment(pairing),
        extensions=_extensions(pairing),
    )


def group_of(pairing: Pairing) -> LeadershipGroup | None:
    """Return the leadership group with all members ever, in one query."""
    return _first(
        sa.select(LeadershipGroup)
        .where(LeadershipGroup.pairing_id == pairing.id)
        .options(joinedload(LeadershipGroup.members))
    )


def task_counts(pairing: Pairing, *, viewer: User) -> list[TaskCount]:
    """Count the tasks that ``viewer`` sees by state, but cancelled ones; overdue today."""
    late = Task.is_late(clock.today())
    rows = db.session.execute(
        sa.select(
            Task.state,
            Task.is_returned,
            sa.func.count(),
            sa.func.count(sa.case((late, 1))),
            sa.func.min(Task.state_since),
            sa.func.min(Task.due_on),
        )
        .where(Task.pairing_id == pairing.id, Task.counts, visible_tasks(viewer))
        .group_by(Task.state, Task.is_returned)
        .order_by(Task.state, Task.is_returned)
    )
    return [TaskCount(*row) for row in rows]


def _first(statement: sa.Select[Row]) -> Row | None:
    """Return the one row of a statement that loads its children with it."""
    return db.session.scalars(statement).unique().first()


def _at_hand(pairing: Pairing) -> AtHand:
    """Return the agreements at hand with their revisions and signatures."""
    loaded = joinedload(Agreement.revisions).joinedload(AgreementRevision.signatures)
    return agreements_at_hand([pairing.id], loaded).get(pairing.id, AtHand())


def _meetings(pairing: Pairing) -> list[Meeting]:
    """Return all meetings but cancelled ones, oldest first."""
    return list(
        db.session.scalars(
            sa.select(Meeting)
            .where(Meeting.pairing_id == pairing.id, Meeting.state != MeetingState.CANCELLED)
            .order_by(Meeting.planned_at, Meeting.id)
        )
    )


def _survey(pairing: Pairing) -> SiteSurvey | None:
    """Return the latest survey that was not called off, with its confirmations."""
    latest = (
        sa.select(sa.func.max(SiteSurvey.id))
        .where(SiteSurvey.pairing_id == pairing.id, SiteSurvey.state != SurveyState.CANCELLED)
        .scalar_subquery()
    )
    return _first(
        sa.select(SiteSurvey)
        .where(SiteSurvey.id == latest)
        .options(joinedload(SiteSurvey.confirmations))
    )


def _amendment(pairing: Pairing) -> PlanAmendment | None:
    """Return the amendment that is open, with the consents given."""
    return _first(
        sa.select(PlanAmendment)
        .where(PlanAmendment.pairing_id == pairing.id, PlanAmendment.state.in_(OPEN_STATES))
        .options(joinedload(PlanAmendment.endorsements))
    )


def _extensions(pairing: Pairing) -> list[ExtensionCount]:
    """Count the requests for more time that wait, by who decides about them."""
    decider = sa.case(
        (Task.weight >= int(Weight.CORE), ""),
        (ExtensionRequest.asked_side == Side.SUPPORTING, Side.SUPPORTED.value),
        else_=Side.SUPPORTING.value,
    ).label("decider")
    rows = db.session.execute(
        sa.select(decider, sa.func.count(), sa.func.min(ExtensionRequest.requested_at))
        .join(Task, Task.id == ExtensionRequest.task_id)
        .where(
            ExtensionRequest.pairing_id == pairing.id,
            ExtensionRequest.state == ExtensionState.REQUESTED,
        )
        .group_by(decider)
        .order_by(decider)
    )
    return [
        ExtensionCount(Side(side) if side else None, number, since) for side, number, since in rows
    ]


def _assessments(pairing: Pairing, viewer: User) -> list[Assessment]:
    """Return the assessments that ``viewer`` sees, oldest first."""
    return list(
        db.session.scalars(
            sa.select(Assessment)
            .where(Assessment.pairing_id == pairing.id, visible_assessments(viewer))
            .options(joinedload(Assessment.submissions))
            .order_by(Assessment.year)
        ).unique()
    )
