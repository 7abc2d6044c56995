"""Pairings as their pages show them."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Event,
    LeadershipGroup,
    Pairing,
    Plan,
    Programme,
    User,
)
from portal.policies.groups import composition_gaps
from portal.policies.scope import visible_pairings


def get_pairing(pairing_id: int, *, viewer: User) -> Pairing:
    """Return a pairing that ``viewer`` may see, its hospitals and programme loaded.

    Raises NotVisible for any other id, whether it exists or not.
    """
    pairing = db.session.scalar(
        sa.select(Pairing)
        .where(Pairing.id == pairing_id, visible_pairings(viewer))
        .options(
            joinedload(Pairing.programme),
            joinedload(Pairing.supporting),
            joinedload(Pairing.supported),
        )
    )
    if pairing is None:
        raise NotVisible()
    return pairing


def pairings_seen_by(viewer: User) -> list[Pairing]:
    """Return every pairing ``viewer`` may see, newest programme first, in table order."""
    return list(
        db.session.scalars(
            sa.select(Pairing)
            .join(Pairing.programme)
            .where(visible_pairings(viewer))
            .options(
                contains_eager(Pairing.programme),
                joinedload(Pairing.supporting),
                joinedload(Pairing.supported),
            )
            .order_by(Programme.starts_on.desc(), Pairing.programme_id, Pairing.sequence)
        )
    )


@dataclass(frozen=True)
class PairingRow:
    """A pairing in the list, with where it stands."""

    pairing: Pairing
    gaps: list[str]
    agreement: Agreement | None
    plan: Plan | None


def pairing_rows(viewer: User) -> list[PairingRow]:
    """Return the list page's rows: four queries, however many pairings there are."""
    pairings = pairings_seen_by(viewer)
    ids = [pairing.id for pairing in pairings]
    groups = {
        group.pairing_id: group
        for group in db.session.scalars(
            sa.select(LeadershipGroup)
            .where(LeadershipGroup.pairing_id.in_(ids))
            .options(selectinload(LeadershipGroup.members))
        )
    }
    live = Agreement.state.not_in([AgreementState.SUPERSEDED, AgreementState.TERMINATED])
    agreements = {
        one.pairing_id: one
        for one in db.session.scalars(
            sa.select(Agreement).where(Agreement.pairing_id.in_(ids), live)
        )
    }
    plans = {
        plan.pairing_id: plan
        for plan in db.session.scalars(sa.select(Plan).where(Plan.pairing_id.in_(ids)))
    }
    return [
        PairingRow(
            pairing,
            composition_gaps(groups.get(pairing.id), pairing),
            agreements.get(pairing.id),
            plans.get(pairing.id),
        )
        for pairing in pairings
    ]


def events_of_pairing(pairing: Pairing, limit: int = 50) -> list[Event]:
    """Return what happened lately in the pairing, newest first."""
    return list(
        db.session.scalars(
            sa.select(Event)
            .where(Event.pairing_id == pairing.id)
            .order_by(Event.id.desc())
            .limit(limit)
        )
    )
