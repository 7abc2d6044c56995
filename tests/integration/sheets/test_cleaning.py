"""What is forgotten goes: ``flask imports clean``."""

from datetime import timedelta

import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import clock
from portal.extensions import db
from portal.models import Event, SheetImport, SheetImportState, SheetKind
from portal.services import sheet_applying
from tests.factories import make_scene
from tests.factories.plans import drafting_plan
from tests.factories.sheets import edited, imported, put

PLAN = SheetKind.PLAN


def test_the_command_discards_what_nobody_finished_and_empties_what_is_past_undoing(
    app: Flask,
) -> None:
    scene = make_scene()
    plan, who = drafting_plan(scene.pairing, scene), scene.supported_coordinator

    def taken(title: str) -> SheetImport:
        stream = edited(PLAN, plan.tasks, put(PLAN, (2, "title", title)))
        return imported(stream, PLAN, [scene.pairing], by=who)

    done, forgotten = taken("甲"), taken("乙")
    sheet_applying.apply_import(done, seen_version=None, actor=who)
    db.session.commit()
    run = app.test_cli_runner().invoke
    with time_machine.travel(clock.now() + timedelta(hours=23)):
        assert "0 imports unfinished" in run(args=["imports", "clean"]).output
    with time_machine.travel(clock.now() + timedelta(days=8)):
        fresh = taken("丙")
        db.session.commit()
        told = run(args=["imports", "clean"]).output
        assert "1 imports unfinished for 7 days discarded; 1 past" in told
        assert (
            "0 imports unfinished for 7 days discarded; 0 past"
            in run(args=["imports", "clean"]).output
        )
    db.session.expire_all()
    assert (forgotten.state, forgotten.rows) == (SheetImportState.DISCARDED, [])
    assert fresh.state is SheetImportState.CHECKED
    assert done.undo == []
    assert [one["row"] for one in done.findings] == [2]
    event = db.session.scalars(sa.select(Event).where(Event.action == "expire")).one()
    assert (event.object_id, event.actor_id) == (forgotten.id, None)
