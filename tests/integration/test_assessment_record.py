"""What a save of the sheet leaves in the record, and who can read it."""

from decimal import Decimal
from typing import Any

import pytest

from portal.extensions import db
from portal.models import Event, Side
from portal.queries.history import history_of
from portal.queries.pairings import events_of_pairing
from portal.services import assessment_reviews as reviews
from portal.services import assessments
from portal.services.sheet_entries import ReviewEntry, SelfEntry
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories import assessments as made
from tests.support.pages import PageClient

CARD = "现场检查发现管理缺位"


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


def saves(action: str) -> list[Event]:
    return db.session.query(Event).filter_by(action=action).order_by(Event.id).all()


def test_saving_self_scores_records_the_items_but_not_the_values(scene: Scene) -> None:
    assessment = made.self_assessing(scene)
    entries = {made.score_of(assessment, "A1").item_id: SelfEntry(Decimal("1.25"), "说明甲")}
    for _ in range(2):
        assessments.save_self(assessment, entries, actor=scene.supporting_coordinator)
    (event,) = saves("save_self")
    assert event.title == f"{Side.SUPPORTING.label}填写自评"
    assert (event.actor_id, event.pairing_id) == (scene.supporting_coordinator.id, scene.pairing_id)
    assert event.details == [["指标", "A1（1 项）"]]


def test_start_of_the_review_tells_the_hospitals_no_caps(scene: Scene, session: Any) -> None:
    assessment = made.submitted(scene)
    session.commit()
    with session.no_autoflush:
        reviews.start_review(assessment, actor=scene.centre)
    assert assessment.caps
    (started,) = db.session.query(Event).filter_by(object_type="assessment", action="start_review")
    assert started.changes
    assert "assessments.caps" not in {field[0] for field in started.changes}


def test_saving_the_review_records_items_findings_and_caps(scene: Scene) -> None:
    assessment = made.in_review(scene)
    scored, away = (made.score_of(assessment, code) for code in ("A1", "C1"))
    entries = {
        scored.item_id: ReviewEntry(Decimal("1.25"), "理由甲"),
        away.item_id: ReviewEntry(None, "", not_applicable=True, na_reason="无此业务"),
    }
    for _ in range(2):
        reviews.save_review(assessment, entries, caps={"yellow_card": CARD}, actor=scene.centre)
    (event,) = saves("save_review")
    found = dict(event.details)
    assert (found["评审得分或理由"], found["认定不适用"]) == ("A1（1 项）", "C1（1 项）")
    assert found["认定"].endswith(f"：{CARD}")
    assert "1.25" not in str(event.details)
    assert event.actor_id == scene.centre.id
    entries = {away.item_id: ReviewEntry(None)}
    reviews.save_review(assessment, entries, caps={}, actor=scene.other_centre)
    later = dict(saves("save_review")[-1].details)
    assert later["取消不适用"] == "C1（1 项）"
    assert later["取消认定"].endswith(f"：{CARD}")


def test_hospitals_read_nothing_of_the_review(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.in_review(scene, expert=scene.expert)
    entry = ReviewEntry(Decimal("1.25"), "理由甲")
    entries = {made.score_of(assessment, "A1").item_id: entry}
    reviews.save_review(assessment, entries, actor=scene.expert)
    (event,) = saves("save_review")
    assert event.actor_id == scene.expert.id
    assert event not in events_of_pairing(scene.pairing)
    assert event not in history_of("assessment", assessment.id)
    path = f"/assessments/{assessment.id}"
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get(path)
    assert scene.expert.name not in page.text
    assert "评审打分" not in page.soup.find("main").get_text()
    client.login(scene.centre, PASSWORD)
    assert "评审得分或理由" in client.get(path).text
