"""One code, sent twice at the same moment over connections of their own: it opens once."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal.errors import Rejected
from portal.extensions import db
from portal.models import Role, User
from portal.services import second_factor
from tests.factories.people import make_user
from tests.factories.sessions import code_of, with_second_factor
from tests.support.apps import build_app, dispose, migrate


@pytest.fixture
def served(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = build_app(empty_database_url, tmp_path)
    migrate(app)
    yield app
    with app.app_context():
        db.session.remove()
    dispose(app)


def telephone(user: User, _codes: list[str]) -> str:
    return code_of(user)


def paper(_user: User, codes: list[str]) -> str:
    return codes[0]


@pytest.mark.parametrize("kind", [telephone, paper])
def test_same_code_at_the_same_moment_opens_once(
    served: Flask, kind: Callable[[User, list[str]], str]
) -> None:
    with served.app_context():
        user = make_user(Role.EXPERT)
        code = kind(user, with_second_factor(user))
        user_id = user.id
        db.session.commit()
    together = threading.Barrier(2, timeout=30)
    opened: list[bool] = []

    def send() -> None:
        with served.app_context():
            mine = db.session.get(User, user_id)
            assert mine is not None
            # What this one has read is as old as what the other has.
            db.session.commit()
            together.wait()
            try:
                second_factor.check(mine, code, inside=False)
            except Rejected:
                opened.append(False)
            else:
                opened.append(True)
            db.session.commit()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(opened) == [False, True]
    with served.app_context():
        kept = db.session.get(User, user_id)
        assert kept is not None
        assert kept.failed_logins == 1
