"""What one entry says, and the text that its hash seals."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from portal import clock
from portal.models import AuditEntry, AuditKind, AuditResult, Event

START = "0" * 64
"""What the first entry is chained to."""

LINKS = ("position", "previous", "hash", "sealed")
"""The columns that tie an entry to its neighbours; ``sealed`` says all the others."""

FORMAT = 1
"""The names that an entry written today seals. It says so itself, under "v"."""

SEALED: dict[int, tuple[str, ...]] = {
    1: (
        "uid",
        "at",
        "kind",
        "result",
        "action",
        "title",
        "object_type",
        "object_id",
        "pairing_id",
        "actor_id",
        "actor_name",
        "actor_role",
        "actor_org",
        "address",
        "method",
        "path",
        "status",
        "changes",
    ),
}
"""What of an entry is sealed, by format. Never change a tuple: a new column is a new format."""

SEALED_OF_EVENT: dict[int, tuple[str, ...]] = {
    1: (
        "object_type",
        "object_id",
        "pairing_id",
        "action",
        "title",
        "from_state",
        "to_state",
        "comment",
        "tone",
        "actor_id",
        "actor_name",
        "actor_role",
        "actor_org",
        "at",
        "details",
        "changes",
    ),
}
"""What of an event its entry vouches for, by format."""

WIDTHS = {
    one.key: one.type.length
    for one in AuditEntry.__table__.columns
    if type(one.type) is sa.String and one.type.length and one.key not in LINKS
}
CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Entry:
    """What is known of one request or command before it is chained."""

    kind: AuditKind
    action: str
    title: str
    result: AuditResult = AuditResult.DONE
    object_type: str = ""
    object_id: int | None = None
    pairing_id: int | None = None
    actor_id: int | None = None
    actor_name: str = "系统"
    actor_role: str = ""
    actor_org: str = ""
    address: str = ""
    method: str = ""
    path: str = ""
    status: int = 0
    changes: Sequence[Any] = field(default_factory=list)


def columns_of(
    entry: Entry, uid: str, events: Sequence[Event], at: datetime | None = None
) -> dict[str, Any]:
    """Return the values of the entry's row, its links apart; texts cut to what a column holds."""
    values = {**asdict(entry), "uid": uid, "at": at or clock.now()}
    for name, width in WIDTHS.items():
        text = tidy(values[name])
        values[name] = text if len(text) <= width else text[: width - 1] + "…"
    values["changes"] = list(entry.changes)
    return {**values, "sealed": seal(values, len(events), digest(events))}


def tidy(text: str) -> str:
    """Return ``text`` without what a database or a terminal would stumble over."""
    return CONTROLS.sub(" ", text)


def seal(values: Mapping[str, Any], events: int, digest: str, version: int = FORMAT) -> str:
    """Return the canonical text of an entry: all its columns, and what its events say."""
    said = {name: plain(values[name]) for name in SEALED[version]}
    return canonical({**said, "v": version, "events": [events, digest]})


def digest(events: Sequence[Any], version: int = FORMAT) -> str:
    """Return the SHA-256, in hex, of what ``events`` say, in their order."""
    names = SEALED_OF_EVENT[version]
    said = [{name: plain(getattr(one, name)) for name in names} for one in events]
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def link(previous: str, sealed: str) -> str:
    """Return the hash of an entry that says ``sealed`` and follows ``previous``."""
    return hashlib.sha256((previous + sealed).encode()).hexdigest()


def canonical(value: Any) -> str:
    """Return the one JSON text for ``value``: sorted keys, no spaces, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def plain(value: Any) -> Any:
    """Return ``value`` as JSON holds it: a moment in UTC, to the microsecond."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.value if isinstance(value, AuditKind | AuditResult) else value
