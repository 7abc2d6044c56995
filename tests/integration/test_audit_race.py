"""The log's one head, and the rows that others hold meanwhile: nobody stands in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from psycopg import errors
from sqlalchemy.exc import OperationalError

from portal import clock
from portal.extensions import db
from portal.models import Evidence, Meeting, Task, User
from portal.services import accounts, minutes
from portal.services.closure_bulk import Verdict, decide
from portal.services.evidence_reviews import accept_many
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.closures import add_proof, closure_requested, confirmed
from tests.factories.evidence import evidence_in
from tests.factories.meetings import held_meeting
from tests.integration.test_closure_race import wait_for_blocked
from tests.support.apps import build_app, dispose, migrate
from tests.support.pages import PageClient

# On SQLite one writes at a time, and holds no rows: there is no circle to stand in.
on_postgresql = pytest.mark.parametrize(
    "empty_database_url",
    [pytest.param("postgresql", marks=pytest.mark.postgres)],
    indirect=True,
)


@pytest.fixture
def real_app(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application whose commits are commits."""
    app = build_app(empty_database_url, tmp_path / "instance")
    migrate(app)
    # The portal's clock stands in the middle of the programme.
    clock.set_offset((datetime(2021, 3, 15, 1, tzinfo=UTC) - datetime.now(UTC)).days)
    with app.app_context():
        yield app
        db.session.remove()
    clock.set_offset(0)
    dispose(app)


@on_postgresql
def test_two_with_piles_never_hold_what_the_other_waits_for(real_app: Flask) -> None:
    scene = make_scene()
    first, second = closure_requested(scene), closure_requested(scene)
    # The piece with the lower id is used by the task with the higher one, and vice versa.
    pieces = [add_proof(scene, task).evidence_id for task in (second, first)]
    numbers, centre_id = [first.id, second.id], scene.centre.id
    db.session.commit()

    def accept_all() -> int:
        with real_app.app_context():
            actor = db.session.get_one(User, centre_id)
            pile = [(db.session.get_one(Evidence, one), None) for one in pieces]
            done = accept_many(pile, actor=actor)
            db.session.commit()
            return done.accepted

    def hold(number: int) -> None:
        one = sa.select(Task.id).where(Task.id == number)
        db.session.execute(one.with_for_update(of=Task, nowait=True))

    with ThreadPoolExecutor(1) as pool:
        hold(numbers[0])
        answer = pool.submit(accept_all)
        try:
            wait_for_blocked(1)
            hold(numbers[1])
        finally:
            db.session.rollback()
        assert answer.result(timeout=20) == 2


@on_postgresql
def test_piles_of_closures_hold_every_task_before_any_evidence(real_app: Flask) -> None:
    scene = make_scene()
    tasks = [confirmed(scene), confirmed(scene)]
    numbers, centre_id = [one.id for one in tasks], scene.centre.id
    (piece, *_rest) = [use.evidence_id for use in tasks[0].evidence_uses]
    db.session.commit()

    def close_all() -> int:
        with real_app.app_context():
            actor = db.session.get_one(User, centre_id)
            pile = [Verdict(db.session.get_one(Task, one)) for one in numbers]
            done = decide(pile, actor=actor)
            db.session.commit()
            return done.approved

    with ThreadPoolExecutor(1) as pool:
        held = sa.select(Task.id).where(Task.id == numbers[1]).with_for_update(of=Task)
        db.session.execute(held)
        answer = pool.submit(close_all)
        try:
            wait_for_blocked(1)
            free = sa.select(Evidence.id).where(Evidence.id == piece)
            db.session.execute(free.with_for_update(of=Evidence, nowait=True))
        finally:
            db.session.rollback()
        assert answer.result(timeout=20) == 2


Held = Callable[[], object]


def log_in_and_download(scene: Scene) -> tuple[User, Held, str]:
    """Whoever logs in holds their account while the password is checked."""
    user = scene.supported_coordinator
    file = evidence_in(scene.pairing, by=user).file
    return user, lambda: accounts.check_password(user.username, PASSWORD), f"/files/{file.id}"


def approval_and_pack(scene: Scene) -> tuple[User, Held, str]:
    """Whoever approves minutes holds the pairing while the number is drawn."""
    meeting, leader = held_meeting(scene), scene.supporting_leader

    def approve() -> None:
        minutes.approve_minutes(db.session.get_one(Meeting, meeting.id), actor=leader)

    return scene.centre, approve, f"/pairings/{scene.pairing_id}/pack.zip"


@on_postgresql
@pytest.mark.parametrize("case", [log_in_and_download, approval_and_pack])
def test_download_does_not_wait_for_whoever_holds_the_person_or_the_pairing(
    real_app: Flask, case: Callable[[Scene], tuple[User, Held, str]]
) -> None:
    scene = make_scene()
    evidence_in(scene.pairing, by=scene.supported_coordinator)
    user, hold, address = case(scene)
    db.session.commit()
    client = PageClient(real_app)
    client.login(user, PASSWORD)

    def download() -> int:
        with real_app.app_context():
            return client.get(address).status

    with ThreadPoolExecutor(1) as pool:
        db.session.execute(sa.text("SET LOCAL statement_timeout = '20s'"))
        hold()
        answer = pool.submit(download)
        try:
            # It would wait for ever: the lock goes only when this very test goes on.
            assert answer.result(timeout=20) == 200
            db.session.commit()
        finally:
            db.session.rollback()


@pytest.mark.parametrize("kind", [errors.DeadlockDetected, errors.SerializationFailure])
def test_whom_the_database_sends_back_is_asked_to_try_again(
    app: Flask, kind: type[Exception]
) -> None:
    with app.test_request_context("/tasks", method="POST"):
        answer = app.handle_user_exception(OperationalError("", {}, kind("deadlock detected")))
        assert app.make_response(answer).status_code == 409
        other = app.handle_user_exception(OperationalError("", {}, errors.DiskFull("full")))
        assert app.make_response(other).status_code == 500
