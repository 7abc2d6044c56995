"""Rows of tables that no page of the province under test fills, for the migrations."""

from decimal import Decimal

from portal import clock
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementRemark,
    AmendmentEndorsement,
    Area,
    GoalFigure,
    Plan,
    PlanAmendment,
    Side,
    SiteSurvey,
    SurveyAnswer,
    SurveyConfirmation,
)
from tests.factories.scenes import Scene


def make_row_of_each(scene: Scene) -> None:
    """Add a row to each of these tables."""
    now = clock.now()
    survey = db.session.query(SiteSurvey).filter_by(pairing_id=scene.pairing_id).first()
    amendment = db.session.query(PlanAmendment).first()
    agreement = db.session.query(Agreement).filter_by(pairing_id=scene.pairing_id).first()
    plan = db.session.query(Plan).filter_by(pairing_id=scene.pairing_id).one()
    assert survey is not None
    assert amendment is not None
    assert agreement is not None
    leader = scene.supporting_leader
    db.session.add_all(
        [
            GoalFigure(
                plan_id=plan.id,
                area=Area.DEPARTMENT,
                position=1,
                name="床位数",
                baseline=Decimal(12),
                targets={"1": "20"},
            ),
            SurveyAnswer(
                survey=survey,
                item=survey.template.items[0],
                value="12",
                number=Decimal(12),
                answered_by=scene.supporting_coordinator,
                answered_at=now,
            ),
            SurveyConfirmation(
                survey_id=survey.id,
                side=Side.SUPPORTING,
                user=leader,
                name=leader.name,
                confirmed_at=now,
            ),
            AgreementRemark(
                revision=agreement.current,
                clause_key="term",
                clause_title="期限",
                reason="期限应为三年。",
                made_by_id=scene.centre.id,
                made_at=now,
            ),
            AmendmentEndorsement(
                amendment_id=amendment.id,
                side=Side.SUPPORTING,
                user=leader,
                name=leader.name,
                endorsed_at=now,
            ),
        ]
    )
    db.session.flush()
