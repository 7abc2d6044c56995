"""The task ledger: filters, keyset pages and capped counts over every task a viewer may see.

Rows are plain columns, not objects: the ledger is the page opened most and must cost the
same at ten thousand tasks as at ten (design/quality.md, Performance).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from portal import clock
from portal.extensions import db
from portal.models import (
    Area,
    Light,
    Organisation,
    Pairing,
    Plan,
    PlanState,
    Programme,
    Task,
    TaskState,
    User,
    light_condition,
    light_of,
)
from portal.policies.scope import given_to, visible_pairings, visible_tasks
from portal.policies.tasks import BINDING, unbound_words
from portal.queries.paging import moment_in
from portal.row_ids import row_id

PAGE_SIZE = 50
COUNT_CAP = 1000

SORTS: dict[str, tuple[str, Any]] = {
    "due": ("完成时限", Task.due_on),
    "since": ("当前环节最久", Task.state_since),
    "code": ("任务编号", Task.code),
}
"""What the ledger can be ordered by; each has an index with the id behind it."""


@dataclass(frozen=True)
class LedgerFilter:
    """What the address asks for. Empty fields do not narrow."""

    programme_id: int | None = None
    pairing_id: int | None = None
    organisation_id: int | None = None
    area: Area | None = None
    state: TaskState | None = None
    light: Light | None = None
    weight: int | None = None
    text: str = ""
    mine: bool = False
    open_only: bool = False
    sort: str = "due"
    after: str = ""

    @property
    def narrows(self) -> bool:
        """Whether anything but order and page was asked for."""
        return replace(self, sort="due", after="") != LedgerFilter()


@dataclass(frozen=True)
class LedgerRow:
    """One task as the ledger shows it."""

    id: int
    code: str
    title: str
    area: Area
    weight: int
    state: TaskState
    is_returned: bool
    progress: int
    starts_on: date
    due_on: date
    first_due_on: date
    closed_on: date | None
    state_since: datetime
    pairing_id: int
    supporting: str
    supported: str
    supporting_owner: str | None
    supported_owner: str | None
    plan_state: PlanState
    light: Light
    overdue_days: int

    @property
    def light_detail(self) -> str | None:
        """How late, how soon, or that it was returned: the words beside the light."""
        if unbound := unbound_words(self.plan_state):
            return unbound
        if not self.state.is_running:
            return self.state.rest_label or None
        if self.overdue_days > 0:
            return f"逾期{self.overdue_days}天"
        if self.is_returned:
            return "被退回"
        if self.light is Light.YELLOW:
            return f"还有{-self.overdue_days}天" if self.overdue_days else "今天到期"
        return None


@dataclass(frozen=True)
class LedgerPage:
    """One page of rows, how many there are (at most COUNT_CAP + 1), and where the next begins."""

    rows: list[LedgerRow]
    count: int
    next_after: str | None

    @property
    def count_text(self) -> str:
        """The count in words; beyond the cap it is not counted."""
        return f"{COUNT_CAP} 项以上" if self.count > COUNT_CAP else f"{self.count} 项"


_supporting = aliased(Organisation)
_supported = aliased(Organisation)
_supporting_owner = aliased(User)
_supported_owner = aliased(User)


def _conditions(wanted: LedgerFilter, viewer: User) -> list[sa.ColumnElement[bool]]:
    """Return every condition of the list: what may be seen, and what was asked for.

    A task binds, and has a light, once its plan is in force; before that it is seen only
    in the list of its own pairing.
    """
    found = [visible_tasks(viewer)]
    if not wanted.pairing_id or wanted.light:
        found.append(Task.plan_id.in_(sa.select(Plan.id).where(Plan.state.in_(BINDING))))
    if wanted.pairing_id:
        found.append(Task.pairing_id == wanted.pairing_id)
    if wanted.programme_id:
        in_programme = sa.select(Pairing.id).where(Pairing.programme_id == wanted.programme_id)
        found.append(Task.pairing_id.in_(in_programme))
    if wanted.organisation_id:
        of_hospital = sa.select(Pairing.id).where(
            sa.or_(
                Pairing.supporting_id == wanted.organisation_id,
                Pairing.supported_id == wanted.organisation_id,
            )
        )
        found.append(Task.pairing_id.in_(of_hospital))
    if wanted.area:
        found.append(Task.area == wanted.area)
    if wanted.state:
        found.append(Task.state == wanted.state)
    if wanted.weight:
        found.append(Task.weight == wanted.weight)
    if wanted.light:
        found.append(light_condition(wanted.light, clock.today()))
    if wanted.open_only:
        found.append(sa.not_(Task.is_over))
    if wanted.mine:
        found.append(given_to(viewer))
    if wanted.text:
        places = (Task.title, Task.code)
        found.append(sa.or_(*(one.icontains(wanted.text, autoescape=True) for one in places)))
    return found


def ledger_condition(wanted: LedgerFilter, *, viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Task under which the ledger lists it, for other readers of it."""
    return sa.and_(*_conditions(wanted, viewer))


