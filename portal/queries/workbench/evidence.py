"""Evidence on the workbench: what was not accepted, and what waits too long to be reviewed."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from portal import clock
from portal.extensions import db
from portal.models import (
    Evidence,
    EvidenceRevision,
    EvidenceStatus,
    EvidenceUse,
    Pairing,
    Task,
    User,
)
from portal.policies.evidence import counted, reviewable_by
from portal.policies.scope import of_own_hospital
from portal.queries.workbench.items import (
    LIMIT,
    Item,
    day_of,
    pairing_name,
    rows_with_hospitals,
    supported,
    supporting,
)
from portal.workflow.closure import OPEN_STATES

CALM_DAYS = 10
"""A closure accepts its evidence by itself: only what waits longer is worth a line."""


def rejected(viewer: User) -> list[Item]:
    """Return the viewer's own pieces that were not accepted, while something still needs them.

    Not while their round waits (whoever rejected one returns it, and nothing can be changed
    before that), nor once another piece meets the requirement.
    """
    needed = (
        sa.select(EvidenceUse.id)
        .outerjoin(Task, Task.id == EvidenceUse.task_id)
        .where(
            EvidenceUse.evidence_id == Evidence.id,
            sa.or_(Task.id.is_(None), Task.state.in_(OPEN_STATES) & ~_met_by_another()),
        )
        .exists()
    )
    rows = rows_with_hospitals(
        (Evidence.id, Evidence.title, Evidence.review_reason, Evidence.reviewed_at),
        Evidence,
        of_own_hospital(viewer),
        Evidence.added_by_id == viewer.id,
        Evidence.status == EvidenceStatus.REJECTED,
        needed,
        order=Evidence.reviewed_at,
    )
    return [
        Item(
            "佐证未获认可",
            row.title,
            pairing_name(row),
            day_of(row.reviewed_at),
            "evidence.show_evidence",
            {"evidence_id": row.id},
            detail=row.review_reason,
            tone="warning",
        )
        for row in rows
    ]


def _met_by_another() -> sa.Exists:
    """Return whether another piece, which counts, stands for the requirement of the use."""
    use, piece = aliased(EvidenceUse), aliased(Evidence)
    return (
        sa.select(use.id)
        .join(piece, piece.id == use.evidence_id)
        .where(
            use.task_id == EvidenceUse.task_id,
            use.requirement_id == EvidenceUse.requirement_id,
            counted(clock.today(), piece),
        )
        .correlate(EvidenceUse)
        .exists()
    )


def to_review(viewer: User) -> list[Item]:
    """Return one line for each pairing in which a piece of the other hospital waits for days.

    It counts what the list behind it shows: all that wait there for the viewer.
    """
    newest = (
        sa.select(sa.func.max(EvidenceRevision.added_at))
        .where(EvidenceRevision.evidence_id == Evidence.id)
        .scalar_subquery()
    )
    since = sa.func.coalesce(newest, Evidence.added_at, type_=Evidence.added_at.type)
    waiting = (
        sa.select(Evidence.pairing_id, since.label("since"))
        .where(
            Evidence.status == EvidenceStatus.PENDING,
            reviewable_by(viewer),
        )
        .subquery()
    )
    oldest = sa.func.min(waiting.c.since, type_=Evidence.added_at.type)
    rows = db.session.execute(
        sa.select(
            waiting.c.pairing_id,
            sa.func.count().label("number"),
            oldest.label("since"),
            supporting.short_name,
            supported.short_name,
        )
        .join(Pairing, Pairing.id == waiting.c.pairing_id)
        .join(supporting, supporting.id == Pairing.supporting_id)
        .join(supported, supported.id == Pairing.supported_id)
        .group_by(waiting.c.pairing_id, supporting.short_name, supported.short_name)
        .having(oldest <= clock.now() - timedelta(days=CALM_DAYS))
        .order_by(oldest, waiting.c.pairing_id)
        .limit(LIMIT)
    )
    return [
        Item(
            "佐证待审核",
            f"待审核佐证 {row.number} 件",
            pairing_name(row),
            day_of(row.since),
            "evidence.list_for_pairing",
            {"pairing_id": row.pairing_id, "review": "1"},
        )
        for row in rows
    ]
