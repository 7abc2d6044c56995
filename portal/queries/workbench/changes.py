"""Changes of plans in force on the workbench: amendments, and requests for more time."""

from typing import Any

import sqlalchemy as sa

from portal.models import (
    AmendmentState,
    ExtensionRequest,
    ExtensionState,
    PlanAmendment,
    Role,
    Task,
    User,
    Weight,
)
from portal.policies.extensions import decidable_by
from portal.policies.scope import visible_pairings, visible_tasks
from portal.queries.change_queue import awaits
from portal.queries.workbench.items import (
    Button,
    Item,
    day_of,
    not_ended,
    pairing_name,
    rows_with_hospitals,
)

COLUMNS = (
    PlanAmendment.id,
    PlanAmendment.number,
    PlanAmendment.state,
    PlanAmendment.state_since,
    PlanAmendment.reason,
    PlanAmendment.return_reason,
    PlanAmendment.version,
)
CONSENT = Button("同意", "amendments.consent_to_amendment", "确认代表本单位同意这份计划调整？")
EXTENSION_COLUMNS = (
    ExtensionRequest.id,
    ExtensionRequest.requested_at,
    ExtensionRequest.from_due_on,
    ExtensionRequest.to_due_on,
    ExtensionRequest.version,
    Task.code,
    Task.title,
    Task.weight,
)
GRANT = Button("同意延期", "extensions.grant_extension", "确认同意延期？完成时限随之顺延。")


def _items(viewer: User, *conditions: Any) -> list[Any]:
    return rows_with_hospitals(
        COLUMNS,
        PlanAmendment,
        visible_pairings(viewer),
        not_ended(),
        *conditions,
        order=PlanAmendment.state_since,
    )


def _item(row: Any, kind: str, verb: str, **more: Any) -> Item:
    return Item(
        kind,
        f"{verb}计划调整（第 {row.number} 号）",
        pairing_name(row),
        day_of(row.state_since),
        "amendments.show_amendment",
        {"amendment_id": row.id},
        **more,
    )


def to_consent(viewer: User) -> list[Item]:
    """Return the amendments that wait for the viewer's side."""
    return [
        _item(
            row,
            "调整待同意",
            "审阅并同意",
            detail=row.reason,
            tone="accent",
            button=CONSENT,
            version=row.version,
        )
        for row in _items(viewer, awaits(viewer))
    ]


def to_approve(viewer: User) -> list[Item]:
    """Return the amendments that wait for the centre; each is looked at before it is approved."""
    return [
        _item(row, "调整待批准", "审批", detail=row.reason, tone="accent")
        for row in _items(viewer, awaits(viewer))
    ]


def in_hand(viewer: User) -> list[Item]:
    """Return what the coordinators must move on: returned ones and drafts."""
    found = []
    for row in _items(viewer, PlanAmendment.state == AmendmentState.DRAFTING):
        if row.return_reason:
            detail = row.return_reason
            found.append(_item(row, "调整被退回", "按意见修改", detail=detail, tone="warning"))
        else:
            found.append(_item(row, "调整待提请", "完成并提请同意"))
    return found


def _extension_rows(viewer: User, *conditions: Any) -> list[Any]:
    """Return waiting requests for more time, with their tasks, that ``viewer`` may see."""
    return rows_with_hospitals(
        EXTENSION_COLUMNS,
        ExtensionRequest,
        ExtensionRequest.state == ExtensionState.REQUESTED,
        Task.id == ExtensionRequest.task_id,
        visible_tasks(viewer),
        *conditions,
        order=ExtensionRequest.requested_at,
    )


def _extension_item(row: Any, kind: str, **more: Any) -> Item:
    return Item(
        kind,
        f"{row.code} {row.title}",
        pairing_name(row),
        day_of(row.requested_at),
        "extensions.show_extension",
        {"extension_id": row.id},
        detail=f"{row.from_due_on} → {row.to_due_on}",
        **more,
    )


def extensions_to_decide(viewer: User) -> list[Item]:
    """Return the requests for more time that wait for ``viewer``."""
    return [
        _extension_item(row, "延期待审批", tone="accent", button=GRANT, version=row.version)
        for row in _extension_rows(viewer, decidable_by(viewer))
    ]


def extensions_with_others(viewer: User) -> list[Item]:
    """Return the requests that somebody else has to decide; a leader's own are not."""
    return [
        _extension_item(
            row,
            "延期待审批",
            waits_for="省中心审批延期"
            if row.weight >= int(Weight.CORE)
            else "对方负责人或省中心审批延期",
        )
        for row in _extension_rows(viewer, sa.not_(decidable_by(viewer)))
    ]


def with_others(viewer: User) -> list[Item]:
    """Return the amendments and requests that somebody else has to decide."""
    waiting: sa.ColumnElement[bool] = PlanAmendment.state.in_(
        [AmendmentState.PROPOSED, AmendmentState.AGREED]
    )
    if viewer.role is Role.BASE_LEADER:
        waiting = waiting & sa.not_(awaits(viewer))
    rows = _items(viewer, waiting)
    amendments = [
        Item(
            row.state.label,
            f"计划调整（第 {row.number} 号）",
            pairing_name(row),
            day_of(row.state_since),
            "amendments.show_amendment",
            {"amendment_id": row.id},
            waits_for="省中心批准" if row.state is AmendmentState.AGREED else "双方负责人同意",
        )
        for row in rows
    ]
    return [*amendments, *extensions_with_others(viewer)]
