"""One agreement as its pages load it, and which one a pairing's tab leads to."""

import hashlib

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from portal import storage
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementRemark,
    AgreementRevision,
    Event,
    Pairing,
    StoredFile,
    User,
)
from portal.policies.agreements import (
    opens_agreements,
    visible_agreements,
)
from portal.queries.agreements_at_hand import AtHand, agreements_at_hand

_CHUNK = 256 * 1024


def get_agreement(agreement_id: int, *, viewer: User) -> Agreement:
    """Return an agreement that ``viewer`` may see, with revisions, clauses and signatures.

    Raises NotVisible for any other id, whether it exists or not.
    """
    agreement = db.session.scalar(
        sa.select(Agreement)
        .where(Agreement.id == agreement_id, visible_agreements(viewer))
        .options(
            joinedload(Agreement.filed_by),
            joinedload(Agreement.submitted_by),
            joinedload(Agreement.pairing).options(
                joinedload(Pairing.programme),
                joinedload(Pairing.supporting),
                joinedload(Pairing.supported),
            ),
            selectinload(Agreement.revisions).options(
                joinedload(AgreementRevision.scan).joinedload(StoredFile.uploaded_by),
                selectinload(AgreementRevision.clauses),
                selectinload(AgreementRevision.signatures),
                selectinload(AgreementRevision.annexes),
                selectinload(AgreementRevision.remarks).joinedload(AgreementRemark.made_by),
            ),
        )
    )
    if agreement is None:
        raise NotVisible()
    return agreement


def tab_agreement(pairing: Pairing, *, viewer: User) -> Agreement | None:
    """Return the agreement that the pairing's tab leads to: the one in force, else the one
    being made, else the one that ended early.

    Raises NotVisible for a viewer who sees the pairing but no agreements.
    """
    if not opens_agreements(viewer):
        raise NotVisible()
    return agreements_at_hand([pairing.id]).get(pairing.id, AtHand()).shown


def last_edit(agreement: Agreement) -> Event | None:
    """Return who saved the text last, for the one who saves too late."""
    return db.session.scalar(
        sa.select(Event)
        .where(
            Event.object_type == "agreement",
            Event.object_id == agreement.id,
            Event.action.in_(["edited", "drafted"]),
        )
        .order_by(Event.id.desc())
        .limit(1)
    )


def scan_is_intact(file: StoredFile) -> bool:
    """Read the stored bytes and say whether they still have the registered hash."""
    digest = hashlib.sha256()
    try:
        with storage.store().open(file.sha256) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except FileNotFoundError:
        return False
    return digest.hexdigest() == file.sha256
