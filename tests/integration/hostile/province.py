"""The province that every row happens in: made once for a module, undone after each attempt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from portal import clock
from portal.extensions import db
from portal.models import Task
from tests.factories import Scene, make_scene
from tests.factories.access import make_invitation, make_invited_user
from tests.factories.evidence import evidence_for
from tests.factories.plans import plan_in_force
from tests.factories.provinces import Ids, make_everything
from tests.factories.tasks import make_task
from tests.factories.uploads import live_link
from tests.integration.hostile.table import Attack
from tests.integration.test_visibility import undone
from tests.support.pages import PageClient

NOW = "2021-03-15T09:00:00+08:00"


@pytest.fixture(scope="module")
def province(shared_app: Flask) -> Iterator[Attack]:
    """One province for all rows, made once; what an attempt leaves is undone after it."""
    clock.set_offset(0)
    with shared_app.app_context(), time_machine.travel(NOW):
        engine = db.engine
        engines: Any = db.engines
        with engine.connect() as connection:
            transaction = connection.begin()
            engines[None] = connection
            try:
                scene = make_scene()
                known = make_everything(scene)
                more = every_id(scene, known)
                yield Attack(scene, more, PageClient(shared_app), {"known": known})
            finally:
                db.session.remove()
                engines[None] = engine
                transaction.rollback()


def every_id(scene: Scene, known: Ids) -> dict[str, Any]:
    """The ids that stand in the table's addresses and forms; committed."""
    task = db.session.get_one(Task, known.common["task_id"])
    alien = evidence_for(make_task(plan_in_force(scene.foreign, scene)), by=scene.foreign_leader)
    assert alien.task is not None
    revoked, revoked_phone = live_link(task, by=scene.supported_coordinator)
    revoked.revoked_at = clock.now()
    old, old_phone = live_link(task, by=scene.supported_coordinator)
    old.expires_at = clock.now() - timedelta(minutes=1)
    invited = make_invited_user()
    found = {
        **known.common,
        "secret": make_invitation(invited),
        "invited": invited.id,
        "old_invitation": make_invitation(make_invited_user(), days_ago=60),
        "phone": known.special["uploads.show_phone_page"]["secret"],
        "old_phone": old_phone,
        "revoked_phone": revoked_phone,
        "parked": known.special["account.show_parked_form"]["secret"],
        "foreign_pairing": scene.foreign.id,
        "foreign_task": alien.task_id,
        "foreign_evidence": alien.evidence_id,
        "foreign_requirement": alien.task.requirements[0].id,
        "foreign_user": scene.foreign_coordinator.id,
        "administrator": scene.administrator.id,
    }
    db.session.commit()
    return found


@pytest.fixture
def attack(province: Attack) -> Iterator[Attack]:
    with time_machine.travel(NOW), undone():
        client = PageClient(province.client.app)
        yield Attack(province.scene, province.ids, client, dict(province.notes))
