"""Work on a task through the services."""

import io
from datetime import timedelta
from typing import Any

import pytest

from portal import clock
from portal.errors import Rejected
from portal.models import StoredFile, TaskState
from portal.services import evidence_uses, tasks
from portal.services.upload_forms import look_at, take_whole
from tests.factories import Scene, make_scene
from tests.factories.evidence import evidence_for, evidence_in, pdf_bytes, png_bytes, withdrawn
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


def test_coordinator_adds_the_first_note_and_the_task_starts(scene: Scene) -> None:
    task = make_task(plan_in_force(scene.pairing, scene))
    note = tasks.add_note(task, progress=40, body=" 已调研 ", actor=scene.supported_coordinator)
    assert (task.state, task.progress) == (TaskState.IN_PROGRESS, 40)
    assert (note.body, note.author) == ("已调研", scene.supported_coordinator)


def test_coordinator_attaches_two_files_in_one_go(scene: Scene) -> None:
    task = make_task(plan_in_force(scene.pairing, scene), evidence=("文件", "照片"))
    first, second = task.requirements
    take_whole(
        task,
        look_at(
            [
                (first, "文件.pdf", io.BytesIO(pdf_bytes())),
                (second, "照片.png", io.BytesIO(png_bytes())),
            ]
        ),
        evidence_on=clock.today() - timedelta(days=3),
        actor=scene.supported_coordinator,
    )
    assert {use.requirement_id for use in task.evidence_uses} == {first.id, second.id}
    assert task.state is TaskState.IN_PROGRESS


def test_coordinator_uploads_the_same_bytes_and_the_first_piece_is_used(
    scene: Scene, session: Any
) -> None:
    plan = plan_in_force(scene.pairing, scene)
    first = evidence_for(make_task(plan), by=scene.supporting_coordinator, content=pdf_bytes("同"))
    task = make_task(plan)
    take_whole(
        task,
        look_at([(task.requirements[0], "另一个名字.pdf", io.BytesIO(pdf_bytes("同")))]),
        evidence_on=clock.today(),
        actor=scene.supported_coordinator,
    )
    assert session.query(StoredFile).count() == 1
    assert [use.evidence for use in task.evidence_uses] == [first.evidence]


def test_coordinator_is_told_about_every_bad_file_at_once(scene: Scene) -> None:
    task = make_task(plan_in_force(scene.pairing, scene), evidence=("文件", "照片"))
    first, second = task.requirements
    with pytest.raises(Rejected) as refusal:
        take_whole(
            task,
            look_at(
                [
                    (first, "空.pdf", io.BytesIO()),
                    (second, "程序.exe", io.BytesIO(b"MZ")),
                    (None, "好.png", io.BytesIO(png_bytes())),
                ]
            ),
            evidence_on=clock.today(),
            actor=scene.supported_coordinator,
        )
    assert set(refusal.value.fields) == {f"file-{first.id}", f"file-{second.id}"}


def test_coordinator_uses_withdrawn_evidence_and_is_refused(scene: Scene) -> None:
    task = make_task(plan_in_force(scene.pairing, scene))
    piece = withdrawn(
        evidence_in(scene.pairing, by=scene.supported_coordinator), by=scene.supported_coordinator
    )
    with pytest.raises(Rejected, match="已撤回"):
        evidence_uses.use_evidence(
            task, requirement=None, evidence=piece, actor=scene.supported_coordinator
        )
