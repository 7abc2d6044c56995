"""Reading the chain back: every hash, every link, and every event that an entry vouches for."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.audit.chain import ENTRIES, HEAD
from portal.audit.entry import SEALED, START, digest, link, seal
from portal.models import Event

BATCH = 500

EVENTS: sa.Table = ENTRIES.metadata.tables[Event.__tablename__]


@dataclass(frozen=True)
class Head:
    """An end of the chain: how many entries there are, and the hash that vouches for them all."""

    position: int
    hash: str

    def __str__(self) -> str:
        """Return it as one writes it down: 1024:9f86d0…"""
        return f"{self.position}:{self.hash}"


class BrokenChain(Exception):
    """The first link that does not hold: where, when, and what is wrong."""

    def __init__(self, position: int, at: datetime | None, what: str) -> None:
        super().__init__(what)
        self.position, self.at, self.what = position, at, what


def verify(session: Session, noted: Head | None = None) -> Head:
    """Read the whole chain in its order and return its end.

    ``noted`` is an end written down earlier: only with it is it seen that the newest entries
    were taken away together. Raises BrokenChain for the first link that does not hold. Memory
    stays flat however long the chain is.
    """
    head = Head(0, START)
    while True:
        for entry, events in _entries_after(session, head.position):
            head = _check(head, entry, events)
            if noted is not None and head.position == noted.position and head != noted:
                raise BrokenChain(head.position, entry["at"], "与记下的校验值不一致")
        # Whoever works meanwhile adds to the chain: what has come since is read as well.
        if not _goes_on(session, head):
            break
    if noted is not None and noted.position > head.position:
        raise BrokenChain(
            head.position + 1,
            None,
            f"日志到第 {head.position} 条为止，记下的第 {noted.position} 条已不存在",
        )
    _check_strays(session)
    return head


def _entries_after(
    session: Session, position: int
) -> Iterator[tuple[Mapping[str, Any], list[Any]]]:
    """Yield each entry that follows, with the events that carry its uid."""
    while True:
        found = session.execute(
            sa.select(ENTRIES)
            .where(ENTRIES.c.position > position)
            .order_by(ENTRIES.c.position)
            .limit(BATCH)
        )
        entries = found.mappings().all()
        if not entries:
            return
        events: dict[str, list[Any]] = defaultdict(list)
        for event in session.execute(
            sa.select(EVENTS)
            .where(EVENTS.c.audit_uid.in_([entry["uid"] for entry in entries]))
            .order_by(EVENTS.c.id)
        ):
            events[event.audit_uid].append(event)
        for entry in entries:
            yield dict(entry), events[entry["uid"]]
        position = entries[-1]["position"]


def _check(last: Head, entry: Mapping[str, Any], events: list[Any]) -> Head:
    """Return the head after ``entry``. Raises BrokenChain where it does not follow ``last``."""
    position, at = entry["position"], entry["at"]

    def broken(what: str) -> BrokenChain:
        return BrokenChain(position, at, what)

    if position != last.position + 1:
        raise BrokenChain(last.position + 1, at, "这一条不见了")
    if entry["previous"] != last.hash:
        raise broken("与前一条不衔接")
    if link(entry["previous"], entry["sealed"]) != entry["hash"]:
        raise broken("内容与校验值不符")
    version, count, vouched = _events_said(entry["sealed"])
    if version not in SEALED or seal(entry, count, vouched, version) != entry["sealed"]:
        raise broken("各栏内容与封存的内容不符")
    if len(events) != count:
        raise broken(f"应有 {count} 条办理记录，现有 {len(events)} 条")
    if digest(events, version) != vouched:
        raise broken("所附的办理记录被改动")
    return Head(position, entry["hash"])


def _events_said(sealed: str) -> tuple[int, int, str]:
    """Return the format of an entry, how many events it vouches for, and their digest.

    The format is nought where the text is no such JSON.
    """
    try:
        said = json.loads(sealed)
        count, vouched = said["events"]
        return int(said["v"]), int(count), str(vouched)
    except (ValueError, KeyError, TypeError):
        return 0, -1, ""


def _goes_on(session: Session, head: Head) -> bool:
    """Whether the chain has grown meanwhile. Raises BrokenChain where its end is not ``head``.

    Only PostgreSQL keeps the end apart.
    """
    if session.connection().dialect.name == "sqlite":
        return False
    end = session.execute(sa.select(HEAD.c.position, HEAD.c.hash)).one_or_none()
    if end is not None and end.position > head.position:
        newer = sa.select(ENTRIES.c.at).where(ENTRIES.c.position > head.position).limit(1)
        if session.execute(newer).first() is not None:
            return True
    if end is None or (end.position, end.hash) != (head.position, head.hash):
        raise BrokenChain(head.position + 1, None, "链尾与登记的位置不一致，末尾的记录可能被删除")
    return False


def _check_strays(session: Session) -> None:
    """Raise BrokenChain for an event that no entry vouches for.

    Those from before the log was kept have no uid; none can come after the first that has.
    """
    first = sa.select(sa.func.min(EVENTS.c.id)).where(EVENTS.c.audit_uid.is_not(None))
    strays = (
        sa.select(EVENTS.c.id, EVENTS.c.at)
        .join(ENTRIES, ENTRIES.c.uid == EVENTS.c.audit_uid, isouter=True)
        .where(
            ENTRIES.c.position.is_(None),
            sa.or_(EVENTS.c.audit_uid.is_not(None), EVENTS.c.id > first.scalar_subquery()),
        )
        .order_by(EVENTS.c.id)
        .limit(1)
    )
    stray = session.execute(strays).first()
    if stray is not None:
        raise BrokenChain(0, stray.at, f"第 {stray.id} 条办理记录没有对应的审计日志")
