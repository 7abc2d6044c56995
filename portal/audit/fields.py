"""Which fields are recorded, what belongs to what, and how a value is written down."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, Session, object_session
from sqlalchemy.orm.interfaces import MANYTOONE

from portal.models import (
    AgendaItem,
    Agreement,
    AgreementClause,
    AgreementRevision,
    Attendance,
    BonusBand,
    EvidenceRequirement,
    GroupMember,
    LeadershipGroup,
    Meeting,
    Organisation,
    Plan,
    Programme,
    Resolution,
    SiteSurvey,
    SurveyDepartment,
    SurveyMember,
    Task,
    TrainingBase,
    YearGoal,
)

Field = list[Any]
"""[name as "table.column", old, new], and for a part of something its name as a fourth."""

LONGEST = 500
"""How many characters of a text are written down."""

CONTEXT = 40
"""How many of them stand before the first difference."""

SECRET = "***"
"""Stands for a value that nobody may read here, only that it changed."""

QUIET_TABLES = frozenset({"submitted_forms", "parked_forms", "events"})
"""Rows that are traces of the portal's own work, or a record already."""

QUIET_WHEN_ADDED = frozenset({"uploads", "user_sessions"})
"""Rows whose beginning says nothing yet: a file on its way, a log-in (which is an event)."""

QUIET_COLUMNS = frozenset(
    [
        "version",
        "created_at",
        "updated_at",
        "state_since",
        "seen_at",
        "touched_at",
        "received",
        "failed_logins",
        "last_login_at",
        "totp_last_step",
    ]
)
"""Counters and clocks that change by themselves, wherever they stand."""

OWNERS: dict[type[Any], tuple[str, type[Any]]] = {
    AgreementRevision: ("agreement_id", Agreement),
    AgreementClause: ("revision_id", AgreementRevision),
    AgendaItem: ("meeting_id", Meeting),
    Attendance: ("meeting_id", Meeting),
    BonusBand: ("programme_id", Programme),
    EvidenceRequirement: ("task_id", Task),
    GroupMember: ("group_id", LeadershipGroup),
    Resolution: ("meeting_id", Meeting),
    SurveyDepartment: ("survey_id", SiteSurvey),
    SurveyMember: ("survey_id", SiteSurvey),
    TrainingBase: ("organisation_id", Organisation),
    YearGoal: ("plan_id", Plan),
}
"""Parts whose changes the history of the whole shows.

Scores and experts of an assessment are no such parts: both hospitals read its history.
"""

NAMES: dict[type[Any], Callable[[Any], str]] = {
    AgreementRevision: lambda one: f"第 {one.number} 稿",
    BonusBand: lambda one: f"{one.min_score} 分起",
    Resolution: lambda one: str(one.body),
    TrainingBase: lambda one: str(one.kind.label),
    YearGoal: lambda one: f"第 {one.year} 年 {one.area.label}",
}


def name_of(thing: Any) -> str:
    """Return what people call ``thing``; empty where it has no name. Asks no database."""
    if known := NAMES.get(type(thing)):
        return known(thing)[:60]
    loaded = sa.inspect(thing).dict
    return next((str(loaded[key])[:60] for key in ("title", "name") if loaded.get(key)), "")


def value_of(value: Any) -> Any:
    """Write ``value`` down so that JSON keeps it: slugs, ISO dates, long texts cut."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):  # a datetime is one as well
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    text = _text_of(value)
    return text if len(text) <= LONGEST else _cut(text, 0)


def values_of(old: Any, new: Any) -> tuple[Any, Any]:
    """Write two values of one field down; long texts are cut around where they first differ."""
    if not (_is_long(old) or _is_long(new)):
        return value_of(old), value_of(new)
    texts = [_text_of(one) for one in (old, new)]
    pairs = enumerate(zip(*texts, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(map(len, texts)))
    before, after = (
        _cut(text, max(0, same - CONTEXT)) if _is_long(value) else value_of(value)
        for value, text in zip((old, new), texts, strict=True)
    )
    return before, after


def _is_long(value: Any) -> bool:
    """Whether ``value`` is a text (or written down as one) that is too long to keep whole."""
    plain = value is None or isinstance(value, bool | int | Enum | date | Decimal)
    return not plain and len(_text_of(value)) > LONGEST


def _text_of(value: Any) -> str:
    """Return a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str, start: int) -> str:
    """Return what fits of ``text`` from ``start`` on, with the length and hash of all of it."""
    shown = text[start : start + LONGEST]
    before, after = "…" * (start > 0), "…" * (start + LONGEST < len(text))
    whole = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{before}{shown}{after}（全文 {len(text)} 字，SHA-256 {whole}）"


