"""Which agreement of a pairing is in force, and which one is being made beside it.

A pairing has at most one of each (the two indexes of the table); what is over stays on record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from portal.extensions import db
from portal.models import Agreement, AgreementState
from portal.policies.agreements import BEING_MADE, IN_FORCE, is_being_made, is_in_force


@dataclass(frozen=True)
class AtHand:
    """The agreements that matter now. ``ended`` is the last filed one that ended early."""

    in_force: Agreement | None = None
    being_made: Agreement | None = None
    ended: Agreement | None = None

    @property
    def shown(self) -> Agreement | None:
        """The one that says where the pairing stands: in force, else being made, else ended."""
        return self.in_force or self.being_made or self.ended


def agreements_at_hand(pairing_ids: Sequence[int], *options: Any) -> dict[int, AtHand]:
    """Return what each pairing has at hand: one query. The caller has loaded them in scope."""
    ended = sa.and_(Agreement.state == AgreementState.TERMINATED, Agreement.filed_at.is_not(None))
    rows = db.session.scalars(
        sa.select(Agreement)
        .where(Agreement.pairing_id.in_(pairing_ids), sa.or_(is_in_force(), is_being_made(), ended))
        .order_by(Agreement.id)
        .options(*options)
    ).unique()
    found: dict[int, dict[str, Agreement]] = {}
    for one in rows:
        found.setdefault(one.pairing_id, {})[_place(one)] = one
    return {pairing_id: AtHand(**places) for pairing_id, places in found.items()}


def _place(agreement: Agreement) -> str:
    if agreement.state is IN_FORCE:
        return "in_force"
    return "being_made" if agreement.state in BEING_MADE else "ended"
