"""What waits to be decided about plans in force: amendments and requests for more time."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal.extensions import db
from portal.models import (
    AmendmentEndorsement,
    AmendmentState,
    Pairing,
    PlanAmendment,
    Role,
    Side,
    User,
)
from portal.policies.scope import visible_pairings
from portal.queries.amendments import Turn, turn_of
from portal.queries.extensions import RequestLine, waiting_extensions

LIMIT = 100
"""So many of each kind are listed, the longest waiting first."""


@dataclass(frozen=True)
class ChangeQueue:
    """What waits for one viewer."""

    amendments: list[tuple[PlanAmendment, Turn | None]]
    extensions: list[RequestLine]


def change_queue(viewer: User) -> ChangeQueue:
    """Return what ``viewer`` is waited for to decide, the longest waiting first."""
    found = db.session.scalars(
        sa.select(PlanAmendment)
        .join(PlanAmendment.pairing)
        .where(visible_pairings(viewer), awaits(viewer))
        .options(
            contains_eager(PlanAmendment.pairing).options(
                joinedload(Pairing.supporting), joinedload(Pairing.supported)
            ),
            joinedload(PlanAmendment.created_by),
            selectinload(PlanAmendment.changes),
            selectinload(PlanAmendment.endorsements),
        )
        .order_by(PlanAmendment.state_since, PlanAmendment.id)
        .limit(LIMIT)
    ).all()
    return ChangeQueue(
        [(one, turn_of(one)) for one in found], waiting_extensions(viewer, limit=LIMIT)
    )


def awaits(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on PlanAmendment and Pairing under which it waits for ``viewer``."""
    if viewer.role is Role.BASE_LEADER:
        return sa.and_(PlanAmendment.state == AmendmentState.PROPOSED, sa.not_(_consented(viewer)))
    return PlanAmendment.state == AmendmentState.AGREED


def _consented(viewer: User) -> Any:
    """Whether the viewer's side has consented."""
    own = sa.case(
        (Pairing.supporting_id == viewer.organisation_id, Side.SUPPORTING.value),
        else_=Side.SUPPORTED.value,
    )
    return sa.exists().where(
        AmendmentEndorsement.amendment_id == PlanAmendment.id, AmendmentEndorsement.side == own
    )
