"""What an amendment may do to the evidence and the milestones that a task has already."""

from datetime import date
from typing import Any

import pytest

from portal.errors import StepRefused
from portal.extensions import db
from portal.models import Milestone, Task, TaskState
from portal.services.task_values import write_values
from tests.factories import Scene
from tests.factories.evidence import evidence_for
from tests.factories.extensions import running_scene
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task


@pytest.fixture
def scene(session: Any) -> Scene:
    return running_scene()


@pytest.fixture
def task(scene: Scene) -> Task:
    task = make_task(
        plan_in_force(scene.pairing, scene),
        state=TaskState.IN_PROGRESS,
        evidence=("甲", "乙", "丙"),
    )
    day = task.starts_on
    task.milestones = [
        Milestone(position=1, title="起草", due_on=day, done_on=day),
        Milestone(position=2, title="印发", due_on=task.due_on),
    ]
    db.session.flush()
    return task


@pytest.mark.parametrize("names", [("乙", "丙"), ("丁", "乙", "丙"), ("乙",)])
def test_evidence_never_proves_another_requirement(
    scene: Scene, task: Task, names: tuple[str, ...]
) -> None:
    evidence_for(task, task.requirements[0], by=scene.supported_coordinator)
    with pytest.raises(StepRefused, match="甲"):
        write_values(task, {"evidence": names})


@pytest.mark.parametrize(
    "names", [("丙", "甲"), ("新", "丙", "乙", "甲", "又"), ("甲",), ("甲", "乙", "丙")]
)
def test_evidence_goes_along_with_its_requirement(
    scene: Scene, task: Task, names: tuple[str, ...]
) -> None:
    use = evidence_for(task, task.requirements[0], by=scene.supported_coordinator)
    write_values(task, {"evidence": names})
    db.session.flush()
    db.session.expire_all()
    assert [(row.position, row.name) for row in task.requirements] == list(enumerate(names, 1))
    assert use.requirement is not None
    assert use.requirement.name == "甲"


@pytest.mark.parametrize("titles", [("起草并讨论", "印发"), ("印发",), ()])
def test_a_reached_milestone_is_not_lost(task: Task, titles: tuple[str, ...]) -> None:
    with pytest.raises(StepRefused, match="起草"):
        write_values(task, {"milestones": [(task.due_on, title) for title in titles]})


def test_a_milestone_stays_reached_wherever_it_moves(task: Task) -> None:
    reached: date | None = task.milestones[0].done_on
    steps = [(task.starts_on, "调研"), (task.starts_on, "印发稿"), (task.due_on, "起草")]
    write_values(task, {"milestones": steps})
    db.session.flush()
    db.session.expire_all()
    found = [(row.due_on, row.title, row.done_on) for row in task.milestones]
    assert found == [(*steps[0], None), (*steps[1], None), (*steps[2], reached)]
