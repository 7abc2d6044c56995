"""A whole year's figures; and a frozen year, which never moves."""

from datetime import date
from decimal import Decimal
from typing import Any

from portal.extensions import db
from portal.models import (
    Agreement,
    Assessment,
    ClosureRequest,
    ClosureState,
    GroupMember,
)
from portal.queries.assessment_facts import facts_for
from portal.queries.assessment_sheet import sheet_of, verdict_of
from portal.queries.assessments import figures_of
from tests.factories import assessments as made
from tests.factories import make_scene
from tests.factories.ledgers import CLOSED, full_ledger, hold, moment, play, working_task
from tests.support.queries import count_queries


def figures(assessment: Assessment) -> dict[str, Decimal]:
    found = figures_of(assessment)
    return {
        score.item.code: found[score.item_id].score
        for score in assessment.scores
        if score.item_id in found
    }


def inputs(assessment: Assessment) -> dict[str, dict[str, Any]]:
    return {score.item.code: dict(score.inputs) for score in assessment.scores}


EXPECTED = {
    "1.1": Decimal("1.50"),  # the heads of the GP bases are missing
    "1.2": Decimal("3.25"),  # 3 × 3 ÷ 4 + 1
    "1.3": Decimal("2.00"),  # twelve days late
    "2.1": Decimal("10.00"),  # 6 of 9
    "2.2a": Decimal("2.67"),  # 2 of 3
    "2.2b": Decimal("1.00"),
    "2.3": Decimal("2.00"),  # 1 of 2
}


def test_the_figures_of_a_whole_year(session: Any) -> None:
    scene = make_scene()
    full_ledger(scene)
    assert figures(made.self_assessing(scene)) == EXPECTED


def test_the_facts_take_a_constant_number_of_queries(session: Any) -> None:
    scene = make_scene()
    full_ledger(scene)
    assessment = made.self_assessing(scene)
    with count_queries() as few:
        facts_for(assessment)
    for _ in range(5):
        play(scene, working_task(scene), *CLOSED)
    with count_queries() as many:
        facts_for(assessment)
    assert len(many) == len(few)
    many.at_most(5)


def test_a_final_score_never_moves_whatever_the_ledger_does(session: Any) -> None:
    scene = make_scene()
    full_ledger(scene)
    assessment = made.final_assessment(scene)
    assert figures(assessment) == EXPECTED
    result, kept = verdict_of(assessment), inputs(assessment)
    assert assessment.total == result.total
    closed = db.session.query(ClosureRequest).filter_by(state=ClosureState.CLOSED)
    play(scene, closed.order_by(ClosureRequest.id)[0].task, ("2020-12-20", "reopen"))
    hold(scene, "2020-12-15", "2020-12-16")
    for member in db.session.query(GroupMember):
        member.left_on = date(2020, 7, 1)
    db.session.query(Agreement).one().first_submitted_at = moment("2020-08-01")
    scene.programme.bonus_enabled = False
    db.session.flush()
    db.session.expire_all()
    assert figures(assessment) == EXPECTED
    assert inputs(assessment) == kept
    assert sheet_of(assessment).counted == result.total
    assert (assessment.total, assessment.bonus) == (result.total, result.bonus)


def test_an_open_year_follows_the_ledger(session: Any) -> None:
    scene = make_scene()
    full_ledger(scene)
    assessment = made.submitted(scene)
    hold(scene, "2020-11-16", "2020-11-17")
    assert figures(assessment)["1.2"] == Decimal("4.00")
