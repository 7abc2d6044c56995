"""Pieces of evidence and what they back, always scoped to a viewer."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal import clock
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Evidence,
    EvidenceRevision,
    EvidenceUse,
    Pairing,
    StoredFile,
    Task,
    User,
)
from portal.policies.evidence import counted
from portal.policies.evidence_places import Place
from portal.policies.files import uses_seen, visible_evidence

CHOICE_SIZE = 50

_BACKED = (
    contains_eager(EvidenceUse.task).joinedload(Task.plan),
    contains_eager(EvidenceUse.meeting),
    contains_eager(EvidenceUse.agreement),
    contains_eager(EvidenceUse.assessment),
    joinedload(EvidenceUse.requirement),
    joinedload(EvidenceUse.item),
)


def get_evidence(evidence_id: int, *, viewer: User) -> Evidence:
    """Return a piece that ``viewer`` may see, with its files and hands. Raises NotVisible."""
    revisions = selectinload(Evidence.revisions)
    evidence = db.session.scalar(
        sa.select(Evidence)
        .where(Evidence.id == evidence_id, visible_evidence(viewer))
        .options(
            joinedload(Evidence.file),
            joinedload(Evidence.added_by),
            joinedload(Evidence.reviewed_by),
            joinedload(Evidence.organisation),
            joinedload(Evidence.pairing).joinedload(Pairing.supporting),
            joinedload(Evidence.pairing).joinedload(Pairing.supported),
            revisions.joinedload(EvidenceRevision.file),
            revisions.joinedload(EvidenceRevision.added_by),
        )
    )
    if evidence is None:
        raise NotVisible()
    return evidence


def get_use(use_id: int, *, viewer: User) -> EvidenceUse:
    """Return a use of whatever ``viewer`` may see. Raises NotVisible."""
    use = db.session.scalar(
        uses_seen(viewer)
        .where(EvidenceUse.id == use_id)
        .options(*_BACKED, joinedload(EvidenceUse.evidence))
    )
    if use is None:
        raise NotVisible()
    return use


def uses_of(evidence: Evidence, *, viewer: User) -> list[EvidenceUse]:
    """Return where ``evidence`` is used, as far as ``viewer`` may see it."""
    return uses_by_piece([evidence.id], viewer=viewer).get(evidence.id, [])


def uses_by_piece(ids: Iterable[int], *, viewer: User) -> dict[int, list[EvidenceUse]]:
    """Return where each piece is used, as far as ``viewer`` may see it: one query."""
    found: dict[int, list[EvidenceUse]] = {}
    uses = db.session.scalars(
        uses_seen(viewer)
        .where(EvidenceUse.evidence_id.in_(list(ids)))
        .options(*_BACKED)
        .order_by(EvidenceUse.task_id.is_(None), Task.number, EvidenceUse.id)
    )
    for use in uses:
        found.setdefault(use.evidence_id, []).append(use)
    return found


def usable_pieces(place: Place, *, viewer: User, search: str = "") -> list[Evidence]:
    """Return the pieces that ``viewer`` may use for ``place``: the pairing's and their own.

    Only what counts today is offered; the newest first, at most CHOICE_SIZE.
    """
    return list(
        db.session.scalars(
            sa.select(Evidence)
            .join(Evidence.file)
            .where(
                visible_evidence(viewer),
                sa.or_(
                    Evidence.pairing_id == place.pairing.id,
                    Evidence.organisation_id == viewer.organisation_id,
                ),
                counted(clock.today()),
                _not_yet_at(place),
                matching(search),
            )
            .options(contains_eager(Evidence.file), joinedload(Evidence.added_by))
            .order_by(Evidence.id.desc())
            .limit(CHOICE_SIZE)
        )
    )


def _not_yet_at(place: Place) -> sa.ColumnElement[bool]:
    """Leave out what is there already; a piece may stand for several requirements of a task."""
    if isinstance(place.target, Task):
        return sa.true()
    columns = EvidenceUse.__table__.c
    there = [columns[name] == value for name, value in place.columns.items() if value is not None]
    return ~sa.exists().where(EvidenceUse.evidence_id == Evidence.id, *there)


def matching(search: str) -> sa.ColumnElement[bool]:
    """Return the condition on Evidence joined to its file whose words hold ``search``."""
    if not search:
        return sa.true()
    columns = (Evidence.title, Evidence.proves, StoredFile.name)
    return sa.or_(*(column.icontains(search, autoescape=True) for column in columns))
