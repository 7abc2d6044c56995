"""Setting a pairing up, and endorsing its plan, on the workbench."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from portal.extensions import db
from portal.models import (
    Agreement,
    LeadershipGroup,
    Pairing,
    Plan,
    PlanEndorsement,
    PlanState,
    Task,
    User,
)
from portal.policies.agreements import is_being_made, is_in_force
from portal.policies.groups import composition_gaps
from portal.policies.scope import visible_pairings
from portal.queries.workbench.items import (
    LIMIT,
    Button,
    Item,
    day_of,
    not_ended,
    own_side,
    pairing_name,
    rows_with_hospitals,
)

ENDORSE = Button("同意", "plans.endorse_plan", "确认同意这份三年帮扶工作计划和任务清单？")


def plans_to_endorse(viewer: User) -> list[Item]:
    """Return the plans with tasks that the viewer's side has not endorsed."""
    endorsed = sa.exists().where(
        PlanEndorsement.plan_id == Plan.id, PlanEndorsement.side == own_side(viewer)
    )
    rows = rows_with_hospitals(
        (Plan.id, Plan.pairing_id, Plan.state_since, Plan.version),
        Plan,
        visible_pairings(viewer),
        Plan.state == PlanState.DRAFTING,
        ~endorsed,
        sa.exists().where(Task.plan_id == Plan.id),
        order=Plan.state_since,
    )
    return [
        Item(
            "计划待商定",
            "审阅三年帮扶工作计划并表示同意",
            pairing_name(row),
            day_of(row.state_since),
            "plans.show_plan",
            {"pairing_id": row.pairing_id, "plan_id": row.id},
            tone="accent",
            button=ENDORSE,
            version=row.version,
        )
        for row in rows
    ]


def to_set_up(viewer: User) -> list[Item]:
    """Return what a new pairing still needs: its group, its plan, its agreement (H-30 to H-35)."""
    # One that ended early is followed by another only if somebody wants it: nobody is asked.
    known = sa.or_(is_in_force(), is_being_made(), Agreement.filed_at.is_not(None))
    agreement = sa.select(Agreement.id).where(Agreement.pairing_id == Pairing.id, known)
    plan_state = sa.select(Plan.state).where(Plan.pairing_id == Pairing.id)
    found = db.session.execute(
        sa.select(
            Pairing,
            sa.exists(agreement.correlate(Pairing)).label("has_agreement"),
            plan_state.correlate(Pairing).scalar_subquery().label("plan_state"),
        )
        .where(visible_pairings(viewer), not_ended())
        .options(
            joinedload(Pairing.supporting),
            joinedload(Pairing.supported),
            joinedload(Pairing.group).options(selectinload(LeadershipGroup.members)),
        )
        .order_by(Pairing.created_at, Pairing.id)
        .limit(LIMIT)
    )
    items = []
    for pairing, has_agreement, plan in found.unique():
        if gaps := composition_gaps(pairing.group, pairing):
            detail = f"还差 {len(gaps)} 项：{gaps[0]}" + ("等" if len(gaps) > 1 else "")
            title = "补齐帮扶领导小组" if pairing.group else "建立帮扶领导小组"
            items.append(_setup_item(pairing, "领导小组", title, "pairings.edit_group", detail))
        if plan is None:
            title = "制定三年帮扶工作计划和任务清单"
            items.append(_setup_item(pairing, "计划待制定", title, "plans.show_plan"))
        elif plan == PlanState.AGREED and not has_agreement:
            title = "起草帮扶协议"
            items.append(_setup_item(pairing, "协议待起草", title, "agreements.show_for_pairing"))
    return items


def _setup_item(pairing: Pairing, kind: str, title: str, endpoint: str, detail: str = "") -> Item:
    values: dict[str, Any] = {"pairing_id": pairing.id}
    since = day_of(pairing.created_at)
    return Item(kind, title, pairing.title, since, endpoint, values, detail=detail)
