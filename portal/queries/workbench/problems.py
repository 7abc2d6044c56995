"""Problems that no task answers, on the workbench of both hospitals' coordinators."""

import sqlalchemy as sa

from portal.extensions import db
from portal.models import Pairing, Plan, Problem, User
from portal.policies.problems import Standing, unanswered
from portal.policies.scope import visible_pairings
from portal.policies.tasks import OVER
from portal.queries.workbench.items import LIMIT, Item, day_of, pairing_name, supported, supporting


def to_answer(viewer: User) -> list[Item]:
    """Return one line for each pairing with problems that still want a task or a reason."""
    oldest = sa.func.min(Problem.created_at)
    rows = db.session.execute(
        sa.select(
            Problem.pairing_id,
            sa.func.count(Problem.id).label("number"),
            oldest.label("since"),
            supporting.short_name,
            supported.short_name,
        )
        .join(Pairing, Pairing.id == Problem.pairing_id)
        .join(supporting, supporting.id == Pairing.supporting_id)
        .join(supported, supported.id == Pairing.supported_id)
        .where(
            visible_pairings(viewer),
            unanswered(),
            Pairing.id.not_in(sa.select(Plan.pairing_id).where(Plan.state.in_(OVER))),
        )
        .group_by(Problem.pairing_id, supporting.short_name, supported.short_name)
        .order_by(oldest, Problem.pairing_id)
        .limit(LIMIT)
    )
    return [
        Item(
            "问题待安排任务",
            f"{row.number} 项问题还没有任务",
            pairing_name(row),
            day_of(row.since),
            "problems.list_for_pairing",
            {"pairing_id": row.pairing_id, "standing": Standing.UNANSWERED.value},
            detail="安排任务，或说明不列入帮扶的原因",
            tone="warning",
        )
        for row in rows
    ]
