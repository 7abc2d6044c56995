"""Two people at one account's work or link in the same moment, with real commits: one wins."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import passwords
from portal.extensions import db
from portal.models import Event, Handover, Invitation, Role, Task, User, UserSession
from tests.factories import PASSWORD, make_scene, make_user
from tests.factories.access import make_invitation, make_invited_user
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.integration.test_closure_race import in_own_context, wait_for_blocked
from tests.support.apps import build_app, dispose, migrate
from tests.support.pages import Page, PageClient


@pytest.fixture
def real_app(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application whose commits are commits."""
    app = build_app(empty_database_url, tmp_path / "instance")
    migrate(app)
    with app.app_context():
        yield app
        db.session.remove()
    dispose(app)


def while_held(
    app: Flask, user: User, *posts: tuple[PageClient, str, dict[str, str]]
) -> list[Page]:
    """Send every post while the account's row is held, then let go."""
    db.session.commit()
    db.session.execute(sa.select(User.id).where(User.id == user.id).with_for_update(of=User))
    with ThreadPoolExecutor(len(posts)) as pool:
        answers = [pool.submit(in_own_context, app, *post) for post in posts]
        wait_for_blocked(len(posts))
        db.session.rollback()
        return [answer.result(timeout=60) for answer in answers]


def test_of_two_hand_overs_of_the_same_work_one_is_told(real_app: Flask) -> None:
    scene = make_scene()
    giver = scene.supported_contributor
    task = make_task(plan_in_force(scene.pairing, scene))
    task.supported_owner = giver
    receivers = [make_user(Role.CONTRIBUTOR, scene.pairing.supported) for _ in range(2)]
    db.session.commit()
    posts = []
    for actor, receiver in zip(
        (scene.supported_leader, scene.supported_coordinator), receivers, strict=True
    ):
        client = PageClient(real_app)
        client.login(actor, PASSWORD)
        form = {
            "receiver": str(receiver.id),
            "reason": "轮岗",
            "items": f"task-{task.id}-supported",
        }
        posts.append((client, f"/admin/users/{giver.id}/handover", form))
    answers = while_held(real_app, giver, *posts)
    assert sorted(page.status for page in answers) == [303, 409]
    (kept,) = db.session.query(Handover).all()
    db.session.expire_all()
    assert db.session.get_one(Task, task.id).supported_owner_id == kept.to_id
    moves = db.session.query(Event).filter_by(object_type="task", action="handed_over")
    assert moves.count() == 1


def test_of_two_who_use_one_link_at_once_one_sets_the_password(real_app: Flask) -> None:
    user = make_invited_user(Role.EXPERT)
    secret = make_invitation(user)
    db.session.commit()
    chosen = ["Qinglan-7-shiliu", "Baiyun-9-liuqi"]
    posts = [
        (PageClient(real_app), f"/invitation/{secret}", {"new": one, "again": one})
        for one in chosen
    ]
    answers = while_held(real_app, user, *posts)
    assert sorted(page.status for page in answers) == [303, 410]
    winner = chosen[[page.status for page in answers].index(303)]
    db.session.expire_all()
    kept = db.session.get_one(User, user.id)
    assert passwords.verify_password(kept.password_hash, winner)
    assert db.session.query(Invitation).one().used_at is not None
    assert db.session.query(UserSession).filter_by(ended_at=None).count() == 1
