"""Who may do what with an agreement, who sees it, how late it is and whom it waits for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from portal import clock
from portal.models import (
    Agreement,
    AgreementSignature,
    AgreementState,
    Pairing,
    Role,
    Side,
    User,
)
from portal.policies.decision import YES, Decision, no, yes_if
from portal.policies.pairings import works_in
from portal.policies.scope import has_pairings, sees_all_pairings, side_of, visible_pairings

EDITABLE = frozenset({AgreementState.DRAFT, AgreementState.RETURNED})
"""The text may be changed only while nobody has been asked to sign it."""


def opens_agreements(viewer: User) -> bool:
    """Whether agreements are any business of this role: a contributor has only tasks."""
    return viewer.role is not Role.CONTRIBUTOR and has_pairings(viewer)


def visible_agreements(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Agreement under which ``viewer`` sees it."""
    if sees_all_pairings(viewer):
        return sa.true()
    if not opens_agreements(viewer):
        return sa.false()
    return Agreement.pairing_id.in_(sa.select(Pairing.id).where(visible_pairings(viewer)))


def can_draft(viewer: User, pairing: Pairing) -> Decision:
    """The coordinators of both hospitals write the agreement."""
    mine = viewer.role is Role.BASE_COORDINATOR and side_of(viewer, pairing) is not None
    return yes_if(mine, "只有结对双方的基地管理员可以起草和报送协议。")


def can_edit(viewer: User, agreement: Agreement) -> Decision:
    """The same people as :func:`can_draft`: edit, open for signing, attach, submit."""
    return can_draft(viewer, agreement.pairing)


def can_withdraw(viewer: User, agreement: Agreement) -> Decision:
    """Whoever may write or sign may also take it back for a change."""
    return yes_if(
        works_in(viewer, agreement.pairing), "只有结对双方的基地管理员或负责人可以撤回修改。"
    )


def can_sign(viewer: User, agreement: Agreement) -> Decision:
    """Each side's leader signs, for the own side only."""
    mine = viewer.role is Role.BASE_LEADER and side_of(viewer, agreement.pairing) is not None
    return yes_if(mine, "只有结对双方的基地负责人可以签署，且只能代表本单位签署。")


def can_review(viewer: User, agreement: Agreement) -> Decision:
    """The centre files or returns; nobody decides on what they or their hospital sent in."""
    if viewer.role is not Role.CENTRE_REVIEWER:
        return no("只有省中心审核员可以备案或退回协议。")
    pairing = agreement.pairing
    if viewer.organisation_id in (pairing.supporting_id, pairing.supported_id):
        return no("不能审核本单位的协议。")
    hands = {agreement.created_by_id, agreement.submitted_by_id}
    hands |= {mark.user_id for mark in agreement.current.signatures}
    if viewer.id in hands:
        return no("您参与过本协议的起草、签署或报送，不能由您审核。")
    return YES


def late_days(first_submitted_at: datetime | None, deadline: date, today: date) -> int:
    """Return by how many days the first submission missed the deadline (H-36).

    Counted by Shanghai dates; one not yet submitted is counted up to ``today``.
    Zero when in time. Late is shown, never refused.
    """
    day = clock.local_date(first_submitted_at) if first_submitted_at else today
    return max(0, (day - deadline).days)


@dataclass(frozen=True)
class Waiting:
    """Who must act next, and since when they have been waited for."""

    who: str
    since: datetime


def waits_for(agreement: Agreement) -> Waiting | None:
    """Return who must act next; None once nothing is left to do."""
    state, since = agreement.state, agreement.state_since
    if state in EDITABLE:
        return Waiting("双方基地管理员", since)
    if state is AgreementState.SUBMITTED:
        return Waiting("省中心", since)
    if state is AgreementState.SIGNING:
        return _waiting_while_signing(agreement, since)
    return None


def _waiting_while_signing(agreement: Agreement, since: datetime) -> Waiting:
    marks: Iterable[AgreementSignature] = agreement.current.signatures
    signed = {mark.side: mark.signed_at for mark in marks}
    unsigned = [
        agreement.pairing.organisation_on(side).short_name for side in Side if side not in signed
    ]
    if unsigned:
        return Waiting("、".join(unsigned) + "负责人", since)
    return Waiting("双方基地管理员", max(signed.values()))
