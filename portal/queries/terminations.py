"""Requests to end an agreement early, loaded in scope."""

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Agreement, AgreementTermination, Pairing, User
from portal.policies.agreements import visible_agreements


def get_termination(termination_id: int, *, viewer: User) -> AgreementTermination:
    """Return a request about an agreement that ``viewer`` may see. Raises NotVisible."""
    found = db.session.scalar(
        sa.select(AgreementTermination)
        .join(Agreement, Agreement.id == AgreementTermination.agreement_id)
        .where(AgreementTermination.id == termination_id, visible_agreements(viewer))
        .options(
            joinedload(AgreementTermination.requested_by),
            joinedload(AgreementTermination.agreement)
            .joinedload(Agreement.pairing)
            .options(joinedload(Pairing.supporting), joinedload(Pairing.supported)),
        )
    )
    if found is None:
        raise NotVisible()
    return found
