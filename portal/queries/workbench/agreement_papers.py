"""Around the agreement in force: renewals, early ends, what was taken back, deputies."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from portal import clock
from portal.models import (
    Agreement,
    AgreementRevision,
    AgreementState,
    AgreementTermination,
    Pairing,
    Side,
    TerminationState,
    User,
)
from portal.policies.agreements import BEING_MADE, RENEWAL_DAYS, is_in_force
from portal.policies.scope import visible_pairings
from portal.queries.delegations import leave_of
from portal.queries.workbench.agreements import agreement_item, agreements_to_sign, latest_revision
from portal.queries.workbench.items import Item, day_of, pairing_name, rows_with_hospitals


def to_sign_as_deputy(viewer: User) -> list[Item]:
    """Return what waits for the signature of a leader in whose place the viewer may sign."""
    leave = leave_of(viewer, clock.today())
    if leave is None:
        return []
    return agreements_to_sign(viewer, f"代{leave.leader.name}签署")


def to_renew(viewer: User) -> list[Item]:
    """Return the agreements that end within 90 days and have no successor on its way."""
    last = clock.today() + timedelta(days=RENEWAL_DAYS)
    successor = aliased(Agreement)
    rows = rows_with_hospitals(
        (Agreement.id, Agreement.filing_number, AgreementRevision.ends_on),
        Agreement,
        visible_pairings(viewer),
        is_in_force(),
        AgreementRevision.agreement_id == Agreement.id,
        AgreementRevision.id == latest_revision(),
        AgreementRevision.ends_on <= last,
        sa.not_(
            sa.exists().where(
                successor.replaces_id == Agreement.id, successor.state.in_(sorted(BEING_MADE))
            )
        ),
        order=AgreementRevision.ends_on,
    )
    return [
        Item(
            "协议待续签",
            f"协议 {row.ends_on.isoformat()} 期满，办理续签",
            pairing_name(row),
            row.ends_on - timedelta(days=RENEWAL_DAYS),
            "agreements.show_agreement",
            {"agreement_id": row.id},
            detail=row.filing_number or "",
            tone="warning",
        )
        for row in rows
    ]


def ends_to_answer(viewer: User) -> list[Item]:
    """Return the requests of the other side's leader to end an agreement early."""
    return [
        _end_item(row, "终止申请待答复", "答复提前终止协议的申请")
        for row in _ends(TerminationState.REQUESTED, viewer)
        if _asking(row) != viewer.organisation_id
    ]


def ends_to_decide(viewer: User) -> list[Item]:
    """Return the early ends both sides want, which wait for the commission."""
    rows = _ends(TerminationState.AGREED, viewer)
    return [_end_item(row, "终止申请待审定", "审定提前终止协议的申请") for row in rows]


def ends_with_others(viewer: User) -> list[Item]:
    """Return the requests that lie with the other side or the commission."""
    found = []
    for row in _ends(TerminationState.REQUESTED, viewer):
        if _asking(row) == viewer.organisation_id:
            found.append(_end_item(row, "终止申请", "提前终止协议", waits_for="对方负责人答复"))
    for row in _ends(TerminationState.AGREED, viewer):
        found.append(_end_item(row, "终止申请", "提前终止协议", waits_for="省卫健委审定"))
    return found


def taken_back(viewer: User) -> list[Item]:
    """Return what the hospitals took back from the centre and have not sent in again."""
    before = aliased(AgreementRevision)
    rows = rows_with_hospitals(
        (Agreement.id, before.withdrawn_at.label("state_since"), before.withdrawn_reason),
        Agreement,
        visible_pairings(viewer),
        Agreement.state.in_([AgreementState.DRAFT, AgreementState.SIGNING]),
        AgreementRevision.agreement_id == Agreement.id,
        AgreementRevision.id == latest_revision(),
        before.agreement_id == Agreement.id,
        before.number == AgreementRevision.number - 1,
        before.withdrawn_at.is_not(None),
        order=before.withdrawn_at,
    )
    return [
        agreement_item(
            row,
            "协议已撤回",
            "双方撤回报送，修改后重新报送",
            detail=row.withdrawn_reason,
            waits_for="双方基地管理员",
        )
        for row in rows
    ]


def _end_item(row: Any, kind: str, title: str, **more: Any) -> Item:
    day = row.ends_on.isoformat()
    return Item(
        kind,
        title,
        pairing_name(row),
        day_of(row.state_since),
        "agreements.show_agreement",
        {"agreement_id": row.agreement_id},
        detail=f"拟于 {day} 终止：{row.reason}",
        tone="warning",
        **more,
    )


def _asking(row: Any) -> int:
    """Return the hospital that asked for the early end."""
    asked: int = row.supporting_id if row.asked_side is Side.SUPPORTING else row.supported_id
    return asked


def _ends(state: TerminationState, viewer: User) -> list[Any]:
    return rows_with_hospitals(
        (
            AgreementTermination.agreement_id,
            AgreementTermination.state_since,
            AgreementTermination.reason,
            AgreementTermination.ends_on,
            AgreementTermination.asked_side,
            Pairing.supporting_id,
            Pairing.supported_id,
        ),
        AgreementTermination,
        visible_pairings(viewer),
        AgreementTermination.state == state,
        order=AgreementTermination.state_since,
    )
