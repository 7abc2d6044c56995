"""Leave to sign in a leader's place: what holds today, and the list of a hospital."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Agreement, Event, Role, SigningDelegation, User
from portal.policies.delegations import (
    counts,
    keeps_delegations,
    possible_deputies,
    visible_delegations,
)

PAST = 50
PEOPLE = (joinedload(SigningDelegation.leader), joinedload(SigningDelegation.deputy))


def leave_of(deputy: User, today: date) -> SigningDelegation | None:
    """Return the leave by which ``deputy`` may sign today.

    A leader signs in the own right and needs none.
    """
    if deputy.role is Role.BASE_LEADER:
        return None
    found = db.session.scalars(
        sa.select(SigningDelegation)
        .where(
            SigningDelegation.deputy_id == deputy.id,
            SigningDelegation.revoked_at.is_(None),
            SigningDelegation.starts_on <= today,
            SigningDelegation.ends_on >= today,
        )
        .order_by(SigningDelegation.id.desc())
        .options(*PEOPLE)
    )
    return next((one for one in found if counts(one, deputy, today)), None)


def opened_signing(agreement: Agreement) -> int | None:
    """Return who put the text up for signing last."""
    return db.session.scalar(
        sa.select(Event.actor_id)
        .where(
            Event.object_type == "agreement",
            Event.object_id == agreement.id,
            Event.action == "open_signing",
        )
        .order_by(Event.id.desc())
        .limit(1)
    )


@dataclass(frozen=True)
class Delegations:
    """What a hospital's page shows: those that hold or will hold, and those that are over."""

    open: list[SigningDelegation]
    past: list[SigningDelegation]


def delegations_of(viewer: User, today: date) -> Delegations:
    """Return the delegations of the viewer's hospital, newest first.

    Raises NotVisible for those who have no such page.
    """
    if not keeps_delegations(viewer):
        raise NotVisible()
    found = db.session.scalars(
        sa.select(SigningDelegation)
        .where(visible_delegations(viewer))
        .order_by(SigningDelegation.ends_on.desc(), SigningDelegation.id.desc())
        .limit(PAST)
        .options(*PEOPLE)
    ).all()
    open_now = [one for one in found if one.revoked_at is None and one.ends_on >= today]
    return Delegations(open_now, [one for one in found if one not in open_now])


def get_delegation(delegation_id: int, *, viewer: User) -> SigningDelegation:
    """Return a delegation of the viewer's hospital. Raises NotVisible."""
    found = db.session.scalar(
        sa.select(SigningDelegation)
        .where(SigningDelegation.id == delegation_id, visible_delegations(viewer))
        .options(*PEOPLE)
    )
    if found is None:
        raise NotVisible()
    return found


def deputies(leader: User) -> list[User]:
    """Return who may be given leave to sign for ``leader``, leaders first."""
    return list(
        db.session.scalars(
            sa.select(User)
            .where(possible_deputies(leader))
            .order_by(User.role.desc(), User.name, User.id)
        )
    )
