"""Deciding about evidence 佐证审核: accepted, or not and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import clock
from portal.errors import PortalError, StepRefused
from portal.extensions import db
from portal.models import ClosureRequest, Evidence, EvidenceStatus, User
from portal.policies.decision import require
from portal.policies.evidence import can_review
from portal.services.evidence_changes import (
    MAX_REASON,
    lock_pile,
    lock_with_uses,
    tell_tasks,
)
from portal.services.texts import demand
from portal.workflow import transition
from portal.workflow.engine import check_version
from portal.workflow.evidence import EVIDENCE


def accept_evidence(
    evidence: Evidence, *, actor: User, comment: str = "", seen_version: int | None = None
) -> None:
    """Accept a piece. Raises Forbidden, StepRefused, or StaleEdit if it has changed since."""
    require(can_review(actor, evidence))
    lock_with_uses(evidence, actor)
    check_version(evidence, seen_version)
    _accept(evidence, actor, comment)
    db.session.flush()


def reject_evidence(
    evidence: Evidence, *, reason: str, actor: User, seen_version: int | None = None
) -> None:
    """Do not accept a piece, and say why. It no longer counts for anything.

    Nothing is taken away from under what is closed, filed or final. While somebody decides
    about a task that uses it, only they may reject it: they return the round as well. Raises
    Forbidden, StepRefused, StaleEdit, or Rejected without a reason.
    """
    require(can_review(actor, evidence))
    holds = lock_with_uses(evidence, actor)
    check_version(evidence, seen_version)
    reason = demand(reason, "review_reason", "请写明不予认可的理由。", MAX_REASON)
    if against := [hold.rejecting for hold in holds if hold.keeps_from(actor)]:
        raise StepRefused(against[0], against[1:])
    was_accepted = evidence.status is EvidenceStatus.ACCEPTED
    details = [("此前", "已认可")] if was_accepted else []
    with db.session.no_autoflush:
        transition(EVIDENCE, evidence, "reject", actor=actor, comment=reason, details=details)
        evidence.reviewed_by, evidence.reviewed_at = actor, clock.now()
        evidence.review_reason = reason
    tell_tasks(
        evidence, "evidence_rejected", "佐证材料未获认可", reason=reason, tone="danger", actor=actor
    )
    db.session.flush()


@dataclass
class Outcome:
    """What became of a pile of pieces: how many were accepted, and why the others were not."""

    accepted: int = 0
    refused: list[str] = field(default_factory=list)


def accept_many(pieces: Sequence[tuple[Evidence, int | None]], *, actor: User) -> Outcome:
    """Accept each piece (with the version that was on the page) in a savepoint of its own.

    All is held before the first is judged, so that two reviewers with overlapping piles wait
    for each other.
    """
    outcome = Outcome()
    lock_pile([evidence.id for evidence, _seen in pieces])
    for evidence, seen_version in sorted(pieces, key=lambda pair: pair[0].id):
        title = evidence.title
        try:
            with db.session.begin_nested():
                accept_evidence(evidence, actor=actor, seen_version=seen_version)
        except PortalError as refusal:
            outcome.refused.append(f"“{title}”：{refusal.sentence}")
        else:
            outcome.accepted += 1
    return outcome


def accept_round(request: ClosureRequest, *, actor: User) -> None:
    """Accept the pending pieces of a round that is being closed, on behalf of its decider.

    A piece that the decider may not judge (their own hospital's) keeps waiting for somebody
    who may. The caller holds the task.
    """
    pieces = db.session.scalars(
        sa.select(Evidence)
        .where(
            Evidence.id.in_({item["evidence_id"] for item in request.evidence}),
            Evidence.status == EvidenceStatus.PENDING,
        )
        .order_by(Evidence.id)
        .options(selectinload(Evidence.revisions))
        .with_for_update(of=Evidence)
    ).all()
    for evidence in pieces:
        if can_review(actor, evidence):
            # Without the task's name: the piece's history is read by those who do not see it.
            _accept(evidence, actor, "随任务销号认可")


def _accept(evidence: Evidence, actor: User, comment: str) -> None:
    with db.session.no_autoflush:
        transition(EVIDENCE, evidence, "accept", actor=actor, comment=comment)
        evidence.reviewed_by, evidence.reviewed_at = actor, clock.now()
        evidence.review_reason = ""
