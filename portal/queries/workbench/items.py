"""One line of the workbench, and the query parts that every kind of line shares."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from portal import clock
from portal.extensions import db
from portal.models import Organisation, Pairing, Plan, PlanState, Side, User
from portal.workdays import workdays_between

LIMIT = 30
"""The most items of one kind that are listed: the longest waiting. The ledger and the queues
show all of them."""

supporting = aliased(Organisation)
supported = aliased(Organisation)


@dataclass(frozen=True)
class Button:
    """A step that needs no further word, taken in the row itself."""

    label: str
    endpoint: str
    confirm: str


@dataclass(frozen=True)
class Item:
    """One thing that waits, since a Shanghai day, and where it is dealt with."""

    kind: str
    title: str
    pairing: str
    since: date
    endpoint: str
    values: dict[str, Any]
    detail: str = ""
    tone: str = "neutral"
    waits_for: str = ""
    button: Button | None = None
    version: int | None = None
    waited: int = field(default=0)

    def waited_until(self, today: date) -> "Item":
        """Return the item with the working days it has waited by ``today``."""
        return replace(self, waited=workdays_between(self.since, today))


def rows_with_hospitals(
    columns: Sequence[Any], source: Any, *conditions: Any, order: Any, limit: int = LIMIT
) -> list[Any]:
    """Select ``columns`` of ``source`` (which has pairing_id) and both hospitals' names."""
    query = (
        sa.select(*columns, supporting.short_name, supported.short_name)
        .select_from(source)
        .join(Pairing, Pairing.id == source.pairing_id)
        .join(supporting, supporting.id == Pairing.supporting_id)
        .join(supported, supported.id == Pairing.supported_id)
        .where(*conditions)
        .order_by(order, source.id)
        .limit(limit)
    )
    return list(db.session.execute(query))


def pairing_name(row: Any) -> str:
    """Return how the pairing of a row from :func:`rows_with_hospitals` is called."""
    return f"{row[-2]} → {row[-1]}"


def day_of(at: datetime) -> date:
    """Return the Shanghai day of a moment."""
    return clock.local_date(at)


def on_side(viewer: User, side: Side) -> sa.ColumnElement[bool]:
    """Return the pairings in which the viewer's hospital is on ``side``."""
    column = Pairing.supporting_id if side is Side.SUPPORTING else Pairing.supported_id
    return column == viewer.organisation_id


def not_ended() -> sa.ColumnElement[bool]:
    """Return the pairings whose plan did not end early: in the others nothing is asked for."""
    ended = sa.exists().where(Plan.pairing_id == Pairing.id, Plan.state == PlanState.TERMINATED)
    return ~ended.correlate(Pairing)


def own_side(viewer: User) -> sa.ColumnElement[str]:
    """Return the viewer's side in the pairing of the row."""
    return sa.case(
        (on_side(viewer, Side.SUPPORTING), Side.SUPPORTING.value), else_=Side.SUPPORTED.value
    )
