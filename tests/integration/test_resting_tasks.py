"""What suspended and cancelled tasks count for on every page: nothing is late, nothing is lost."""

from datetime import timedelta
from typing import Any

import pytest

from portal import clock
from portal.errors import StepRefused
from portal.extensions import db
from portal.models import Area, Light, PlanState, Task, TaskState
from portal.queries.ledger import LedgerFilter, ledger_page
from portal.queries.meetings import open_tasks as tasks_offered
from portal.queries.meetings import urgent_tasks
from portal.queries.open_work import open_tasks
from portal.queries.overview import overview
from portal.queries.pairings import task_figures
from portal.queries.standing import facts_of
from portal.queries.workbench import bench_of
from portal.services import plans
from portal.services.closure import request_closure
from portal.services.tasks import add_note
from tests.factories import PASSWORD, Scene
from tests.factories.closures import cancelled, plan_of, suspended, task_in
from tests.factories.extensions import running_scene
from tests.factories.tasks import make_task
from tests.support.pages import PageClient

YESTERDAY = -1


@pytest.fixture
def scene(session: Any) -> Scene:
    return running_scene()


@pytest.fixture
def tasks(scene: Scene) -> dict[TaskState, Task]:
    """One task of each of four states, all past their day and given to the same person."""
    plan = plan_of(scene)
    states = (
        TaskState.IN_PROGRESS,
        TaskState.CLOSED,
        TaskState.SUSPENDED,
        TaskState.CANCELLED,
    )
    return {
        state: make_task(
            plan,
            state=state,
            area=Area.FACULTY,
            due_on=clock.today() + timedelta(days=YESTERDAY),
            supported_owner=scene.supported_contributor,
        )
        for state in states
    }


def test_the_overview_counts_what_belongs_to_the_plan(
    scene: Scene, tasks: dict[TaskState, Task]
) -> None:
    total = overview(scene.commission, scene.programme.id).total
    assert (total.total, total.closed, total.red, total.grey) == (3, 1, 1, 1)


def test_the_list_of_pairings_counts_the_same(scene: Scene, tasks: dict[TaskState, Task]) -> None:
    figures = task_figures([scene.pairing_id], viewer=scene.centre)[scene.pairing_id]
    assert (figures.total, figures.closed, figures.overdue) == (3, 1, 1)


def test_the_page_of_the_pairing_counts_the_same(
    scene: Scene, tasks: dict[TaskState, Task]
) -> None:
    facts = facts_of(scene.pairing, viewer=scene.centre)
    assert (facts.total, facts.closed, facts.overdue) == (3, 1, 1)


def states_in(wanted: LedgerFilter, scene: Scene) -> set[TaskState]:
    return {row.state for row in ledger_page(wanted, viewer=scene.centre).rows}


def test_the_ledger_lists_all_and_says_what_rests(
    scene: Scene, tasks: dict[TaskState, Task]
) -> None:
    rows = {row.state: row for row in ledger_page(LedgerFilter(), viewer=scene.centre).rows}
    assert set(rows) == set(tasks)
    assert rows[TaskState.SUSPENDED].light_detail == "已暂停"
    assert rows[TaskState.CANCELLED].light_detail == "已取消"
    assert rows[TaskState.CANCELLED].light is Light.GREY
    assert states_in(LedgerFilter(light=Light.RED), scene) == {TaskState.IN_PROGRESS}
    open_only = states_in(LedgerFilter(open_only=True), scene)
    assert open_only == {TaskState.IN_PROGRESS, TaskState.SUSPENDED}


def test_the_workbench_waits_for_nothing_that_rests(
    scene: Scene, tasks: dict[TaskState, Task]
) -> None:
    due = [one for one in bench_of(scene.supported_contributor).to_do if one.kind == "任务已逾期"]
    assert [one.values["task_id"] for one in due] == [tasks[TaskState.IN_PROGRESS].id]


def test_a_hand_over_takes_what_is_not_over(scene: Scene, tasks: dict[TaskState, Task]) -> None:
    found = db.session.scalars(open_tasks(scene.supported_contributor)).all()
    assert {one.state for one in found} == {TaskState.IN_PROGRESS, TaskState.SUSPENDED}


def test_meetings_ask_after_what_is_late_and_offer_what_is_open(
    scene: Scene, tasks: dict[TaskState, Task]
) -> None:
    assert [one.state for one in urgent_tasks(scene.pairing)] == [TaskState.IN_PROGRESS]
    offered = {one.state for one in tasks_offered(scene.pairing)}
    assert offered == {TaskState.IN_PROGRESS, TaskState.SUSPENDED}


@pytest.mark.parametrize(
    ("state", "completes"),
    [(TaskState.CANCELLED, True), (TaskState.CLOSED, True), (TaskState.SUSPENDED, False)],
)
def test_a_plan_is_completed_without_what_was_cancelled(
    scene: Scene, state: TaskState, completes: bool
) -> None:
    plan = plan_of(scene)
    make_task(plan, state=state)
    if completes:
        plans.complete_plan(plan, actor=scene.centre)
        assert plan.state is PlanState.COMPLETED
    else:
        with pytest.raises(StepRefused):
            plans.complete_plan(plan, actor=scene.centre)


@pytest.mark.parametrize("make", [suspended, cancelled])
def test_nobody_works_on_what_rests_and_its_evidence_stays(
    client: PageClient, scene: Scene, make: Any
) -> None:
    task = make(scene)
    label = task.state.label
    with pytest.raises(StepRefused, match=label.removeprefix("已")):
        add_note(task, progress=10, body="进展。", actor=scene.supported_coordinator)
    with pytest.raises(StepRefused):
        request_closure(task, statement="完成。", actor=scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert f"任务{label}，不办理销号" in page.text
    assert page.texts(".light")[0] == label
    assert "制度文件扫描件" in page.text
    assert not page.select("main textarea")


@pytest.mark.parametrize("state", TaskState)
def test_every_state_has_its_page(client: PageClient, scene: Scene, state: TaskState) -> None:
    task = task_in(state, scene)
    client.login(scene.centre, PASSWORD)
    assert client.get(f"/tasks/{task.id}").status == 200