_COLUMNS = (
    sa.select(
        Task.id,
        Task.code,
        Task.title,
        Task.area,
        Task.weight,
        Task.state,
        Task.is_returned,
        Task.progress,
        Task.starts_on,
        Task.due_on,
        Task.first_due_on,
        Task.closed_on,
        Task.state_since,
        Task.pairing_id,
        _supporting.short_name.label("supporting"),
        _supported.short_name.label("supported"),
        sa.func.coalesce(_supporting_owner.name, sa.func.nullif(Task.supporting_person, "")).label(
            "supporting_owner"
        ),
        sa.func.coalesce(_supported_owner.name, sa.func.nullif(Task.supported_person, "")).label(
            "supported_owner"
        ),
        Plan.state.label("plan_state"),
    )
    .join(Plan, Plan.id == Task.plan_id)
    .join(Pairing, Pairing.id == Task.pairing_id)
    .join(_supporting, _supporting.id == Pairing.supporting_id)
    .join(_supported, _supported.id == Pairing.supported_id)
    .outerjoin(_supporting_owner, _supporting_owner.id == Task.supporting_owner_id)
    .outerjoin(_supported_owner, _supported_owner.id == Task.supported_owner_id)
)
"""Everything a row shows, unfiltered; built once, because building costs as much as running."""


def _row(columns: Any, today: date) -> LedgerRow:
    light = Light.GREY
    if columns.plan_state in BINDING:
        light = light_of(
            columns.state, columns.due_on, columns.starts_on, columns.is_returned, today
        )
    return LedgerRow(**columns._mapping, light=light, overdue_days=(today - columns.due_on).days)


def ledger_page(wanted: LedgerFilter, *, viewer: User) -> LedgerPage:
    """Return one page of the ledger: two queries, whatever the size of the table."""
    today = clock.today()
    conditions = _conditions(wanted, viewer)
    column = SORTS[wanted.sort][1]
    query = _COLUMNS.where(*conditions).order_by(column, Task.id).limit(PAGE_SIZE + 1)
    if (place := _place(wanted)) is not None:
        query = query.where(sa.tuple_(column, Task.id) > sa.tuple_(*place))
    found = db.session.execute(query).all()
    capped = sa.select(Task.id).where(*conditions).limit(COUNT_CAP + 1).subquery()
    count = db.session.scalar(sa.select(sa.func.count()).select_from(capped)) or 0
    rows = [_row(columns, today) for columns in found[:PAGE_SIZE]]
    more = len(found) > PAGE_SIZE
    return LedgerPage(rows, count, _cursor(rows[-1], wanted.sort) if more else None)


def _cursor(row: LedgerRow, sort: str) -> str:
    """Return where the page behind ``row`` begins: sort value and id."""
    value = {
        "due": row.due_on.isoformat(),
        "since": row.state_since.isoformat(),
        "code": row.code,
    }[sort]
    return f"{value}~{row.id}"


def _place(wanted: LedgerFilter) -> tuple[Any, Any] | None:
    """Read a cursor back into values; a broken one means the first page."""
    value, separator, number = wanted.after.rpartition("~")
    last = row_id(number)
    if not separator or last is None:
        return None
    column = SORTS[wanted.sort][1]
    try:
        if wanted.sort == "due":
            parsed: Any = date.fromisoformat(value)
        elif wanted.sort == "since":
            parsed = moment_in(value)
            if parsed is None:
                return None
        else:
            parsed = value
    except ValueError:
        return None
    return sa.literal(parsed, column.type), sa.literal(last)


def ledger_rows(wanted: LedgerFilter, *, viewer: User) -> Iterator[LedgerRow]:
    """Yield every row of the filtered ledger for export, fetched in blocks."""
    today = clock.today()
    query = (
        _COLUMNS.where(*_conditions(wanted, viewer))
        .order_by(SORTS[wanted.sort][1], Task.id)
        .execution_options(yield_per=1000)
    )
    for columns in db.session.execute(query):
        yield _row(columns, today)


def programme_choices(viewer: User) -> list[tuple[int, str]]:
    """Return the programmes with a pairing ``viewer`` may see, newest first."""
    seen = sa.select(Pairing.programme_id).where(visible_pairings(viewer))
    rows = db.session.execute(
        sa.select(Programme.id, Programme.name)
        .where(Programme.id.in_(seen))
        .order_by(Programme.starts_on.desc(), Programme.id)
        .limit(100)
    )
    return [(number, name) for number, name in rows]


def pairing_choices(viewer: User, programme_id: int | None = None) -> list[tuple[int, str]]:
    """Return the pairings ``viewer`` may see, in the order of their table."""
    query = (
        sa.select(Pairing.id, _supporting.short_name, _supported.short_name)
        .join(_supporting, _supporting.id == Pairing.supporting_id)
        .join(_supported, _supported.id == Pairing.supported_id)
        .where(visible_pairings(viewer))
        .order_by(Pairing.programme_id.desc(), Pairing.sequence)
        .limit(200)
    )
    if programme_id:
        query = query.where(Pairing.programme_id == programme_id)
    return [(row[0], f"{row[1]} → {row[2]}") for row in db.session.execute(query)]


def plan_state_of(pairing_id: int) -> PlanState | None:
    """Return how far the pairing's plan has come; None where there is no plan."""
    return db.session.scalar(sa.select(Plan.state).where(Plan.pairing_id == pairing_id))
