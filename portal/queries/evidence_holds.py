"""What rests on a piece of evidence, read as far as the viewer may know of it."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from portal.extensions import db
from portal.models import (
    Assessment,
    ClosureRequest,
    ClosureState,
    Evidence,
    EvidenceUse,
    MetTarget,
    Plan,
    PlanState,
    Task,
    User,
)
from portal.policies.evidence_holds import Hold, hold_of, met_hold
from portal.policies.files import uses_seen
from portal.policies.plans import sees_plans
from portal.policies.scope import visible_pairings

KEPT_ROUNDS = (ClosureState.CLOSED, ClosureState.REOPENED)
"""Rounds that ended in closure: what stood behind them stays for good."""


def holds_on(evidence: Evidence, *, viewer: User) -> list[Hold]:
    """Return what keeps ``evidence`` as it is, what does so for good first.

    Nobody is told the names of what they do not see: a piece may be used in another pairing.
    """
    uses = _uses(evidence)
    kept = _tasks_kept(evidence, [use.task_id for use in uses if use.task_id])
    seen = set(
        db.session.scalars(
            uses_seen(viewer)
            .where(EvidenceUse.evidence_id == evidence.id)
            .with_only_columns(EvidenceUse.id)
        )
    )
    found = [hold for use in uses if (hold := hold_of(use, kept, named=use.id in seen))]
    found += _met_holds(evidence, viewer)
    return sorted(dict.fromkeys(found), key=lambda hold: not hold.for_good)


def _met_holds(evidence: Evidence, viewer: User) -> list[Hold]:
    """Return what plans say that leave a core task out because of this piece."""
    rows = db.session.execute(
        sa.select(MetTarget, visible_pairings(viewer).label("seen"))
        .join(MetTarget.plan)
        .join(Plan.pairing)
        .where(MetTarget.evidence_id == evidence.id, Plan.state != PlanState.DRAFTING)
        .options(contains_eager(MetTarget.plan), joinedload(MetTarget.library_task))
        .order_by(MetTarget.id)
    )
    named = sees_plans(viewer)
    return [hold for one, seen in rows if (hold := met_hold(one, named=bool(seen) and named))]


def rests_on_use(use: EvidenceUse) -> bool:
    """Whether a round that closed its task stood on this very use."""
    if use.task_id is None:
        return False
    for shown in _kept_snapshots([use.task_id]).values():
        if any(
            item["evidence_id"] == use.evidence_id and item["requirement_id"] == use.requirement_id
            for item in shown
        ):
            return True
    return False


def _uses(evidence: Evidence) -> list[EvidenceUse]:
    """Return the uses with what they back."""
    return list(
        db.session.scalars(
            sa.select(EvidenceUse)
            .where(EvidenceUse.evidence_id == evidence.id)
            .order_by(EvidenceUse.id)
            .options(
                joinedload(EvidenceUse.task).joinedload(Task.pairing),
                joinedload(EvidenceUse.agreement),
                joinedload(EvidenceUse.assessment).selectinload(Assessment.submissions),
                joinedload(EvidenceUse.item),
            )
        )
    )


def _tasks_kept(evidence: Evidence, task_ids: Sequence[int]) -> set[int]:
    """Return the tasks that were closed on a round in which ``evidence`` was shown."""
    shown = _kept_snapshots(task_ids)
    return {
        task_id
        for task_id, items in shown.items()
        if any(item["evidence_id"] == evidence.id for item in items)
    }


def _kept_snapshots(task_ids: Sequence[int]) -> dict[int, list[dict[str, int]]]:
    """Return the pieces shown by each task's rounds that ended in closure."""
    if not task_ids:
        return {}
    shown: dict[int, list[dict[str, int]]] = {}
    for one in db.session.scalars(
        sa.select(ClosureRequest).where(
            ClosureRequest.task_id.in_(task_ids), ClosureRequest.state.in_(KEPT_ROUNDS)
        )
    ):
        shown.setdefault(one.task_id, []).extend(one.evidence)
    return shown
