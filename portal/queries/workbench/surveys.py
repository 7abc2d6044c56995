"""Site surveys on the workbench: to plan, to begin, to fill in, to confirm."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import clock
from portal.extensions import db
from portal.models import (
    Pairing,
    Plan,
    PlanState,
    Side,
    SiteSurvey,
    SurveyConfirmation,
    SurveyState,
    User,
)
from portal.policies.scope import visible_pairings
from portal.queries.workbench.items import (
    LIMIT,
    Button,
    Item,
    day_of,
    not_ended,
    on_side,
    own_side,
    pairing_name,
    rows_with_hospitals,
)

COLUMNS = (
    SiteSurvey.id,
    SiteSurvey.title,
    SiteSurvey.state,
    SiteSurvey.state_since,
    SiteSurvey.starts_on,
    SiteSurvey.return_reason,
    SiteSurvey.version,
    SiteSurvey.pairing_id,
)
START = Button("开始", "surveys.start_survey", "确认已到受援方，开始实地调研？")
CONFIRM = Button("确认", "surveys.confirm_report", "确认已阅读这份调研报告，并代表本单位确认？")


def to_plan(viewer: User) -> list[Item]:
    """Return the pairings without a survey, as long as their plan is not settled (H-32)."""
    surveyed = sa.exists().where(
        SiteSurvey.pairing_id == Pairing.id, SiteSurvey.state != SurveyState.CANCELLED
    )
    settled = sa.exists().where(Plan.pairing_id == Pairing.id, Plan.state != PlanState.DRAFTING)
    found = db.session.scalars(
        sa.select(Pairing)
        .where(visible_pairings(viewer), ~surveyed, ~settled)
        .options(joinedload(Pairing.supporting), joinedload(Pairing.supported))
        .order_by(Pairing.created_at, Pairing.id)
        .limit(LIMIT)
    )
    return [
        Item(
            "调研待安排",
            "安排实地调研",
            pairing.title,
            day_of(pairing.created_at),
            "surveys.plan_survey",
            {"pairing_id": pairing.id},
        )
        for pairing in found
    ]


def in_hand(viewer: User) -> list[Item]:
    """Return the visits whose day has come, and the sheets that wait to be filled in."""
    due = sa.and_(
        SiteSurvey.state == SurveyState.PLANNED,
        SiteSurvey.starts_on <= clock.today(),
        on_side(viewer, Side.SUPPORTING),
    )
    rows = rows_with_hospitals(
        COLUMNS,
        SiteSurvey,
        visible_pairings(viewer),
        sa.or_(due, SiteSurvey.state == SurveyState.IN_FIELD),
        not_ended(),
        order=SiteSurvey.state_since,
    )
    return [_in_hand_item(row) for row in rows]


def _in_hand_item(row: Any) -> Item:
    """Return a planned visit with the button that begins it, a sheet with the way back to it."""
    if row.state == SurveyState.PLANNED:
        since = max(day_of(row.state_since), row.starts_on)
        return _item(row, "调研待开始", "surveys.show_survey", since, button=START)
    kind = "调研被退回" if row.return_reason else "调研中"
    tone = "warning" if row.return_reason else "accent"
    since = day_of(row.state_since)
    return _item(row, kind, "surveys.resume", since, detail=row.return_reason, tone=tone)


def to_confirm(viewer: User) -> list[Item]:
    """Return the reports that the viewer's side has not confirmed."""
    confirmed = sa.exists().where(
        SurveyConfirmation.survey_id == SiteSurvey.id, SurveyConfirmation.side == own_side(viewer)
    )
    rows = rows_with_hospitals(
        COLUMNS,
        SiteSurvey,
        visible_pairings(viewer),
        SiteSurvey.state == SurveyState.REPORT_DRAFT,
        ~confirmed,
        order=SiteSurvey.state_since,
    )
    return [
        _item(
            row,
            "调研报告待确认",
            "surveys.show_report",
            day_of(row.state_since),
            tone="accent",
            button=CONFIRM,
        )
        for row in rows
    ]


def with_others(viewer: User) -> list[Item]:
    """Return the reports that lie with the leaders."""
    rows = rows_with_hospitals(
        COLUMNS,
        SiteSurvey,
        visible_pairings(viewer),
        SiteSurvey.state == SurveyState.REPORT_DRAFT,
        order=SiteSurvey.state_since,
    )
    whom = SurveyState.REPORT_DRAFT.label
    return [
        _item(row, "调研报告", "surveys.show_report", day_of(row.state_since), waits_for=whom)
        for row in rows
    ]


def _item(row: Any, kind: str, endpoint: str, since: date, **more: Any) -> Item:
    return Item(
        kind,
        row.title,
        pairing_name(row),
        since,
        endpoint,
        {"survey_id": row.id},
        version=row.version,
        **more,
    )
