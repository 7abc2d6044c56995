"""Who may do what with an agreement, who sees it, how late it is and whom it waits for."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from portal import clock
from portal.models import (
    Agreement,
    AgreementKind,
    AgreementState,
    Pairing,
    Role,
    Side,
    SigningDelegation,
    User,
)
from portal.policies.decision import YES, Decision, no, yes_if
from portal.policies.pairings import works_in
from portal.policies.scope import has_pairings, sees_all_pairings, side_of, visible_pairings
from portal.workdays import add_workdays

EDITABLE = frozenset({AgreementState.DRAFT, AgreementState.RETURNED})
"""The text may be changed only while nobody has been asked to sign it."""

IN_FORCE = AgreementState.FILED
"""What holds between the two hospitals; a pairing has at most one such agreement."""

BEING_MADE = EDITABLE | {AgreementState.SIGNING, AgreementState.SUBMITTED}
"""On its way to the file; a pairing has at most one, also beside the one in force."""


def is_in_force() -> sa.ColumnElement[bool]:
    """Return the condition on Agreement under which it holds now."""
    return Agreement.state == IN_FORCE


def is_being_made() -> sa.ColumnElement[bool]:
    """Return the condition on Agreement under which it is on its way to the file."""
    return Agreement.state.in_(sorted(BEING_MADE))


SIGNERS = "只有结对双方的基地负责人可以签署，且只能代表本单位签署。"


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


def can_sign(
    viewer: User, agreement: Agreement, leave: SigningDelegation | None = None
) -> Decision:
    """Each side's leader signs, for the own side only; or whoever has ``leave`` to sign.

    ``leave`` is a delegation to the viewer that holds today (queries/delegations).
    """
    if side_of(viewer, agreement.pairing) is None:
        return no(SIGNERS)
    return yes_if(viewer.role is Role.BASE_LEADER or leave is not None, SIGNERS)


def can_take_back(viewer: User, agreement: Agreement) -> Decision:
    """The hospitals may take back what the centre has not decided about yet."""
    return yes_if(
        works_in(viewer, agreement.pairing), "只有结对双方的基地管理员或负责人可以撤回报送。"
    )


def can_terminate(viewer: User, agreement: Agreement) -> Decision:
    """An agreement ends early only with the commission's consent (§12.1, clause 18)."""
    return yes_if(
        viewer.role is Role.COMMISSION_OFFICER and side_of(viewer, agreement.pairing) is None,
        "提前终止协议须经省卫健委同意。",
    )


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


RENEWAL_DAYS = 90
"""So many days before its last day an agreement is to be renewed."""


def renewal_due_since(agreement: Agreement, today: date) -> date | None:
    """Return since when the renewal of an agreement in force has been due; None before that."""
    if agreement.state is not IN_FORCE:
        return None
    since = agreement.current.ends_on - timedelta(days=RENEWAL_DAYS)
    return since if since <= today else None


def sides_to_sign(agreement: Agreement) -> list[Side]:
    """Return whose signature is awaited now: the first side alone until it has signed."""
    absent = [side for side in Side if agreement.current.signature_of(side) is None]
    first = agreement.first_to_sign
    return [first] if first is not None and first in absent else absent


REFILING_WORKDAYS = 15
"""Within so many working days a change is filed again (§12.1, clause 18).

Counted from the change's own signing; until somebody drafts it, from the plan's amendment.
"""


def filing_deadline(agreement: Agreement) -> date | None:
    """Return by when it is to be submitted; None for a change that is not signed yet.

    The programme's deadline is for first agreements; a change counts from its own signing.
    """
    if agreement.kind is AgreementKind.ORIGINAL:
        return agreement.pairing.programme.filing_deadline
    sent = [one for one in agreement.revisions if one.submitted_at]
    revision = sent[0] if sent else agreement.current
    if len(revision.signatures) < len(Side):
        return None
    last = max(mark.signed_at for mark in revision.signatures)
    return add_workdays(clock.local_date(last), REFILING_WORKDAYS)


def late_of(agreement: Agreement, today: date) -> int:
    """Return by how many days ``agreement`` missed its deadline; 0 where it has none yet."""
    deadline = filing_deadline(agreement)
    if deadline is None:
        return 0
    return late_days(agreement.first_submitted_at, deadline, today)


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
    absent = sides_to_sign(agreement)
    if absent:
        names = [agreement.pairing.organisation_on(side).short_name for side in absent]
        return Waiting("、".join(names) + "负责人", since)
    last = max(mark.signed_at for mark in agreement.current.signatures)
    return Waiting("双方基地管理员", last)
