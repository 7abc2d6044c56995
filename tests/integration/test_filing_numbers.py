"""Two people at once, with real commits: filing numbers, one draft, one decision."""

import threading
from collections.abc import Callable, Iterator
from contextvars import Context
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm.exc import StaleDataError

from portal.errors import PortalError
from portal.extensions import db
from portal.models import Agreement, AgreementSignature, AgreementState, Pairing, User
from portal.services import agreements
from tests.factories import make_pairing, make_scene
from tests.factories.agreements import (
    BY_EYE,
    leader_of,
    ready_pairing,
    signed_agreement,
    signing_agreement,
    submitted_agreement,
)
from tests.factories.people import make_user
from tests.support.apps import build_app, dispose, migrate

MANY = 6


@pytest.fixture
def real_app(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The portal on a database of its own, where a commit is a commit."""
    app = build_app(empty_database_url, tmp_path / "instance")
    migrate(app)
    yield app
    dispose(app)


def at_once(app: Flask, jobs: list[Callable[[], None]]) -> list[BaseException | None]:
    """Run every job in a thread and a session of its own, all starting together."""
    barrier = threading.Barrier(len(jobs))
    outcomes: list[BaseException | None] = [None] * len(jobs)

    def run(place: int, job: Callable[[], None]) -> None:
        with app.app_context():
            barrier.wait(timeout=60)
            try:
                job()
                db.session.commit()
            except (PortalError, StaleDataError) as refusal:
                db.session.rollback()
                outcomes[place] = refusal
            finally:
                db.session.remove()

    threads = [
        threading.Thread(target=Context().run, args=(run, place, job))
        for place, job in enumerate(jobs)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    return outcomes


def file_as(reviewer_id: int, agreement_id: int) -> None:
    agreement = db.session.get_one(Agreement, agreement_id)
    agreements.file_agreement(
        agreement, checked=BY_EYE, actor=db.session.get_one(User, reviewer_id)
    )


def test_numbers_are_neither_doubled_nor_skipped_when_many_are_filed_at_once(
    real_app: Flask,
) -> None:
    with real_app.app_context():
        scene = make_scene()
        ids = [submitted_agreement(scene).id, submitted_agreement(scene, scene.foreign).id]
        while len(ids) < MANY:
            ids.append(submitted_agreement(scene, make_pairing(scene.programme)).id)
        reviewers = (scene.centre.id, scene.other_centre.id)
        db.session.commit()
    outcomes = at_once(
        real_app,
        [partial(file_as, reviewers[place % 2], one) for place, one in enumerate(ids)],
    )
    assert outcomes == [None] * MANY
    with real_app.app_context():
        filed = list(db.session.scalars(sa.select(Agreement)))
        assert sorted(one.filing_sequence or 0 for one in filed) == list(range(1, MANY + 1))
        assert len({one.filing_number for one in filed}) == MANY
        db.session.remove()


def test_one_agreement_decided_by_two_reviewers_gets_one_number(real_app: Flask) -> None:
    with real_app.app_context():
        scene = make_scene()
        agreement_id = submitted_agreement(scene).id
        reviewers = (scene.centre.id, scene.other_centre.id)
        db.session.commit()
    outcomes = at_once(
        real_app,
        [partial(file_as, who, agreement_id) for who in reviewers],
    )
    assert sorted(outcome is None for outcome in outcomes) == [False, True]
    with real_app.app_context():
        agreement = db.session.get_one(Agreement, agreement_id)
        assert (agreement.state, agreement.filing_sequence) == (AgreementState.FILED, 1)
        db.session.remove()


def test_two_coordinators_who_draft_at_once_make_one_agreement(real_app: Flask) -> None:
    with real_app.app_context():
        scene = make_scene()
        ready_pairing(scene)
        pairing_id = scene.pairing_id
        people = (scene.supporting_coordinator.id, scene.supported_coordinator.id)
        db.session.commit()

    def draft(who: int) -> None:
        pairing = db.session.get_one(Pairing, pairing_id)
        agreements.draft_agreement(pairing, actor=db.session.get_one(User, who))

    outcomes = at_once(real_app, [partial(draft, who) for who in people])
    assert sorted(outcome is None for outcome in outcomes) == [False, True]
    with real_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count(Agreement.id))) == 1
        db.session.remove()


def test_two_leaders_of_one_hospital_sign_once(real_app: Flask) -> None:
    with real_app.app_context():
        scene = make_scene()
        agreement = signing_agreement(scene)
        second = make_user(scene.supported_leader.role, scene.pairing.supported)
        people = (scene.supported_leader.id, second.id)
        agreement_id = agreement.id
        db.session.commit()

    def sign(who: int) -> None:
        one = db.session.get_one(Agreement, agreement_id)
        agreements.sign_agreement(one, actor=db.session.get_one(User, who))

    outcomes = at_once(real_app, [partial(sign, who) for who in people])
    assert sorted(outcome is None for outcome in outcomes) == [False, True]
    with real_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count(AgreementSignature.id))) == 1
        db.session.remove()


def test_submitting_and_taking_back_at_once_end_in_one_of_the_two(real_app: Flask) -> None:
    with real_app.app_context():
        scene = make_scene()
        agreement = signed_agreement(scene)
        agreement_id, coordinator = agreement.id, scene.supporting_coordinator.id
        leader = leader_of(scene.pairing, agreement.current.signatures[0].side, scene).id
        db.session.commit()

    def submit() -> None:
        one = db.session.get_one(Agreement, agreement_id)
        agreements.submit_agreement(one, actor=db.session.get_one(User, coordinator))

    def take_back() -> None:
        one = db.session.get_one(Agreement, agreement_id)
        agreements.reopen_draft(one, actor=db.session.get_one(User, leader))

    outcomes = at_once(real_app, [submit, take_back])
    assert sorted(outcome is None for outcome in outcomes) == [False, True]
    with real_app.app_context():
        one = db.session.get_one(Agreement, agreement_id)
        submitted = outcomes[0] is None
        assert one.state is (AgreementState.SUBMITTED if submitted else AgreementState.DRAFT)
        assert len(one.current.signatures) == (2 if submitted else 0)
        db.session.remove()
