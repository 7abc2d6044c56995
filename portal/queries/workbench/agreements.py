"""Agreements on the workbench."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from portal.models import (
    Agreement,
    AgreementRevision,
    AgreementSignature,
    AgreementState,
    Role,
    Side,
    User,
)
from portal.policies.scope import visible_pairings
from portal.queries.workbench.items import (
    Button,
    Item,
    day_of,
    own_side,
    pairing_name,
    rows_with_hospitals,
)

COLUMNS = (
    Agreement.id,
    Agreement.state,
    Agreement.state_since,
    Agreement.return_reason,
    Agreement.version,
    Agreement.kind,
)
SIGN = Button("签署", "agreements.sign_agreement", "确认代表本单位签署这份帮扶协议？")


def latest_revision() -> Any:
    """Return the id of the revision being worked on, as a part of a query on Agreement."""
    one = aliased(AgreementRevision)
    return sa.select(sa.func.max(one.id)).where(one.agreement_id == Agreement.id).scalar_subquery()


def _signatures() -> Any:
    """Return how many sides have signed the latest revision."""
    return (
        sa.select(sa.func.count())
        .select_from(AgreementSignature)
        .where(AgreementSignature.revision_id == latest_revision())
        .scalar_subquery()
    )


def _signed_side() -> Any:
    """Return the side that has signed the latest revision, where only one has."""
    return (
        sa.select(sa.func.min(AgreementSignature.side))
        .where(AgreementSignature.revision_id == latest_revision())
        .scalar_subquery()
    )


def _to_sign_now(row: Any) -> str:
    """Return whose leader signs now: the first side, the one that is left, or both."""
    signed = Side(row.signed_side) if row.signed_side else None
    side = signed.other if signed else row.first_to_sign
    if side is None:
        return "双方负责人签署"
    return f"{row[-2] if side is Side.SUPPORTING else row[-1]}负责人签署"


def agreement_item(row: Any, kind: str, title: str, **more: Any) -> Item:
    """Return a line about the agreement of ``row``."""
    return Item(
        kind,
        title,
        pairing_name(row),
        day_of(row.state_since),
        "agreements.show_agreement",
        {"agreement_id": row.id},
        **more,
    )


def _signed_by_own(viewer: User) -> sa.Exists:
    """Return whether the viewer's side has signed the latest revision."""
    return sa.exists().where(
        AgreementSignature.revision_id == latest_revision(),
        AgreementSignature.side == own_side(viewer),
    )


def _own_turn(viewer: User) -> sa.ColumnElement[bool]:
    """Return whether the viewer's side may sign now: the order is free, or it comes first, or
    the first has signed."""
    first_signed = sa.exists().where(
        AgreementSignature.revision_id == latest_revision(),
        AgreementSignature.side == Agreement.first_to_sign,
    )
    first = Agreement.first_to_sign
    return sa.or_(first.is_(None), first == own_side(viewer), first_signed)


def to_sign(viewer: User) -> list[Item]:
    """Return the agreements in signing that wait for the signature of the viewer's side."""
    return agreements_to_sign(viewer, "签署")


def agreements_to_sign(viewer: User, verb: str) -> list[Item]:
    """Return what waits for the signature of the viewer's side, called as ``verb`` says."""
    rows = rows_with_hospitals(
        COLUMNS,
        Agreement,
        visible_pairings(viewer),
        Agreement.state == AgreementState.SIGNING,
        ~_signed_by_own(viewer),
        _own_turn(viewer),
        order=Agreement.state_since,
    )
    return [
        agreement_item(
            row,
            "协议待签署",
            f"{verb}{row.kind.label}",
            tone="accent",
            button=SIGN,
            version=row.version,
        )
        for row in rows
    ]


def in_hand(viewer: User) -> list[Item]:
    """Return what the coordinators must move on: drafts, returned ones, signed ones."""
    rows = rows_with_hospitals(
        (*COLUMNS, _signatures().label("signatures")),
        Agreement,
        visible_pairings(viewer),
        Agreement.state.in_(
            [AgreementState.DRAFT, AgreementState.RETURNED, AgreementState.SIGNING]
        ),
        order=Agreement.state_since,
    )
    items = []
    for row in rows:
        if row.state is AgreementState.RETURNED:
            reason = row.return_reason
            title = "按意见修改并重新报送协议"
            items.append(agreement_item(row, "协议被退回", title, detail=reason, tone="warning"))
        elif row.state is AgreementState.DRAFT:
            items.append(agreement_item(row, "协议待完善", "完成协议起草并发起签署"))
        elif row.signatures == 2:
            items.append(agreement_item(row, "协议待报送", "上传签字扫描件并报省中心备案"))
    return items


def to_file(viewer: User) -> list[Item]:
    """Return the agreements that wait for the centre."""
    rows = rows_with_hospitals(
        COLUMNS,
        Agreement,
        visible_pairings(viewer),
        Agreement.state == AgreementState.SUBMITTED,
        order=Agreement.state_since,
    )
    return [
        agreement_item(row, "协议待备案", f"审核{row.kind.label}并备案", tone="accent")
        for row in rows
    ]


def with_others(viewer: User) -> list[Item]:
    """Return the agreements that lie with a leader or with the centre; a leader's own do not."""
    waiting: sa.ColumnElement[bool] = Agreement.state.in_(
        [AgreementState.SIGNING, AgreementState.SUBMITTED]
    )
    if viewer.role is Role.BASE_LEADER:
        submitted = Agreement.state == AgreementState.SUBMITTED
        waiting = sa.or_(submitted, waiting & (_signed_by_own(viewer) | ~_own_turn(viewer)))
    rows = rows_with_hospitals(
        (
            *COLUMNS,
            Agreement.first_to_sign,
            _signatures().label("signatures"),
            _signed_side().label("signed_side"),
        ),
        Agreement,
        visible_pairings(viewer),
        waiting,
        order=Agreement.state_since,
    )
    return [
        agreement_item(
            row,
            row.state.label,
            row.kind.label,
            waits_for="省中心备案" if row.state is AgreementState.SUBMITTED else _to_sign_now(row),
        )
        for row in rows
        if row.state is AgreementState.SUBMITTED or row.signatures < 2
    ]
