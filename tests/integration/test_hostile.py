"""The table of hostile inputs and requests, each with its one expected answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from portal import clock, storage
from portal.extensions import db
from portal.models import Base, Task
from tests.factories import Scene, make_scene
from tests.factories.access import make_invitation, make_invited_user
from tests.factories.evidence import evidence_for
from tests.factories.plans import plan_in_force
from tests.factories.provinces import make_everything
from tests.factories.tasks import make_task
from tests.factories.uploads import live_link
from tests.integration.hostile import files, headers, ids, links, texts
from tests.integration.hostile.table import Attack, Row
from tests.integration.test_visibility import undone
from tests.support.pages import PageClient

TABLE: list[Row] = [*files.ROWS, *headers.ROWS, *ids.ROWS, *links.ROWS, *texts.ROWS]
# What every request may leave: the audit log says who tried, and a log-in was seen again.
LOGS = {"audit_entries", "audit_head", "user_sessions"}
NOW = "2021-03-15T09:00:00+08:00"


def test_table_is_long_and_names_each_row_once() -> None:
    names = [row.name for row in TABLE]
    assert len(names) >= 60
    assert [name for name, times in Counter(names).items() if times > 1] == []


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
                yield Attack(scene, every_id(scene), PageClient(shared_app))
            finally:
                db.session.remove()
                engines[None] = engine
                transaction.rollback()


def every_id(scene: Scene) -> dict[str, Any]:
    """The ids that stand in the table's addresses and forms; committed."""
    known = make_everything(scene)
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
        yield Attack(province.scene, province.ids, PageClient(province.client.app))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_attempt_gets_its_answer_and_leaves_nothing(attack: Attack, row: Row) -> None:
    if row.by:
        attack.log_in(getattr(attack.scene, row.by))
    before = world()
    page = row.send(attack)
    said = f"{page.text} {page.location}" if page.html else said_plainly(page)
    assert (page.status, row.says in said) == (row.status, True), f"{page.status}: {said[:2000]}"
    if row.check is not None:
        row.check(attack, page)
    if not row.stores:
        assert {name for name, what in world().items() if what != before[name]} == set()


def said_plainly(page: Any) -> str:
    return f"{page.response.get_data().decode(errors='replace')} {page.location}"


def world() -> dict[str, Any]:
    """Every row of every table but the logs, and the names of all files."""
    connection = db.session.connection()
    found: dict[str, Any] = {
        name: sorted(map(repr, connection.exec_driver_sql(f'SELECT * FROM "{name}"')))
        for name in Base.metadata.tables
        if name not in LOGS
    }
    store = storage.store()
    found["files"] = [held.sha256 for held in store.held()]
    found["incoming"] = [token for token, _ in store.incoming()]
    return found
