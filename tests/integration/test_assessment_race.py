"""Two people act on one sheet at the same moment, each over a connection of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import pytest
from flask import Flask

from portal.errors import PortalError, StepRefused
from portal.extensions import db
from portal.models import Assessment, Event, User
from portal.services import assessment_reviews as reviews
from portal.services import assessments
from portal.services.sheet_entries import SelfEntry, SheetConflict, fingerprint
from tests.factories import assessments as made
from tests.factories import make_scene
from tests.support.apps import build_app, dispose, migrate

Act = Callable[[Assessment, User], object]


@pytest.fixture
def own_app(empty_database_url: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    app = build_app(empty_database_url, tmp_path / "instance")
    migrate(app)
    yield app
    dispose(app)


def at_once(app: Flask, assessment_id: int, act: Act, *user_ids: int) -> list[str]:
    """Let everybody act at the same moment; return how it went for each, in words."""
    start = Barrier(len(user_ids))

    def run(user_id: int) -> str:
        with app.app_context():
            start.wait(timeout=30)
            try:
                assessment = db.session.get_one(Assessment, assessment_id)
                act(assessment, db.session.get_one(User, user_id))
                db.session.commit()
            except PortalError as error:
                db.session.rollback()
                return type(error).__name__
            return "done"

    with ThreadPoolExecutor(len(user_ids)) as pool:
        return sorted(pool.map(run, user_ids))


def test_two_reviewers_issue_one_result(own_app: Flask) -> None:
    with own_app.app_context():
        scene = make_scene()
        assessment = made.reviewed(scene)
        db.session.commit()
        ids = (assessment.id, scene.centre.id, scene.other_centre.id)
    went = at_once(
        own_app, ids[0], lambda one, who: reviews.issue_provisional(one, actor=who), *ids[1:]
    )
    assert went == [StepRefused.__name__, "done"]
    with own_app.app_context():
        assert db.session.query(Event).filter_by(action="issue_provisional").count() == 1


def test_two_colleagues_who_score_one_item_do_not_overwrite_each_other(own_app: Flask) -> None:
    with own_app.app_context():
        scene = make_scene()
        assessment = made.self_assessing(scene)
        item_id = made.score_of(assessment, "A1").item_id
        db.session.commit()
        ids = (assessment.id, scene.supporting_coordinator.id, scene.supporting_leader.id)
    seen = fingerprint((None, ""))

    def save(one: Assessment, who: User) -> None:
        points = Decimal("1") if who.id == ids[1] else Decimal("2")
        assessments.save_self(one, {item_id: SelfEntry(points, "", seen)}, actor=who)

    assert at_once(own_app, ids[0], save, *ids[1:]) == [SheetConflict.__name__, "done"]
    with own_app.app_context():
        stored = made.score_of(db.session.get_one(Assessment, ids[0]), "A1").self_score
        assert stored in (Decimal("1.00"), Decimal("2.00"))
