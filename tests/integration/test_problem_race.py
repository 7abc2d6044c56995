"""People write problems down at once, with real commits: each problem gets its own number."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.extensions import db
from portal.models import Area, Pairing, Problem, ProblemSource, Severity, User
from portal.services.problems import ProblemEntry, add_problem
from tests.factories import make_scene
from tests.integration.test_filing_numbers import at_once
from tests.support.apps import build_app, dispose, migrate

MANY = 6


@pytest.fixture
def real_app(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The portal on a database of its own, where a commit is a commit."""
    app = build_app(empty_database_url, tmp_path / "instance")
    migrate(app)
    yield app
    dispose(app)


def add_as(user_id: int, pairing_id: int, title: str) -> None:
    pairing = db.session.get_one(Pairing, pairing_id)
    entry = ProblemEntry(
        area=Area.FACULTY,
        title=title,
        severity=Severity.GENERAL,
        source=ProblemSource.SELF_CHECK,
        found_on=pairing.programme.starts_on,
    )
    add_problem(pairing, entry, actor=db.session.get_one(User, user_id))


def test_numbers_are_neither_doubled_nor_skipped_when_many_write_at_once(real_app: Flask) -> None:
    with real_app.app_context():
        scene = make_scene()
        writers = (scene.supporting_coordinator.id, scene.supported_coordinator.id)
        pairing_id = scene.pairing_id
        db.session.commit()
    jobs = [partial(add_as, writers[n % 2], pairing_id, f"问题{n}") for n in range(MANY)]
    assert at_once(real_app, jobs) == [None] * MANY
    with real_app.app_context():
        numbers = db.session.scalars(sa.select(Problem.number).order_by(Problem.number)).all()
        assert list(numbers) == list(range(1, MANY + 1))
