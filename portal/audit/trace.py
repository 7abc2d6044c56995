"""What the present transaction has changed, gathered from the session as it flushes."""

import copy
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from portal.audit import fields
from portal.audit.chain import append
from portal.audit.commands import command_entry
from portal.audit.entry import Entry
from portal.audit.fields import Field
from portal.models import Event

TRACE, MARKS = "portal_trace", "portal_trace_marks"

MOST = 200
"""So many changed rows are named one by one; of more, only their number is given."""


@dataclass(eq=False)
class Change:
    """One row that was changed, added or removed. ``part`` is named under its ``whole``."""

    row: Any
    step: str
    whole: Any
    fields: list[Field] = field(default_factory=list)

    def told_with_whole(self) -> list[Field]:
        """Return the change as the history of its whole shows it."""
        name = fields.name_of(self.row)
        if self.row is self.whole:
            return self.fields
        if self.step == "changed":
            return [[*one, name] for one in self.fields]
        ends = [None, name] if self.step == "added" else [name, None]
        return [[fields.table_of(self.row), *ends]]

    def is_like(self, other: "Change") -> bool:
        """Whether both are parts of one kind and one name."""
        return type(self.row) is type(other.row) and (
            fields.name_of(self.row) == fields.name_of(other.row)
        )

    def told_alone(self) -> dict[str, Any]:
        """Return the change as its entry tells it."""
        return {
            "object": fields.table_of(self.row),
            "id": sa.inspect(self.row).dict.get("id"),
            "name": fields.name_of(self.row),
            "step": self.step,
            "fields": self.fields,
        }


