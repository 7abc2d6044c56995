"""The standards that baseline figures are measured by, as their page lists them."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Area, Event, Standard, SurveyItem, SurveyItemKind, SurveyTemplate
from portal.row_ids import LARGEST_ID


@dataclass(frozen=True)
class StandardFilter:
    """What the address asks for. Empty fields do not narrow."""

    edition: str = ""
    verified: bool | None = None


@dataclass(frozen=True)
class StandardGroup:
    """The standards of one part of the sheet; ``area`` is None for the hospital as a whole."""

    area: Area | None
    standards: list[Standard]


def get_standard(standard_id: int) -> Standard:
    """Return a standard. Raises NotVisible for any other id."""
    standard = None
    if 0 < standard_id <= LARGEST_ID:
        standard = db.session.get(Standard, standard_id)
    if standard is None:
        raise NotVisible()
    return standard


def standard_groups(wanted: StandardFilter = StandardFilter()) -> list[StandardGroup]:
    """Return the standards by area, in the order of the sheet: two queries."""
    areas = _item_areas()
    query = sa.select(Standard).order_by(Standard.position, Standard.id)
    if wanted.edition:
        query = query.where(Standard.edition == wanted.edition)
    if wanted.verified is not None:
        query = query.where(Standard.verified.is_(wanted.verified))
    found = db.session.scalars(query).all()
    places: list[Area | None] = [None, *Area]
    return [
        StandardGroup(place, [one for one in found if areas.get(_item_key(one)) is place])
        for place in places
    ]


def editions() -> list[str]:
    """Return the editions of which there is a standard, in their order."""
    first = sa.func.min(Standard.position)
    rows = db.session.scalars(
        sa.select(Standard.edition).group_by(Standard.edition).order_by(first, Standard.edition)
    )
    return list(rows)


def standard_events(limit: int = 20) -> Sequence[Event]:
    """Return what was lately done about standards, newest first."""
    return db.session.scalars(
        sa.select(Event)
        .where(Event.object_type == "standard")
        .order_by(Event.id.desc())
        .limit(limit)
    ).all()


def measurable_fields() -> list[tuple[str, str]]:
    """Return key and label of every field of the current sheet that a standard may measure."""
    found: list[tuple[str, str]] = []
    for item in db.session.scalars(
        sa.select(SurveyItem)
        .join(SurveyItem.template)
        .where(SurveyTemplate.is_current)
        .order_by(SurveyItem.position)
    ):
        if item.kind is SurveyItemKind.MATRIX:
            found += [
                (f"{item.key}.{row}.{column}", f"{item.label}：{row_label}，{column_label}")
                for row, row_label in item.options["rows"]
                for column, column_label in item.options["columns"]
            ]
        elif item.kind not in (SurveyItemKind.TEXT, SurveyItemKind.LINE, SurveyItemKind.DATE):
            found.append((item.key, item.label))
    return found


def _item_areas() -> dict[str, Area | None]:
    """Return the area of every item of every sheet; the current sheet has the last word."""
    rows = db.session.execute(
        sa.select(SurveyItem.key, SurveyItem.area)
        .join(SurveyItem.template)
        .order_by(SurveyTemplate.is_current, SurveyTemplate.id, SurveyItem.position)
    )
    return {row.key: row.area for row in rows}


def _item_key(standard: Standard) -> str:
    return standard.key.partition(".")[0]
