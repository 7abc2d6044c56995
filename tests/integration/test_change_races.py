"""Two people at one amendment or extension in the same moment, with real commits: one wins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.extensions import db
from portal.models import (
    AmendmentState,
    ExtensionRequest,
    PlanAmendment,
    PlanVersion,
    Task,
    TaskState,
)
from tests.factories import Scene
from tests.factories import amendments as made
from tests.factories.closures import confirmed, task_in_progress
from tests.factories.extensions import extension_row, running_scene, waiting_extension
from tests.integration.test_closure_race import at_once
from tests.support.apps import build_app, dispose, migrate


@pytest.fixture
def real_app(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application whose commits are commits."""
    app = build_app(empty_database_url, tmp_path / "instance")
    migrate(app)
    with app.app_context():
        yield app
        db.session.remove()
    dispose(app)


def agreed_about(scene: Scene, task: Task) -> PlanAmendment:
    return made.agreed(scene, made.drafted(scene, task, criteria="改过的标准。"))


def test_of_two_approvals_one_is_told(real_app: Flask) -> None:
    scene = running_scene()
    task = made.task_of(scene)
    amendment = agreed_about(scene, task)
    path = f"/amendments/{amendment.id}/approve"
    form = {"version": str(amendment.version)}
    answers = at_once(real_app, task, (scene.centre, path, form), (scene.other_centre, path, form))
    assert sorted(answer.status for answer in answers) == [303, 409]
    db.session.expire_all()
    assert amendment.state is AmendmentState.APPROVED
    assert db.session.query(PlanVersion).count() == 2
    assert task.criteria == "改过的标准。"


def test_an_amendment_and_an_application_for_closure_never_both_happen(real_app: Flask) -> None:
    scene = running_scene()
    task = task_in_progress(scene)
    amendment = agreed_about(scene, task)
    answers = at_once(
        real_app,
        task,
        (scene.centre, f"/amendments/{amendment.id}/approve", {}),
        (
            scene.supported_coordinator,
            f"/tasks/{task.id}/closure",
            {"statement": "已完成。", "evidence_on": "2021-03-01"},
        ),
    )
    statuses = [answer.status for answer in answers]
    db.session.expire_all()
    applied = task.state is TaskState.CLOSURE_REQUESTED
    approved = amendment.state is AmendmentState.APPROVED
    # Either the application came first and keeps the approval from happening, or it came
    # second and is about the task as it was amended.
    if applied and not approved:
        assert statuses == [409, 303]
        assert task.criteria != "改过的标准。"
    else:
        assert approved
        assert task.criteria == "改过的标准。"


def test_an_extension_and_a_closure_at_once_leave_no_open_request(real_app: Flask) -> None:
    scene = running_scene()
    task = confirmed(scene)
    asked = extension_row(task, by=scene.supported_coordinator)
    due = task.due_on
    grant = f"/extensions/{asked.id}/grant"
    verify = f"/tasks/{task.id}/closure/verify"
    at_once(real_app, task, (scene.centre, grant, {}), (scene.other_centre, verify, {}))
    db.session.expire_all()
    assert task.state is TaskState.CLOSED
    moved = asked.state.value == "granted"
    assert asked.state.value in ("granted", "withdrawn")
    assert (task.due_on == due) is not moved
    assert task.extensions == int(moved)


def test_of_two_requests_one_waits(real_app: Flask) -> None:
    scene = running_scene()
    task = made.task_of(scene)
    day = (task.due_on.replace(year=task.due_on.year + 1)).isoformat()
    path = f"/tasks/{task.id}/extensions"
    form = {"to_due_on": day, "reason_class": "staff", "reason": "人员变动。"}
    answers = at_once(
        real_app,
        task,
        (scene.supported_coordinator, path, form),
        (scene.supporting_coordinator, path, form),
    )
    assert sorted(answer.status for answer in answers) == [303, 409]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ExtensionRequest)) == 1


def test_of_two_decisions_one_counts(real_app: Flask) -> None:
    scene = running_scene()
    task = made.task_of(scene)
    asked = waiting_extension(task, by=scene.supported_coordinator)
    grant = f"/extensions/{asked.id}/grant"
    refuse = f"/extensions/{asked.id}/refuse"
    answers = at_once(
        real_app,
        task,
        (scene.supporting_leader, grant, {}),
        (scene.centre, refuse, {"reason": "可按期完成。"}),
    )
    assert sorted(answer.status for answer in answers) == [303, 409]
    db.session.expire_all()
    assert task.extensions == int(asked.state.value == "granted")
