"""Two people at one task in the same moment, with real connections and commits: one wins."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.extensions import db
from portal.models import Event, Task, TaskState, User
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.closures import closure_requested, confirmed, task_in_progress
from tests.support.apps import build_app, dispose, migrate
from tests.support.pages import Page, PageClient

WORDS = "我写了很久的文字"


@pytest.fixture
def real_app(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application whose commits are commits."""
    app = build_app(empty_database_url, tmp_path / "instance")
    migrate(app)
    with app.app_context():
        yield app
        db.session.remove()
    dispose(app)


def at_once(app: Flask, task: Task, *posts: tuple[User, str, dict[str, str]]) -> list[Page]:
    """Send every post from a browser of its own while the task's row is held, then let go."""
    db.session.commit()
    clients = [ready(app, user) for user, _path, _form in posts]
    db.session.execute(sa.select(Task.id).where(Task.id == task.id).with_for_update())
    with ThreadPoolExecutor(len(posts)) as pool:
        answers = [
            pool.submit(in_own_context, app, client, path, form)
            for client, (_user, path, form) in zip(clients, posts, strict=True)
        ]
        wait_for_blocked(len(posts))
        db.session.rollback()
        return [answer.result(timeout=60) for answer in answers]


def ready(app: Flask, user: User) -> PageClient:
    client = PageClient(app)
    client.login(user, PASSWORD)
    return client


def in_own_context(app: Flask, client: PageClient, path: str, form: dict[str, str]) -> Page:
    with app.app_context():
        return client.post(path, form)


def wait_for_blocked(number: int) -> None:
    """Wait until the posts stand at the lock, where the database can tell (PostgreSQL).

    On SQLite a writing request waits before its first statement; nothing shows that from
    outside, and nothing depends on it.
    """
    if db.engine.dialect.name != "postgresql":
        return
    blocked = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with db.engine.connect() as connection:
            if connection.scalar(blocked) == number:
                return
    raise AssertionError("the posts never reached the lock")


Posts = Callable[[Scene, Task], list[tuple[User, str, dict[str, str]]]]


def verify_and_return(scene: Scene, task: Task) -> list[tuple[User, str, dict[str, str]]]:
    path = f"/tasks/{task.id}/closure"
    return [
        (scene.centre, f"{path}/verify", {"comment": WORDS}),
        (scene.other_centre, f"{path}/return", {"reason": WORDS}),
    ]


def verify_twice(scene: Scene, task: Task) -> list[tuple[User, str, dict[str, str]]]:
    path = f"/tasks/{task.id}/closure/verify"
    return [(one, path, {"comment": WORDS}) for one in (scene.centre, scene.other_centre)]


def confirm_and_replace(scene: Scene, task: Task) -> list[tuple[User, str, dict[str, str]]]:
    path, seen = f"/tasks/{task.id}/closure", {"version": str(task.version)}
    return [
        (scene.supporting_leader, f"{path}/confirm", {"comment": WORDS, **seen}),
        (scene.supported_leader, path, {"statement": WORDS, **seen, **DATED}),
    ]


def apply_twice(scene: Scene, task: Task) -> list[tuple[User, str, dict[str, str]]]:
    path = f"/tasks/{task.id}/closure"
    people = (scene.supported_coordinator, scene.supported_leader)
    return [(one, path, {"statement": WORDS, **DATED}) for one in people]


DATED = {"evidence_on": "2021-03-01"}


@pytest.mark.parametrize(
    ("make", "posts"),
    [
        (confirmed, verify_and_return),
        (confirmed, verify_twice),
        (closure_requested, confirm_and_replace),
        (task_in_progress, apply_twice),
    ],
    ids=["verify-return", "verify-verify", "confirm-replace", "apply-apply"],
)
def test_of_two_at_once_one_wins_and_the_other_is_told_and_keeps_the_text(
    real_app: Flask, make: Callable[[Scene], Task], posts: Posts
) -> None:
    scene = make_scene()
    task = make(scene)
    answers = at_once(real_app, task, *posts(scene, task))
    assert sorted(answer.status for answer in answers) == [303, 409]
    (told,) = [answer for answer in answers if answer.status == 409]
    assert WORDS in told.text
    # One of the two wrote it: twice would mean that both had gone through.
    assert kept_words() == 1


def kept_words() -> int:
    """How many steps with the words of the test were recorded."""
    written = sa.select(Event.id).where(Event.object_type == "task", Event.comment == WORDS)
    return len(db.session.scalars(written).all())


def test_overlapping_piles_do_not_lock_each_other_out(real_app: Flask) -> None:
    scene = make_scene()
    tasks = [confirmed(scene) for _ in range(4)]
    ids = [str(task.id) for task in tasks]
    piles = [
        (scene.centre, "/closure/bulk", {"task": ids}),
        (scene.other_centre, "/closure/bulk", {"task": ids[::-1]}),
    ]
    answers = at_once(real_app, tasks[0], *piles)  # type: ignore[arg-type]
    assert sorted(answer.status for answer in answers) == [303, 409]
    states = db.session.scalars(sa.select(Task.state)).all()
    assert set(states) == {TaskState.CLOSED}
