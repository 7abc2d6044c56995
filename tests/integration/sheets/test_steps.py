"""Importing and taking back: all or nothing, by whom, until when, and what stands in the way."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import clock
from portal.errors import Forbidden, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Event,
    Plan,
    PlanState,
    SheetImport,
    SheetImportState,
    SheetKind,
    Task,
)
from portal.queries.sheets import may_undo
from portal.services import plan_tasks, sheet_applying, sheet_imports, sheet_undoing
from tests.factories import Scene, make_scene, make_user
from tests.factories.plans import drafting_plan, plan_in_force
from tests.factories.problems import make_problem
from tests.factories.sheets import downloaded, edited, imported, new_row, put
from tests.factories.workbooks import row, table

PLAN, LEDGER = SheetKind.PLAN, SheetKind.LEDGER
RENAME = put(PLAN, (2, "title", "我的名称"), (2, "weight", "核心"))


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


def taken(scene: Scene, plan: Plan, edit: object = RENAME) -> SheetImport:
    who = scene.supported_coordinator
    return imported(edited(PLAN, plan.tasks, edit), PLAN, [scene.pairing], by=who)  # type: ignore[arg-type]


def apply(sheet: SheetImport, scene: Scene) -> bool:
    return sheet_applying.apply_import(sheet, seen_version=None, actor=scene.supported_coordinator)


def test_one_error_stops_the_whole_workbook(scene: Scene) -> None:
    plan = drafting_plan(scene.pairing, scene)
    sheet = taken(scene, plan, put(PLAN, (2, "title", "改名"), (3, "weight", 9)))
    with pytest.raises(StepRefused) as refused:
        apply(sheet, scene)
    assert refused.value.missing == ["1 行有错误，请在表格中改正后重新上传。"]
    assert plan.tasks[0].title != "改名"


def test_a_workbook_without_changes_is_not_imported(scene: Scene) -> None:
    plan = drafting_plan(scene.pairing, scene)
    who = scene.supported_coordinator
    sheet = imported(downloaded(PLAN, plan.tasks), PLAN, [scene.pairing], by=who)
    with pytest.raises(StepRefused) as refused:
        apply(sheet, scene)
    assert "没有需要导入的改动" in refused.value.missing[0]


def test_a_workbook_half_checked_is_not_imported(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_imports, "SLICE", 2)
    plan = drafting_plan(scene.pairing, scene)
    who = scene.supported_coordinator
    sheet = imported(edited(PLAN, plan.tasks, RENAME), PLAN, [scene.pairing], by=who, checked=False)
    seen = []
    while sheet.state is SheetImportState.READING:
        with pytest.raises(StepRefused):
            apply(sheet, scene)
        sheet_imports.check_next(sheet, actor=who)
        seen.append(sheet.checked)
    assert seen == [2, 4, 5]
    sheet_imports.check_next(sheet, actor=who)
    assert apply(sheet, scene)


@pytest.mark.parametrize(("choice", "title"), [("mine", "我的名称"), ("theirs", "别人的名称")])
def test_a_conflict_waits_for_a_choice_and_follows_it(
    scene: Scene, choice: str, title: str
) -> None:
    plan = drafting_plan(scene.pairing, scene)
    stream = edited(PLAN, plan.tasks, RENAME)
    plan.tasks[0].title = "别人的名称"
    who = scene.supported_coordinator
    sheet = imported(stream, PLAN, [scene.pairing], by=who)
    with pytest.raises(StepRefused):
        apply(sheet, scene)
    assert sheet_imports.choose(sheet, {2: choice, 3: "mine", 99: "mine"}, actor=who) == 1
    assert apply(sheet, scene)
    assert (plan.tasks[0].title, plan.tasks[0].weight) == (title, 3)


def test_what_others_did_after_the_check_is_shown_before_anything_is_written(scene: Scene) -> None:
    plan = drafting_plan(scene.pairing, scene)
    sheet = taken(scene, plan)
    plan.tasks[0].title = "别人的名称"
    db.session.flush()
    assert not apply(sheet, scene)
    assert [one["kind"] for one in sheet.findings] == ["conflict"]
    assert plan.tasks[0].title == "别人的名称"
    assert sheet.state is SheetImportState.CHECKED


def test_a_page_that_is_older_than_the_choices_does_not_import(scene: Scene) -> None:
    sheet = taken(scene, drafting_plan(scene.pairing, scene))
    with pytest.raises(StaleEdit):
        sheet_applying.apply_import(
            sheet, seen_version=sheet.version - 1, actor=scene.supported_coordinator
        )


def test_a_plan_that_came_into_force_meanwhile_is_not_changed(scene: Scene) -> None:
    plan = drafting_plan(scene.pairing, scene)
    sheet = taken(scene, plan)
    plan.state, plan.in_force_at = PlanState.IN_FORCE, clock.now()
    db.session.flush()
    with pytest.raises(StepRefused):
        apply(sheet, scene)


def test_several_pairings_come_back_in_one_workbook(scene: Scene) -> None:
    who = make_user(scene.supported_coordinator.role, scene.pairing.supporting)
    plan = drafting_plan(scene.pairing, scene)
    scene.foreign.supporting = scene.pairing.supporting
    other = drafting_plan(scene.foreign, scene)
    tasks = [*plan.tasks, *other.tasks]

    def edit(sheet: object) -> None:
        new_row(pairing=scene.foreign.title)(sheet)
        new_row(pairing=scene.pairing.supported.name, title="第二项")(sheet)
        put(PLAN, (2, "title", "改名"))(sheet)

    sheet = imported(edited(PLAN, tasks, edit), PLAN, [scene.pairing, scene.foreign], by=who)
    assert sheet_applying.apply_import(sheet, seen_version=None, actor=who)
    db.session.expire_all()
    assert (len(plan.tasks), len(other.tasks)) == (6, 6)
    assert sheet_undoing.undo_import(sheet, actor=who) == 3
    db.session.expire_all()
    assert (len(plan.tasks), len(other.tasks)) == (5, 5)


def test_an_added_row_without_a_pairing_among_several_is_asked_for(scene: Scene) -> None:
    scene.foreign.supporting = scene.pairing.supporting
    drafting_plan(scene.pairing, scene)
    drafting_plan(scene.foreign, scene)
    who = make_user(scene.supported_coordinator.role, scene.pairing.supporting)
    sheet = imported(io.BytesIO(table(row())), PLAN, [scene.pairing, scene.foreign], by=who)
    assert "请填写结对" in sheet.findings[0]["errors"][0][2]


@pytest.mark.parametrize("role", ["supporting_coordinator", "supported_leader", "centre"])
def test_only_whoever_uploaded_imports(scene: Scene, role: str) -> None:
    sheet = taken(scene, drafting_plan(scene.pairing, scene))
    person = getattr(scene, role)
    for step in (
        lambda: sheet_applying.apply_import(sheet, seen_version=None, actor=person),
        lambda: sheet_imports.choose(sheet, {}, actor=person),
        lambda: sheet_imports.check_next(sheet, actor=person),
        lambda: sheet_imports.discard(sheet, actor=person),
    ):
        with pytest.raises(Forbidden):
            step()


@pytest.mark.parametrize(
    "role", ["commission", "centre", "city", "supported_leader", "supported_contributor", "expert"]
)
def test_only_coordinators_import_a_task_list(scene: Scene, role: str) -> None:
    plan = drafting_plan(scene.pairing, scene)
    with pytest.raises(Forbidden):
        imported(downloaded(PLAN, plan.tasks), PLAN, [scene.pairing], by=getattr(scene, role))


def test_a_workbook_put_aside_does_nothing_more(scene: Scene) -> None:
    sheet = taken(scene, drafting_plan(scene.pairing, scene))
    sheet_imports.discard(sheet, actor=scene.supported_coordinator)
    assert told_of(sheet) == ["check", "discard"]
    for step in (
        lambda: apply(sheet, scene),
        lambda: sheet_undoing.undo_import(sheet, actor=scene.supported_coordinator),
        lambda: sheet_imports.discard(sheet, actor=scene.supported_coordinator),
        lambda: sheet_imports.choose(sheet, {}, actor=scene.supported_coordinator),
    ):
        with pytest.raises(StepRefused):
            step()


def told_of(sheet: SheetImport) -> list[str]:
    """The steps of an import that its history tells."""
    db.session.flush()
    wanted = sa.select(Event.action).where(
        Event.object_type == "sheet_import", Event.object_id == sheet.id
    )
    return list(db.session.scalars(wanted.order_by(Event.id)))


def changed_since(scene: Scene, plan: Plan) -> None:
    plan.tasks[0].title = "又改了"
    db.session.flush()


def linked_since(scene: Scene, plan: Plan) -> None:
    make_problem(scene.pairing, scene.supported_coordinator, tasks=[plan.tasks[-1]])


def removed_since(scene: Scene, plan: Plan) -> None:
    plan_tasks.remove_task(plan.tasks[0], actor=scene.supported_coordinator)


def in_force_since(scene: Scene, plan: Plan) -> None:
    plan.state, plan.in_force_at = PlanState.IN_FORCE, clock.now()
    db.session.flush()


@pytest.mark.parametrize(
    ("since", "sentence"),
    [
        (changed_since, "又改了：导入后又有修改"),
        (linked_since, "与问题关联，不能移除"),
        (removed_since, "已被移除"),
        (in_force_since, ""),
    ],
)
def test_what_happened_since_refuses_the_undo_as_a_whole(
    scene: Scene, since: Callable[[Scene, Plan], None], sentence: str
) -> None:
    plan = drafting_plan(scene.pairing, scene)

    def edit(sheet: object) -> None:
        put(PLAN, (2, "title", "改名"), (3, "title", "也改名"))(sheet)
        new_row()(sheet)

    sheet = taken(scene, plan, edit)
    assert apply(sheet, scene)
    db.session.expire_all()
    since(scene, plan)
    db.session.expire_all()
    with pytest.raises(StepRefused) as refused:
        sheet_undoing.undo_import(sheet, actor=scene.supported_coordinator)
    assert sentence in "".join(refused.value.missing)
    assert db.session.query(Task).filter_by(title="也改名").count() == 1
    assert sheet.state is SheetImportState.APPLIED


def test_an_import_is_taken_back_within_a_day_and_once(scene: Scene) -> None:
    plan = drafting_plan(scene.pairing, scene)
    sheet = taken(scene, plan)
    apply(sheet, scene)
    too_late = time_machine.travel(clock.now() + timedelta(hours=24, minutes=1))
    with too_late, pytest.raises(StepRefused, match="24 小时"):
        sheet_undoing.undo_import(sheet, actor=scene.supported_coordinator)
    with time_machine.travel(clock.now() + timedelta(hours=23)):
        sheet_undoing.undo_import(sheet, actor=scene.supported_coordinator)
        with pytest.raises(StepRefused):
            sheet_undoing.undo_import(sheet, actor=scene.supported_coordinator)


def test_a_coordinator_of_the_same_hospital_takes_back_what_another_imported(scene: Scene) -> None:
    plan = drafting_plan(scene.pairing, scene)
    sheet = taken(scene, plan)
    apply(sheet, scene)
    for person in (scene.supporting_coordinator, scene.supported_leader, scene.centre):
        with pytest.raises(Forbidden):
            sheet_undoing.undo_import(sheet, actor=person)
    colleague = make_user(scene.supported_coordinator.role, scene.pairing.supported)
    assert sheet_undoing.undo_import(sheet, actor=colleague) == 1
    assert told_of(sheet) == ["check", "import", "undo"]


@pytest.mark.parametrize("kind", SheetKind)
def test_a_coordinator_who_moved_away_takes_nothing_back(scene: Scene, kind: SheetKind) -> None:
    plan = (drafting_plan if kind is PLAN else plan_in_force)(scene.pairing, scene)
    edit = RENAME if kind is PLAN else put(LEDGER, (2, "progress", 40))
    who = scene.supported_coordinator
    sheet = imported(edited(kind, plan.tasks, edit), kind, [scene.pairing], by=who)
    apply(sheet, scene)
    assert may_undo(sheet, viewer=who)
    who.organisation = scene.foreign.supported
    db.session.flush()
    assert not may_undo(sheet, viewer=who)
    with pytest.raises(Forbidden):
        sheet_undoing.undo_import(sheet, actor=who)


def test_a_plan_in_which_nothing_is_written_stands_in_nobodys_way(scene: Scene) -> None:
    who = make_user(scene.supported_coordinator.role, scene.pairing.supporting)
    plan = drafting_plan(scene.pairing, scene)
    scene.foreign.supporting = scene.pairing.supporting
    other = drafting_plan(scene.foreign, scene)
    stream = edited(
        PLAN, [plan.tasks[0], other.tasks[0]], put(PLAN, (2, "title", "甲"), (3, "title", "乙"))
    )
    other.tasks[0].title = "别人的名称"
    sheet = imported(stream, PLAN, [scene.pairing, scene.foreign], by=who)
    sheet_imports.choose(sheet, {3: "theirs"}, actor=who)
    assert sheet_applying.apply_import(sheet, seen_version=None, actor=who)
    other.state, other.in_force_at = PlanState.IN_FORCE, clock.now()
    db.session.flush()
    assert sheet_undoing.undo_import(sheet, actor=who) == 1


def test_a_closed_or_waiting_task_takes_no_progress(scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    stream = edited(LEDGER, plan.tasks, put(LEDGER, (2, "progress", 50)))
    plan.tasks[0].state = plan.tasks[0].state.__class__.CLOSURE_REQUESTED
    db.session.flush()
    sheet = imported(stream, LEDGER, [scene.pairing], by=scene.supported_coordinator)
    assert "销号申请" in sheet.findings[0]["errors"][0][2]