def _is_secret(column: Any) -> bool:
    """Whether nobody may read the column's values: marked in the model, or by its name."""
    return bool(column.info.get("secret")) or column.key.endswith(("_hash", "_secret", "token"))


@cache
def recorded_columns(mapper: Mapper[Any]) -> list[tuple[str, str, bool]]:
    """Return (attribute, name as written down, secret) of every column that is recorded.

    What a query only works out for a page is no column.
    """
    table = mapper.local_table.name  # type: ignore[attr-defined]
    return [
        (attribute.key, f"{table}.{attribute.key}", _is_secret(attribute.columns[0]))
        for attribute in mapper.column_attrs
        if isinstance(attribute.columns[0], sa.Column)
        and attribute.key not in QUIET_COLUMNS
        and not attribute.columns[0].primary_key
    ]


@cache
def _references(mapper: Mapper[Any]) -> dict[str, tuple[str, Mapper[Any]]]:
    """Return, by the key of its column, (relationship, target) of every single reference."""
    return {
        mapper.get_property_by_column(next(iter(one.local_columns))).key: (one.key, one.mapper)
        for one in mapper.relationships
        if one.direction is MANYTOONE and len(one.local_columns) == 1
    }


def changed_fields(thing: Any) -> list[Field]:
    """Return the fields of ``thing`` that its next UPDATE changes."""
    state = sa.inspect(thing)
    references = _references(state.mapper)
    found: list[Field] = []
    for key, name, secret in recorded_columns(state.mapper):
        old, new, changed = _before_and_after(state, key, references.get(key))
        if changed:
            hidden = [one and SECRET for one in (old, new)]
            found.append([name, *hidden] if secret else [name, old, new])
    return found


def _before_and_after(
    state: Any, key: str, reference: tuple[str, Mapper[Any]] | None
) -> tuple[Any, Any, bool]:
    """Return old and new value of one column, and whether they differ."""
    column = state.attrs[key].history
    old = column.deleted[0] if column.deleted else None
    new = column.added[0] if column.added else None
    if reference is None:
        return *values_of(old, new), column.has_changes()
    if column.has_changes():
        before, after = _reference(state, reference, old), _reference(state, reference, new)
        return before, after, before != after
    # Set through the relationship: the column itself follows only in the flush.
    through = state.attrs[reference[0]].history
    if not through.has_changes():
        return None, None, False
    before = _reference(state, reference, state.dict.get(key))
    target = through.added[0] if through.added else None
    after = _called(target) if target is not None else None
    return before, after, before != after


def last_values(thing: Any) -> list[Field]:
    """Return what ``thing`` said before it was removed, as far as it is at hand."""
    state = sa.inspect(thing)
    references = _references(state.mapper)
    found: list[Field] = []
    for key, name, secret in recorded_columns(state.mapper):
        value = state.dict.get(key)
        if value in (None, "") or secret:
            continue
        told = _reference(state, references[key], value) if key in references else value_of(value)
        found.append([name, told, None])
    return found


def _reference(state: Any, reference: tuple[str, Mapper[Any]], value: Any) -> Any:
    """Return what a foreign key points at: its name, if it is at hand, and its number."""
    if value is None:
        return None
    session = object_session(state.obj())
    key = reference[1].identity_key_from_primary_key((value,))
    known = session.identity_map.get(key) if session else None
    return _called(known) if known is not None else f"#{value}"


def _called(thing: Any) -> str:
    """Return name and number of ``thing``; it may have no number yet."""
    number = sa.inspect(thing).dict.get("id")
    return f"{name_of(thing)} #{number}".strip() if number else name_of(thing)


@cache
def _owning(mapper: Mapper[Any]) -> list[str]:
    """Return the collections of parts, which live and die with their whole."""
    return [one.key for one in mapper.relationships if one.uselist and one.cascade.delete_orphan]


def parts_moved(whole: Any) -> Iterator[tuple[bool, Any]]:
    """Yield (added, part) for every part that ``whole`` gains or loses with the next flush."""
    state = sa.inspect(whole)
    for key in _owning(state.mapper):
        history = state.attrs[key].history
        yield from ((True, part) for part in history.added or ())
        yield from ((False, part) for part in history.deleted or ())


def whole_of(part: Any, session: Session) -> Any | None:
    """Return what ``part`` is shown with (itself, for most), if the session has it at hand."""
    while (owner := OWNERS.get(type(part))) is not None:
        column, kind = owner
        number = sa.inspect(part).dict.get(column)
        if number is None:
            return None
        key = sa.inspect(kind).identity_key_from_primary_key((number,))
        part = session.identity_map.get(key)
        if part is None:
            return None
    return part


def table_of(thing: Any) -> str:
    """Return the table that ``thing`` is a row of."""
    return str(sa.inspect(thing).mapper.local_table.name)
