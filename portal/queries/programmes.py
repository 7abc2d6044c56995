"""Programmes as their pages show them."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Agreement, AgreementState, Pairing, Programme, Scheme, User
from portal.policies.programmes import can_see_programmes


@dataclass(frozen=True)
class ProgrammeRow:
    """A programme in the list, with its figures."""

    programme: Programme
    pairings: int
    supporting: int
    supported: int
    filed: int


def programme_rows(viewer: User) -> list[ProgrammeRow]:
    """Return every programme, newest first: one query. Raises NotVisible outside the province."""
    _require_visible(viewer)
    filed = Agreement.state == AgreementState.FILED
    rows = db.session.execute(
        sa.select(
            Programme,
            sa.func.count(sa.distinct(Pairing.id)),
            sa.func.count(sa.distinct(Pairing.supporting_id)),
            sa.func.count(sa.distinct(Pairing.supported_id)),
            sa.func.count(sa.distinct(Agreement.pairing_id)),
        )
        .outerjoin(Pairing, Pairing.programme_id == Programme.id)
        .outerjoin(Agreement, sa.and_(Agreement.pairing_id == Pairing.id, filed))
        .group_by(Programme.id)
        .order_by(Programme.starts_on.desc(), Programme.id.desc())
    )
    return [ProgrammeRow(*row) for row in rows]


def get_programme(programme_id: int, *, viewer: User) -> Programme:
    """Return a programme with its scheme and bonus table.

    Raises NotVisible for any other id and for everyone outside the province.
    """
    _require_visible(viewer)
    programme = db.session.scalar(
        sa.select(Programme)
        .where(Programme.id == programme_id)
        .options(joinedload(Programme.scheme), selectinload(Programme.bonus_bands))
    )
    if programme is None:
        raise NotVisible()
    return programme


def scheme_options() -> list[Scheme]:
    """Return the editions of the scoring scheme, newest first."""
    return list(db.session.scalars(sa.select(Scheme).order_by(Scheme.id.desc())))


def _require_visible(viewer: User) -> None:
    """Answer as if there were nothing for those who may not see programmes."""
    if not can_see_programmes(viewer):
        raise NotVisible()
