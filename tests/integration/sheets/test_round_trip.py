"""A workbook goes out, is edited, comes back, is imported and taken back."""

from datetime import date

import sqlalchemy as sa
from flask import Flask

from portal.extensions import db
from portal.models import Event, PlanState, SheetImportState, SheetKind, Side
from portal.services import sheet_applying, sheet_undoing
from tests.factories import make_scene
from tests.factories.plans import agreed_plan, drafting_plan, plan_in_force
from tests.factories.sheets import downloaded, edited, imported, new_row, put

PLAN, LEDGER = SheetKind.PLAN, SheetKind.LEDGER


def test_a_workbook_that_comes_back_as_it_went_out_changes_nothing(app: Flask) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    sheet = imported(
        downloaded(PLAN, plan.tasks), PLAN, [scene.pairing], by=scene.supported_coordinator
    )
    assert (sheet.total, sheet.findings, sheet.state) == (5, [], SheetImportState.CHECKED)


def test_changed_and_added_rows_are_written_and_taken_back(app: Flask) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    first, second = plan.tasks[0], plan.tasks[1]

    def edit(sheet: object) -> None:
        put(PLAN, (2, "title", "独立病房建设"), (2, "due_on", date(2021, 3, 31)))(sheet)
        put(PLAN, (3, "evidence", "甲\n乙"), (3, "milestones", "2020-08-31 选址"))(sheet)
        put(PLAN, (3, "supported_owner", scene.supported_contributor.name))(sheet)
        new_row()(sheet)

    who = scene.supported_coordinator
    sheet = imported(edited(PLAN, plan.tasks, edit), PLAN, [scene.pairing], by=who)
    assert [(one["row"], one["kind"]) for one in sheet.findings] == [
        (2, "changed"),
        (3, "changed"),
        (7, "added"),
    ]
    old = first.title
    assert sheet_applying.apply_import(sheet, seen_version=sheet.version, actor=who)
    assert (first.title, first.due_on, first.first_due_on) == (
        "独立病房建设",
        date(2021, 3, 31),
        date(2021, 3, 31),
    )
    assert [one.name for one in second.requirements] == ["甲", "乙"]
    assert second.owner_on(Side.SUPPORTED) is scene.supported_contributor
    assert plan.state is PlanState.DRAFTING
    assert len(plan.tasks) == 6
    assert plan.tasks[-1].code == "C-X06"

    assert sheet_undoing.undo_import(sheet, actor=who) == 3
    db.session.expire_all()
    assert first.title == old
    assert [one.name for one in second.requirements] == ["成立文件"]
    assert second.milestones == []
    assert second.supported_owner is None
    assert len(plan.tasks) == 5
    titles = db.session.scalars(sa.select(Event.title).where(Event.object_type == "plan")).all()
    assert any("导入任务清单" in one for one in titles)
    assert any("撤销导入" in one for one in titles)


def test_progress_notes_and_persons_come_back_by_the_ledger(app: Flask) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    who = scene.supported_coordinator
    edit = put(
        LEDGER,
        (2, "progress", 40),
        (2, "note", "已完成选址。"),
        (3, "progress", "６０％"),
        (4, "supported_owner", scene.supported_contributor.name),
    )
    sheet = imported(edited(LEDGER, plan.tasks, edit), LEDGER, [scene.pairing], by=who)
    assert sheet_applying.apply_import(sheet, seen_version=None, actor=who)
    one, two, three = plan.tasks[:3]
    assert (one.progress, one.notes[0].body, one.state.value) == (40, "已完成选址。", "in_progress")
    assert (two.progress, "调整为 60%" in two.notes[0].body) == (60, True)
    assert three.supported_owner is scene.supported_contributor

    sheet_undoing.undo_import(sheet, actor=who)
    db.session.expire_all()
    assert (one.progress, len(one.notes), "撤销" in one.notes[0].body) == (0, 2, True)
    assert three.supported_owner is None
