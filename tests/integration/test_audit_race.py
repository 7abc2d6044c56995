"""The log's one head, and the rows that others hold meanwhile: nobody stands in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import clock
from portal.extensions import db
from portal.models import Meeting, User
from portal.services import accounts, minutes
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.evidence import evidence_in
from tests.factories.meetings import held_meeting
from tests.support.apps import build_app, dispose, migrate
from tests.support.pages import PageClient


@pytest.fixture
def real_app(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application whose commits are commits."""
    if empty_database_url.startswith("sqlite"):
        pytest.skip("one writes at a time, and holds no rows")
    app = build_app(empty_database_url, tmp_path / "instance")
    migrate(app)
    # The portal's clock stands in the middle of the programme.
    clock.set_offset((datetime(2021, 3, 15, 1, tzinfo=UTC) - datetime.now(UTC)).days)
    with app.app_context():
        yield app
        db.session.remove()
    clock.set_offset(0)
    dispose(app)


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
