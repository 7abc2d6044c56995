"""Extensions in the browser: the task's panel, the request, the decision."""

from datetime import timedelta
from typing import Any

import pytest

from portal import clock
from portal.extensions import db
from portal.models import ExtensionRequest, ExtensionState, Task, TaskState
from tests.factories import PASSWORD, Scene
from tests.factories.extensions import (
    REASON,
    granted_extension,
    running_scene,
    waiting_extension,
)
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries


@pytest.fixture
def scene(session: Any) -> Scene:
    return running_scene()


@pytest.fixture
def task(scene: Scene) -> Task:
    return make_task(
        plan_in_force(scene.pairing, scene),
        state=TaskState.IN_PROGRESS,
        title="独立病房",
        supported_owner=scene.supported_contributor,
        due_on=clock.today() + timedelta(days=20),
    )


def test_owner_asks_from_the_task_page_and_sees_who_decides(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_contributor, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert page.one("#extensions a")["href"] == f"/tasks/{task.id}/extensions"
    form = client.get(f"/tasks/{task.id}/extensions")
    assert "对方基地负责人或省中心" in form.text
    new = task.due_on + timedelta(days=45)
    answer = client.submit(
        form, "main form", to_due_on=new.isoformat(), reason_class="works", reason=REASON
    )
    assert (answer.status, answer.location) == (303, f"/tasks/{task.id}")
    page = client.get(f"/tasks/{task.id}")
    assert "等海口帮扶医院负责人（或省中心）审批延期" in page.text
    assert page.select("#extensions .event-title")[0].text == f"{task.due_on} → {new}"
    assert "申请延期（第 1 次）" in page.one("#history").text
    assert not page.select(f"#extensions a[href='/tasks/{task.id}/extensions']")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"to_due_on": ""}, "请填写新的完成时限"),
        ({"to_due_on": "2020-01-01"}, "应晚于现在的时限"),
        ({"reason_class": ""}, "请选择延期事由"),
        ({"reason": "  "}, "请写明延期理由"),
    ],
)
def test_a_request_that_lacks_something_comes_back_as_typed(
    client: PageClient, scene: Scene, task: Task, sent: dict[str, str], said: str
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    good = {
        "to_due_on": (task.due_on + timedelta(days=9)).isoformat(),
        "reason_class": "staff",
        "reason": REASON,
    }
    page = client.get(f"/tasks/{task.id}/extensions")
    answer = client.submit(page, "main form", **{**good, **sent})
    assert answer.status == 422
    assert said in answer.text
    if "reason" not in sent:
        assert answer.one("textarea[name=reason]").text.strip() == REASON
    assert db.session.query(ExtensionRequest).count() == 0


def test_sent_twice_makes_one_request(client: PageClient, scene: Scene, task: Task) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}/extensions")
    day = (task.due_on + timedelta(days=9)).isoformat()
    for _ in range(2):
        answer = client.submit(
            page, "main form", to_due_on=day, reason_class="staff", reason=REASON
        )
        assert answer.status == 303
    assert db.session.query(ExtensionRequest).count() == 1


def test_what_cannot_be_asked_any_more_gives_the_words_back(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}/extensions")
    waiting_extension(task, by=scene.supported_leader)
    day = (task.due_on + timedelta(days=9)).isoformat()
    answer = client.submit(page, "main form", to_due_on=day, reason_class="staff", reason="我的话")
    assert answer.status == 409
    assert "已有一份延期申请正在审批" in answer.text
    assert "我的话" in answer.text


def test_the_other_leader_grants_it(client: PageClient, scene: Scene, task: Task) -> None:
    asked = waiting_extension(task, by=scene.supported_coordinator)
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get(f"/extensions/{asked.id}")
    assert page.h1 == "延期申请"
    answer = client.submit(page, f"form[action='/extensions/{asked.id}/grant']", comment="同意。")
    assert answer.status == 303
    assert task.due_on == asked.to_due_on
    page = client.get(f"/tasks/{task.id}")
    assert "首次时限" in page.one("#facts").text
    assert f"{scene.supporting_leader.name}" in page.one("#extensions").text


def test_a_refusal_without_a_reason_is_asked_for_one(
    client: PageClient, scene: Scene, task: Task
) -> None:
    asked = waiting_extension(task, by=scene.supported_coordinator)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/extensions/{asked.id}")
    answer = client.submit(page, f"form[action='/extensions/{asked.id}/refuse']", reason="")
    assert answer.status == 422
    assert "请填写不同意延期的理由" in answer.text
    answer = client.submit(
        answer, f"form[action='/extensions/{asked.id}/refuse']", reason="可按期完成。"
    )
    assert answer.status == 303
    assert asked.state is ExtensionState.REFUSED


def test_a_decision_on_an_older_page_is_told_so(
    client: PageClient, scene: Scene, task: Task
) -> None:
    asked = waiting_extension(task, by=scene.supported_coordinator)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/extensions/{asked.id}")
    task.extensions = 2
    db.session.flush()
    answer = client.submit(page, f"form[action='/extensions/{asked.id}/grant']", comment="")
    assert answer.status == 409
    assert "已延期 2 次" in answer.text


def test_a_reader_sees_the_request_and_no_button(
    client: PageClient, scene: Scene, task: Task
) -> None:
    asked = waiting_extension(task, by=scene.supported_coordinator)
    client.login(scene.city, PASSWORD)
    page = client.get(f"/extensions/{asked.id}")
    assert REASON in page.text
    assert not page.select("main form")


def test_a_foreign_hospital_finds_nothing(client: PageClient, scene: Scene, task: Task) -> None:
    asked = waiting_extension(task, by=scene.supported_coordinator)
    client.login(scene.foreign_leader, PASSWORD)
    assert client.get(f"/extensions/{asked.id}").status == 404
    assert client.post(f"/extensions/{asked.id}/grant").status == 404
    assert client.get(f"/tasks/{task.id}/extensions").status == 404


def test_the_task_page_keeps_its_budget_whatever_was_asked(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    granted_extension(task, by=scene.supported_coordinator, decider=scene.supporting_leader)
    waiting_extension(task, by=scene.supported_leader)
    address = f"/tasks/{task.id}"
    client.get(address)
    with count_queries() as queries:
        page = client.get(address)
    assert len(page.select("#extensions li")) == 2
    queries.at_most(8)
