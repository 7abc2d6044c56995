"""What stands in the way of taking a ledger back, and what stays after it."""

from collections.abc import Callable

import pytest
from flask import Flask

from portal.errors import StepRefused
from portal.extensions import db
from portal.models import Plan, PlanState, SheetImport, SheetKind, Side, TaskState
from portal.services import sheet_applying, sheet_undoing, tasks
from tests.factories import Scene, make_scene
from tests.factories.plans import plan_in_force
from tests.factories.sheets import edited, imported, put

LEDGER = SheetKind.LEDGER


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


def reported(scene: Scene, plan: Plan) -> SheetImport:
    """A ledger that was imported: progress of one task, another person for the second."""
    who = scene.supported_coordinator
    plan.tasks[1].supported_owner = scene.supported_contributor
    db.session.flush()
    edit = put(LEDGER, (2, "progress", 40), (3, "supported_owner", who.name))
    sheet = imported(edited(LEDGER, plan.tasks, edit), LEDGER, [scene.pairing], by=who)
    assert sheet_applying.apply_import(sheet, seen_version=None, actor=who)
    assert plan.tasks[1].owner_on(Side.SUPPORTED) is who
    return sheet


def noted_since(scene: Scene, plan: Plan) -> None:
    """The same figure once more: the task's own row stays as it is."""
    tasks.add_note(plan.tasks[0], progress=40, body="又有进展。", actor=scene.supported_leader)


def terminated_since(scene: Scene, plan: Plan) -> None:
    plan.state = PlanState.TERMINATED


def left_since(scene: Scene, plan: Plan) -> None:
    scene.supported_contributor.is_active = False


@pytest.mark.parametrize(
    ("since", "sentence"),
    [
        (noted_since, "导入后又有进展"),
        (terminated_since, "提前终止"),
        (left_since, "已不在岗，不能恢复"),
    ],
)
def test_what_happened_since_keeps_a_ledger_from_being_taken_back(
    scene: Scene, since: Callable[[Scene, Plan], None], sentence: str
) -> None:
    plan = plan_in_force(scene.pairing, scene)
    sheet = reported(scene, plan)
    since(scene, plan)
    db.session.flush()
    with pytest.raises(StepRefused) as refused:
        sheet_undoing.undo_import(sheet, actor=scene.supported_coordinator)
    assert sentence in "".join(refused.value.missing)
    assert plan.tasks[0].progress == 40


def test_a_task_that_the_import_began_stays_begun_and_the_answer_says_so(scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    sheet = reported(scene, plan)
    sheet_undoing.undo_import(sheet, actor=scene.supported_coordinator)
    assert "1 项任务仍为“进行中”" in sheet.note
    assert plan.tasks[0].state is TaskState.IN_PROGRESS


def test_a_terminated_plan_takes_nothing_and_no_amendment_is_advised(scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    plan.state = PlanState.TERMINATED
    who = scene.supported_coordinator
    edit = put(LEDGER, (2, "supported_owner", who.name), (3, "title", "改名"))
    sheet = imported(edited(LEDGER, plan.tasks, edit), LEDGER, [scene.pairing], by=who)
    told = [sentence for one in sheet.findings for _, _, sentence in one["errors"]]
    assert len(told) == 2
    assert all("提前终止" in one for one in told)
