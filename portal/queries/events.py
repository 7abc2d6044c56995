"""The record of operations as the auditor reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import clock
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    AuditEntry,
    Event,
    Evidence,
    Meeting,
    Organisation,
    Pairing,
    Task,
    User,
)
from portal.policies.accounts import reads_audit
from portal.queries.paging import Page, page_of

OBJECT_LABELS = {
    "user": "账号",
    "organisation": "单位",
    "programme": "帮扶周期",
    "pairing": "结对",
    "group": "领导小组",
    "agreement": "协议",
    "agreement_termination": "提前终止",
    "signing_delegation": "代签授权",
    "plan": "计划",
    "amendment": "计划调整",
    "library_edition": "标准任务库版本",
    "task": "任务",
    "closure": "销号申请",
    "evidence": "佐证材料",
    "file": "文件",
    "meeting": "会议",
    "assessment": "年度考核",
    "assessment_review": "考核评审",
    "output_template": "文书模板",
    "survey": "实地调研",
    "problem": "问题",
    "standard": "对照标准",
    "sheet_import": "表格导入",
}
"""What an event can be about, as the filter names it."""


@dataclass(frozen=True)
class EventFilter:
    """What the record is narrowed to; empty values do not narrow. Days are Shanghai's."""

    person: str = ""
    object_type: str = ""
    action: str = ""
    since: date | None = None
    until: date | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return the conditions on Event."""
        found: list[sa.ColumnElement[bool]] = []
        if self.person:
            found.append(_about_person(self.person))
        if self.object_type:
            found.append(Event.object_type == self.object_type)
        if self.action:
            found.append(Event.title.contains(self.action, autoescape=True))
        if self.since:
            found.append(Event.at >= midnight(self.since))
        if self.until:
            found.append(Event.at < midnight(self.until + timedelta(days=1)))
        return found


def accounts_called(text: str) -> list[int]:
    """Return the accounts whose name or user name holds ``text``, at most two hundred."""
    return list(
        db.session.scalars(
            sa.select(User.id)
            .where(
                sa.or_(
                    User.name.contains(text, autoescape=True),
                    User.username.contains(text.lower(), autoescape=True),
                )
            )
            .order_by(User.id)
            .limit(200)
        )
    )


def _about_person(text: str) -> sa.ColumnElement[bool]:
    """Return the condition for events by, or about the account of, a person so called.

    The accounts are looked up first, so that the events are found by their indexes. A name
    held at the time of the event counts as well.
    """
    ids = accounts_called(text)
    return sa.or_(
        Event.actor_id.in_(ids),
        sa.and_(Event.object_type == "user", Event.object_id.in_(ids)),
        Event.actor_name == text,
    )


def midnight(day: date) -> datetime:
    """Return the moment at which ``day`` begins in Shanghai."""
    return datetime.combine(day, time.min, tzinfo=clock.SHANGHAI)


def events_page(
    chosen: EventFilter, *, viewer: User, before: int | None, after: int | None, size: int = 50
) -> Page[Event]:
    """Return one page of the record, newest first. Raises NotVisible unless an auditor asks."""
    if not reads_audit(viewer):
        raise NotVisible()
    return page_of(
        sa.select(Event).where(*chosen.conditions()),
        Event.id,
        before=before,
        after=after,
        size=size,
        descending=True,
        key=lambda event: event.id,
    )


def usernames_behind(events: Sequence[Event]) -> dict[int, str]:
    """Return the user name of each account that one of ``events`` is about."""
    ids = {event.object_id for event in events if event.object_type == "user"}
    if not ids:
        return {}
    rows = db.session.execute(sa.select(User.id, User.username).where(User.id.in_(ids)))
    return {row.id: row.username for row in rows}


def names_behind(entries: Sequence[AuditEntry]) -> dict[tuple[str, int], str]:
    """Return what people call the accounts, tasks, hospitals and pairings of ``entries``.

    One statement for each kind that occurs, at most.
    """
    asked: dict[str, set[int]] = {}
    for one in entries:
        if one.object_id is not None:
            asked.setdefault(one.object_type, set()).add(one.object_id)
    named: dict[str, tuple[Any, Any]] = {
        "user": (User.id, User.name),
        "task": (Task.id, Task.code + " " + Task.title),
        "organisation": (Organisation.id, Organisation.name),
        "meeting": (Meeting.id, Meeting.title),
        "evidence": (Evidence.id, Evidence.title),
    }
    found: dict[tuple[str, int], str] = {}
    for kind in asked.keys() & named.keys():
        key, name = named[kind]
        rows = db.session.execute(sa.select(key, name).where(key.in_(asked[kind])))
        found.update({(kind, number): str(told) for number, told in rows})
    titles = pairing_titles_behind([one for one in entries if one.object_type == "pairing"])
    return {**found, **{("pairing", number): title for number, title in titles.items()}}


def pairing_titles_behind(events: Sequence[Event | AuditEntry]) -> dict[int, str]:
    """Return the title of each pairing that one of ``events`` happened in."""
    ids = {event.pairing_id for event in events if event.pairing_id is not None}
    if not ids:
        return {}
    found = db.session.scalars(
        sa.select(Pairing)
        .where(Pairing.id.in_(ids))
        .options(joinedload(Pairing.supporting), joinedload(Pairing.supported))
    )
    return {pairing.id: pairing.title for pairing in found}
