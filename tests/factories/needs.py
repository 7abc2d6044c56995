"""Surveys whose sheet holds answers, and the standards these are measured by."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from portal import clock
from portal.extensions import db
from portal.models import (
    Comparison,
    Pairing,
    SiteSurvey,
    Standard,
    SurveyAnswer,
    SurveyItem,
    SurveyState,
    User,
)
from portal.services.first_run import load_survey_template


def survey_with(
    pairing: Pairing, by: User, answers: Mapping[str, str | int | Decimal] | None = None
) -> SiteSurvey:
    """Add a survey on the shipped sheet. ``answers`` by field key ("item" or "item.row.column")."""
    survey = SiteSurvey(
        pairing=pairing,
        template=load_survey_template(),
        title="首次实地调研",
        starts_on=date(2020, 4, 27),
        ends_on=date(2020, 4, 28),
        state=SurveyState.IN_FIELD,
        state_since=clock.now(),
        created_by=by,
        created_at=clock.now(),
    )
    db.session.add(survey)
    db.session.flush()
    for key, value in (answers or {}).items():
        name, _, cell = key.partition(".")
        survey.answers.append(
            SurveyAnswer(
                item=item_of(survey, name),
                cell=cell,
                value=str(value),
                number=None if isinstance(value, str) else Decimal(value),
                answered_by=by,
                answered_at=clock.now(),
            )
        )
    db.session.flush()
    return survey


def item_of(survey: SiteSurvey, key: str) -> SurveyItem:
    """Return the item of the survey's sheet with ``key``."""
    return db.session.scalars(
        sa.select(SurveyItem).where(
            SurveyItem.template_id == survey.template.id, SurveyItem.key == key
        )
    ).one()


def make_standard(key: str, edition: str = "测试版2021", **more: Any) -> Standard:
    """Add a standard, by default 20 to 40 of something; ``more`` sets other columns."""
    columns: dict[str, Any] = {
        "position": 1,
        "title": "全科病床数",
        "comparison": Comparison.BETWEEN,
        "low": Decimal(20),
        "high": Decimal(40),
        "unit": "张",
        "source": "测试指标第1条",
        "verified": True,
        **more,
    }
    if columns["comparison"] is not Comparison.BETWEEN:
        columns["high"] = None
    if columns["comparison"] is Comparison.PRESENT:
        columns["low"] = None
    standard = Standard(key=key, edition=edition, **columns)
    db.session.add(standard)
    db.session.flush()
    return standard
