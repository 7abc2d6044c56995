"""The fields of a survey's sheet, one line each, with what was answered and what it computes to.

A matrix has one field for each cell, named "item.row.column"; a ratio is computed each time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Organisation,
    Pairing,
    SiteSurvey,
    SurveyAnswer,
    SurveyItem,
    SurveyItemKind,
    SurveyTemplate,
    User,
)
from portal.policies.gaps import NO, YES, Figure, measured
from portal.policies.plans import sees_plans
from portal.policies.scope import visible_pairings
from portal.scoring.arithmetic import plain

YES_NO_WORDS = {YES: "是", NO: "否"}


@dataclass(frozen=True)
class Field:
    """One field of the sheet. ``cell`` is "row.column" inside a matrix, else empty."""

    item: SurveyItem
    cell: str
    label: str
    kind: SurveyItemKind
    unit: str
    figure: Figure

    @property
    def key(self) -> str:
        """The field's own name across editions of the sheet."""
        return f"{self.item.key}.{self.cell}" if self.cell else self.item.key

    @property
    def standard_key(self) -> str:
        """The name under which standards for it are kept."""
        return self.key if self.cell else self.item.standard_key or self.key

    @property
    def said(self) -> str:
        """What was answered, in words; empty where nothing was."""
        if self.figure.is_blank:
            return ""
        if self.figure.number is not None:
            return measured(plain(self.figure.number), self.unit)
        if self.kind is SurveyItemKind.YES_NO:
            return YES_NO_WORDS.get(self.figure.value, self.figure.value)
        if self.kind is SurveyItemKind.CHOICE:
            choices = dict(self.item.options.get("choices", ()))
            return str(choices.get(self.figure.value, self.figure.value))
        return self.figure.value


def get_surveyed(survey_id: int, *, viewer: User) -> SiteSurvey:
    """Return a survey that ``viewer`` may see, with sheet, answers and the hospitals' bases.

    Raises NotVisible for any other id, and for a contributor, who sees tasks but no surveys.
    """
    survey = db.session.scalar(
        sa.select(SiteSurvey)
        .join(SiteSurvey.pairing)
        .where(SiteSurvey.id == survey_id)
        .where(visible_pairings(viewer) if sees_plans(viewer) else sa.false())
        .options(
            joinedload(SiteSurvey.pairing).options(
                joinedload(Pairing.programme),
                joinedload(Pairing.supporting),
                joinedload(Pairing.supported).selectinload(Organisation.bases),
            ),
            joinedload(SiteSurvey.template).selectinload(SurveyTemplate.items),
            selectinload(SiteSurvey.answers),
        )
    )
    if survey is None:
        raise NotVisible()
    return survey


def fields_of(survey: SiteSurvey) -> list[Field]:
    """Return every field of the survey's sheet in its order."""
    items = survey.template.items
    by_id = {item.id: item.key for item in items}
    answers = {_key_of(one, by_id[one.item_id]): one for one in survey.answers}
    return [field for item in items for field in _fields(item, answers)]


def _key_of(answer: SurveyAnswer, item_key: str) -> str:
    return f"{item_key}.{answer.cell}" if answer.cell else item_key


def _fields(item: SurveyItem, answers: Mapping[str, SurveyAnswer]) -> Iterable[Field]:
    options: Mapping[str, Any] = item.options or {}
    if item.kind is not SurveyItemKind.MATRIX:
        figure = _figure(item.key, item.kind, answers)
        if item.kind is SurveyItemKind.RATIO:
            figure = _ratio(options.get("over"), options.get("under"), item.unit, answers)
        yield Field(item, "", item.label, item.kind, item.unit, figure)
        return
    for row, row_label in options["rows"]:
        for column, column_label in options["columns"]:
            kind = SurveyItemKind(options.get("cells", {}).get(column, SurveyItemKind.NUMBER))
            unit = options.get("units", {}).get(column, "")
            start = f"{item.key}.{row}."
            figure = _figure(start + column, kind, answers)
            if kind is SurveyItemKind.RATIO:
                over, under = options["ratios"][column]
                figure = _ratio(start + over, start + under, unit, answers)
            label = f"{item.label}：{row_label}，{column_label}"
            yield Field(item, f"{row}.{column}", label, kind, unit, figure)


def _figure(key: str, kind: SurveyItemKind, answers: Mapping[str, SurveyAnswer]) -> Figure:
    answer = answers.get(key)
    return Figure(kind, answer.value, answer.number) if answer else Figure(kind)


def _ratio(
    over: str | None, under: str | None, unit: str, answers: Mapping[str, SurveyAnswer]
) -> Figure:
    """Divide one answered number by another; a per cent is counted in hundredths."""
    numbers = [answers[key].number if key and key in answers else None for key in (over, under)]
    first, second = numbers
    if first is None or not second:
        return Figure(SurveyItemKind.RATIO)
    share = first / second * (100 if unit == "%" else 1)
    return Figure(SurveyItemKind.RATIO, number=share.quantize(Decimal("0.0001")))
