"""What a plan's papers tell of the amendments approved since both sides signed it."""

from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from portal.extensions import db
from portal.models import AmendmentState, Plan, PlanAmendment, PlanVersion, Side
from portal.queries.papers.common import day_of
from portal.queries.papers.telling import Told

VERSION = Told("版次，签署后未经调整时为空", "第2版（经第1次计划调整，2021年3月5日省中心批准）")


@dataclass(frozen=True)
class Amended:
    """An amendment that the centre has approved."""

    number: Annotated[str, Told("第几次计划调整", "1")]
    reason: Annotated[str, Told("调整原因", "门诊楼改造推迟，原安排无法按期完成。")]
    consents: Annotated[
        str,
        Told("双方负责人的同意", "帮扶方王某某（2021年3月1日）、受援方李某某（2021年3月2日）"),
    ]
    approver: Annotated[str, Told("批准人", "赵某某")]
    approved: Annotated[str, Told("批准日期", "2021年3月5日")]


def amendments_of(plan: Plan) -> list[Amended]:
    """Return the approved amendments of ``plan`` in their order."""
    return [_amended(one) for one in _approved(plan)]


def version_of(plan: Plan) -> str:
    """Return which version of the plan holds; nothing while it stands as it was signed."""
    approved = _approved(plan)
    if not approved:
        return ""
    number = db.session.scalar(
        sa.select(sa.func.max(PlanVersion.number)).where(PlanVersion.plan_id == plan.id)
    )
    last = approved[-1]
    return (
        f"第{number or len(approved) + 1}版（经第{last.number}次计划调整，"
        f"{day_of(last.approved_at)}省中心批准）"
    )


def _approved(plan: Plan) -> list[PlanAmendment]:
    return list(
        db.session.scalars(
            sa.select(PlanAmendment)
            .where(PlanAmendment.plan_id == plan.id, PlanAmendment.state == AmendmentState.APPROVED)
            .order_by(PlanAmendment.approved_at, PlanAmendment.id)
            .options(
                joinedload(PlanAmendment.approved_by), selectinload(PlanAmendment.endorsements)
            )
        )
    )


def _amended(amendment: PlanAmendment) -> Amended:
    marks = [(side, amendment.endorsement_of(side)) for side in Side]
    return Amended(
        number=str(amendment.number),
        reason=amendment.reason,
        consents="、".join(
            f"{side.label}{mark.name}（{day_of(mark.endorsed_at)}）" for side, mark in marks if mark
        ),
        approver=amendment.approved_by.name if amendment.approved_by else "",
        approved=day_of(amendment.approved_at),
    )