class Changes:
    """Changes in their order, found by their row and by their whole without looking at all.

    One transaction may bring thousands of rows, each with an event of its own.
    """

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        self._all: dict[int, Change] = {}
        self._of_row: dict[int, list[Change]] = {}
        self._of_whole: dict[int, list[Change]] = {}
        self.extend(changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def append(self, change: Change) -> None:
        """Add one at the end."""
        self._all[id(change)] = change
        self._of_row.setdefault(id(change.row), []).append(change)
        self._of_whole.setdefault(id(change.whole), []).append(change)

    def extend(self, changes: Iterable[Change]) -> None:
        """Add some at the end."""
        for change in changes:
            self.append(change)

    def remove(self, change: Change) -> None:
        """Take one out."""
        del self._all[id(change)]
        self._of_row[id(change.row)].remove(change)
        self._of_whole[id(change.whole)].remove(change)

    def of_row(self, row: Any) -> list[Change]:
        """Return the changes of ``row`` itself."""
        return list(self._of_row.get(id(row), ()))

    def of_whole(self, whole: Any) -> list[Change]:
        """Return the changes that are shown with ``whole``."""
        return list(self._of_whole.get(id(whole), ()))


@dataclass
class Trace:
    """What one transaction did so far. ``uid`` ties its events to its entry."""

    uid: str = field(default_factory=lambda: uuid.uuid4().hex)
    events: list[Event] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    # Which object an event is about, for those not flushed yet; by the event's identity.
    subjects: dict[int, tuple[Event, Any]] = field(default_factory=dict)
    statements: set[str] = field(default_factory=set)
    insisted: bool = False

    def __bool__(self) -> bool:
        """Whether there is something to record."""
        return bool(self.events or self.changes or self.statements or self.insisted)

    def told(self) -> list[dict[str, Any]]:
        """Return what changed and stands with no event, as the entry keeps it."""
        rows = [one.told_alone() for one in islice(self.changes, MOST)]
        if len(self.changes) > MOST:
            rows.append({"object": "", "step": "more", "count": len(self.changes) - MOST})
        return rows + [{"object": table, "step": "statement"} for table in sorted(self.statements)]


Describe = Callable[[Trace], Entry | None]


def _by_command(trace: Trace) -> Entry:
    """Describe a transaction that no request began."""
    return command_entry(trace.told())


_describe: Describe = _by_command


def use(describe: Describe) -> None:
    """Let ``describe`` say who is at work, and for what; None from it means no request is."""
    global _describe
    _describe = describe


def trace_of(session: Session) -> Trace:
    """Return what the present transaction did so far."""
    trace: Trace | None = session.info.get(TRACE)
    if trace is None:
        trace = session.info[TRACE] = Trace()
    return trace


def about(session: Session, event: Event, subject: Any) -> None:
    """Say that ``event`` is about ``subject``, whose changed fields it then tells."""
    trace_of(session).subjects[id(event)] = (event, subject)


def insist(session: Session) -> None:
    """Let the present transaction leave an entry even if it changes nothing."""
    trace_of(session).insisted = True


@sa.event.listens_for(Session, "before_flush")
def _gather(session: Session, _context: Any, _instances: Any) -> None:
    """Note what this flush will write, and give its events their fields and their uid."""
    if not (session.new or session.dirty or session.deleted):
        return
    trace = trace_of(session)
    for row in session.dirty:
        _note_dirty(trace, row, session)
    for row in session.deleted:
        _note(trace, row, "removed", fields.whole_of(row, session))
    for row in session.new:
        if fields.table_of(row) not in fields.QUIET_WHEN_ADDED:
            _note(trace, row, "added", fields.whole_of(row, session))
    for row in session.new:
        if isinstance(row, Event) and row.audit_uid is None:
            row.audit_uid = trace.uid
            trace.events.append(row)
            _give_fields(trace, row)


def _note_dirty(trace: Trace, row: Any, session: Session) -> None:
    """Note the changed fields of a row, and the parts it gains or loses."""
    whole = fields.whole_of(row, session)
    for added, part in fields.parts_moved(row):
        shown_with = whole if type(part) in fields.OWNERS else part
        _note(trace, part, "added" if added else "removed", shown_with)
    if session.is_modified(row, include_collections=False):
        _note(trace, row, "changed", whole)


def _note(trace: Trace, row: Any, step: str, whole: Any) -> None:
    """Add one change, once, unless it is one of the quiet ones."""
    if fields.table_of(row) in fields.QUIET_TABLES:
        return
    known = [one.step for one in trace.changes.of_row(row)]
    if step in known and step != "changed":
        return
    found: list[Field] = []
    if step == "removed":
        found = fields.last_values(row)
    elif step == "changed":
        # What a row of this very transaction says is what was added.
        found = [] if "added" in known else fields.changed_fields(row)
        if not found:
            return
    trace.changes.append(Change(row, step, row if whole is None else whole, found))


def _give_fields(trace: Trace, event: Event) -> None:
    """Move the changes of what ``event`` is about into it.

    Its own adding stays with the entry, and so does what a removed part said.
    """
    subject = trace.subjects.pop(id(event), (event, None))[1]
    if subject is None:
        return
    mine = [
        one
        for one in trace.changes.of_whole(subject)
        if one.row is not subject or one.step == "changed"
    ]
    if not mine:
        return
    moved = _rewritten(mine)
    told = [line for one in mine if one not in moved for line in one.told_with_whole()]
    event.changes = told or None
    for one in mine:
        if one.step != "removed" or one in moved:
            trace.changes.remove(one)


def _rewritten(changes: list[Change]) -> list[Change]:
    """Return the parts that were removed and added again as they were: a list written anew."""
    found: list[Change] = []
    for gone in (one for one in changes if one.step == "removed"):
        for come in changes:
            if come.step == "added" and come not in found and come.is_like(gone):
                found += [gone, come]
                break
    return found


@sa.event.listens_for(Session, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    """Note the tables that are written to past the session's objects."""
    if not (state.is_insert or state.is_update or state.is_delete):
        return
    table = getattr(getattr(state.statement, "table", None), "name", "")
    if table not in fields.QUIET_TABLES:
        trace_of(state.session).statements.add(str(table))


@sa.event.listens_for(Session, "before_commit")
def _seal(session: Session) -> None:
    """Add the entry of this transaction as its last statement. A savepoint has none."""
    if session.in_nested_transaction():
        return
    session.flush()
    trace: Trace | None = session.info.get(TRACE)
    if trace:
        events = sorted(trace.events, key=lambda event: event.id)
        append(session, _describe(trace) or _by_command(trace), trace.uid, events)
        session.info[TRACE] = Trace()


@sa.event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    """Remember what was known at a savepoint."""
    if transaction.nested and TRACE in session.info:
        trace = session.info[TRACE]
        mark = copy.copy(trace)
        mark.events, mark.changes = list(trace.events), Changes(trace.changes)
        mark.subjects, mark.statements = dict(trace.subjects), set(trace.statements)
        session.info.setdefault(MARKS, {})[transaction] = mark


@sa.event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """Forget what was undone: since the savepoint, or all of it."""
    if transaction.nested:
        session.info[TRACE] = session.info.get(MARKS, {}).pop(transaction, None) or Trace()


@sa.event.listens_for(Session, "after_transaction_end")
def _close(session: Session, transaction: SessionTransaction) -> None:
    """Begin anew with the next transaction."""
    if transaction.parent is None:
        session.info.pop(TRACE, None)
        session.info.pop(MARKS, None)
