"""The page of one task, through a real client."""

from datetime import timedelta
from typing import Any

import pytest

from portal import clock
from portal.models import Task
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import PageClient


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


@pytest.fixture
def task(scene: Scene) -> Task:
    return make_task(
        plan_in_force(scene.pairing, scene),
        title="设立独立全科医学科",
        evidence=("成立文件", "现场照片"),
        due_on=clock.today() + timedelta(days=40),
        supported_owner=scene.supported_contributor,
    )


def test_coordinator_sees_what_a_task_asks_for(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert page.h1 == "设立独立全科医学科"
    assert "达到双方商定的标准。" in page.text
    assert "已有 0/2 项" in page.text
    assert [words.split("从")[0] for words in page.texts(".requirement h3")] == [
        "成立文件缺",
        "现场照片缺",
        "其他材料非必需",
    ]
    assert "还有 40 天" in page.text
    assert "等文昌受援医院" in page.text
