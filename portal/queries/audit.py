"""The audit log as the auditor reads it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, defer

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import AuditEntry, AuditKind, AuditResult, Event, User
from portal.policies.accounts import reads_audit
from portal.queries.events import accounts_called, midnight
from portal.queries.paging import Page, page_of
from portal.row_ids import LARGEST_ID

VERIFIED = "audit verify"
"""The action of the command that reads the chain back (portal/cli/audit.py)."""

LOG_IN_PAGES = ("auth.log_in", "auth.second_step")
"""Where somebody who is refused has failed to log in."""

BATCH = 1000

Vouched = tuple[AuditEntry, list[Event]]
"""An entry with the events it vouches for."""


@dataclass(frozen=True)
class AuditFilter:
    """What the log is narrowed to; empty values do not narrow. Days are Shanghai's."""

    person: str = ""
    kind: AuditKind | None = None
    result: AuditResult | None = None
    object_type: str = ""
    object_id: int | None = None
    address: str = ""
    text: str = ""
    since: date | None = None
    until: date | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return the conditions on AuditEntry."""
        found: list[sa.ColumnElement[bool]] = []
        if self.person:
            named = AuditEntry.actor_name == self.person
            found.append(sa.or_(AuditEntry.actor_id.in_(accounts_called(self.person)), named))
        if self.kind is AuditKind.LOG_IN:
            found.append(sa.or_(AuditEntry.kind == self.kind, AuditEntry.action.in_(LOG_IN_PAGES)))
        for column, value in (
            (AuditEntry.kind, None if self.kind is AuditKind.LOG_IN else self.kind),
            (AuditEntry.result, self.result),
            (AuditEntry.object_type, self.object_type),
            (AuditEntry.object_id, self.object_id),
            (AuditEntry.address, self.address),
        ):
            if value:
                found.append(column == value)
        if self.text:
            found.append(AuditEntry.title.contains(self.text, autoescape=True))
        if self.since:
            found.append(AuditEntry.at >= midnight(self.since))
        if self.until:
            found.append(AuditEntry.at < midnight(self.until + timedelta(days=1)))
        return found


@dataclass(frozen=True)
class ChainState:
    """How long the chain is, and what the last reading back found, if there was one."""

    position: int
    verified: AuditEntry | None


def audit_page(
    chosen: AuditFilter, *, viewer: User, before: int | None, after: int | None, size: int = 50
) -> Page[AuditEntry]:
    """Return one page of the log, newest first. Raises NotVisible unless an auditor asks."""
    _demand(viewer)
    return page_of(
        _listed().where(*chosen.conditions()),
        AuditEntry.position,
        before=before,
        after=after,
        size=size,
        descending=True,
        key=lambda entry: entry.position,
    )


def get_entry(position: int, *, viewer: User) -> AuditEntry:
    """Return one entry. Raises NotVisible unless an auditor asks for one there is."""
    _demand(viewer)
    entry = db.session.get(AuditEntry, position)
    if entry is None:
        raise NotVisible()
    return entry


def events_of(entry: AuditEntry) -> list[Event]:
    """Return the events that ``entry`` vouches for, in their order."""
    wanted = sa.select(Event).where(Event.audit_uid == entry.uid).order_by(Event.id)
    return list(db.session.scalars(wanted))


def chain_state(*, viewer: User) -> ChainState:
    """Return where the chain ends and when it was last read back."""
    _demand(viewer)
    last = sa.select(sa.func.max(AuditEntry.position)).scalar_subquery()
    verified = (
        sa.select(AuditEntry)
        .where(AuditEntry.kind == AuditKind.COMMAND, AuditEntry.action == VERIFIED)
        .order_by(AuditEntry.position.desc())
        .limit(1)
        .subquery()
    )
    found = aliased(AuditEntry, verified)
    one = sa.select(last.label("last")).subquery()
    row = db.session.execute(
        sa.select(one.c.last, found).select_from(one).outerjoin(found, sa.true())
    ).one()
    return ChainState(row[0] or 0, row[1])


def all_entries(chosen: AuditFilter, *, viewer: User) -> Iterator[Vouched]:
    """Yield every entry that ``chosen`` lets through with its events, newest first.

    Memory stays flat: each page is forgotten before the next. Raises NotVisible at once.
    """
    _demand(viewer)
    return _in_pages(chosen)


def _in_pages(chosen: AuditFilter) -> Iterator[Vouched]:
    conditions, below = chosen.conditions(), LARGEST_ID + 1
    while True:
        wanted = _listed().where(*conditions, AuditEntry.position < below)
        newest = wanted.order_by(AuditEntry.position.desc()).limit(BATCH)
        page = list(db.session.scalars(newest))
        events: dict[str, list[Event]] = defaultdict(list)
        uids = [entry.uid for entry in page]
        found = sa.select(Event).where(Event.audit_uid.in_(uids)).order_by(Event.id)
        for event in db.session.scalars(found):
            events[event.audit_uid or ""].append(event)
        yield from ((entry, events[entry.uid]) for entry in page)
        if len(page) < BATCH:
            return
        below = page[-1].position
        for row in (*page, *(one for some in events.values() for one in some)):
            db.session.expunge(row)


def _listed() -> sa.Select[Any]:
    """Select entries without the texts that only their own page and the command need."""
    return sa.select(AuditEntry).options(defer(AuditEntry.sealed))


def _demand(viewer: User) -> None:
    if not reads_audit(viewer):
        raise NotVisible()
