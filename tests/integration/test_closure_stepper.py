"""The stepper tells where a closure stands, whatever way it came there."""

from collections.abc import Callable

import pytest
from flask import Flask

from portal.models import Task, VerificationPolicy
from portal.queries.closure import closure_panel
from portal.services import closure
from tests.factories import Scene, make_scene
from tests.factories.closures import (
    closed,
    closure_requested,
    confirmed,
    reopened,
    returned,
    task_in_progress,
)


def returned_by_the_centre(scene: Scene) -> Task:
    task = confirmed(scene)
    closure.return_closure(task, reason="缺公章。", actor=scene.centre)
    return task


def closed_without_the_centre(scene: Scene) -> Task:
    scene.programme.verification = VerificationPolicy.KEY_AND_SAMPLE
    task = closure_requested(scene)
    closure.confirm_closure(task, actor=scene.supporting_leader, draw=lambda _top: 99)
    return task


def applied_again(scene: Scene) -> Task:
    task = confirmed(scene)
    closure.request_closure(task, statement="补充。", actor=scene.supported_leader)
    return task


@pytest.mark.parametrize(
    ("make", "states"),
    [
        (task_in_progress, "current todo todo todo"),
        (closure_requested, "done current todo todo"),
        (returned, "done returned todo todo"),
        (confirmed, "done done current todo"),
        (returned_by_the_centre, "done done returned todo"),
        (closed, "done done done done"),
        (closed_without_the_centre, "done done done done"),
        (reopened, "done done done returned"),
        (applied_again, "done current todo todo"),
    ],
)
def test_stepper_shows_how_far_it_is(
    app: Flask, make: Callable[[Scene], Task], states: str
) -> None:
    scene = make_scene()
    panel = closure_panel(make(scene), scene.commission)
    assert [step.label for step in panel.steps] == ["申请", "帮扶方确认", "省中心核验", "销号"]
    assert " ".join(step.state for step in panel.steps) == states


def test_stepper_says_that_the_lot_fell_elsewhere(app: Flask) -> None:
    scene = make_scene()
    panel = closure_panel(closed_without_the_centre(scene), scene.commission)
    assert panel.steps[2].detail == "未抽中，免核验"


def test_stepper_names_who_did_what(app: Flask) -> None:
    scene = make_scene()
    panel = closure_panel(returned_by_the_centre(scene), scene.commission)
    names = [scene.supported_coordinator.name, scene.supporting_leader.name, scene.centre.name]
    for step, name in zip(panel.steps, names, strict=False):
        assert name in step.detail
