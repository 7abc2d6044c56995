"""Milestones of a task in work: reached, late, missed and taken back."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Forbidden, Rejected, StepRefused
from portal.extensions import db
from portal.models import Event, Light, Task, TaskState
from portal.services.milestones import reach_milestone, undo_milestone
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.plans import drafting_plan, plan_in_force
from tests.factories.targets import make_milestone
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries

WORKERS = {
    "supporting_coordinator",
    "supporting_leader",
    "supporting_contributor",
    "supported_coordinator",
    "supported_leader",
    "supported_contributor",
}


def in_work(scene: Scene, state: TaskState = TaskState.IN_PROGRESS) -> Task:
    """A task in a plan in force, due in three months, given to both contributors."""
    plan = plan_in_force(scene.pairing, scene)
    return make_task(
        plan,
        state=state,
        due_on=min(clock.today() + timedelta(days=90), plan.ends_on),
        supporting_owner=scene.supporting_contributor,
        supported_owner=scene.supported_contributor,
    )


@pytest.fixture(autouse=True)
def _while_the_programme_runs(time_machine: object) -> None:
    time_machine.move_to("2021-03-15T09:00:00+08:00")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "who",
    [*sorted(WORKERS), "centre", "commission", "city", "foreign_coordinator", "expert", "auditor"],
)
def test_only_those_who_work_on_the_task_tick_a_milestone(session: Session, who: str) -> None:
    scene = make_scene()
    task = in_work(scene)
    step = make_milestone(task)
    if who in WORKERS:
        reach_milestone(task, step, done_on=None, actor=getattr(scene, who))
        assert step.done_on == clock.today()
        return
    with pytest.raises(Forbidden):
        reach_milestone(task, step, done_on=None, actor=getattr(scene, who))
    assert step.done_on is None


def test_first_milestone_begins_the_task_and_tells_how_late_it_was(session: Session) -> None:
    scene = make_scene()
    task = in_work(scene, TaskState.NOT_STARTED)
    step = make_milestone(task, due_on=date(2021, 3, 1))
    reach_milestone(task, step, done_on=date(2021, 3, 11), actor=scene.supported_contributor)
    assert task.state is TaskState.IN_PROGRESS
    event = db.session.query(Event).filter_by(action="milestone_reached").one()
    assert [tuple(one) for one in event.details] == [
        ("节点", "完成选址"),
        ("完成日期", "2021-03-11（晚 10 天）"),
    ]
    with pytest.raises(StepRefused, match="已于 2021-03-11 完成"):
        reach_milestone(task, step, done_on=None, actor=scene.supported_contributor)
    undo_milestone(task, step, actor=scene.supported_coordinator)
    assert step.done_on is None
    with pytest.raises(StepRefused, match="还没有标记完成"):
        undo_milestone(task, step, actor=scene.supported_coordinator)


@pytest.mark.parametrize("day", [date(2021, 3, 16), date(2020, 5, 21)])
def test_day_to_come_or_before_the_plan_is_rejected(session: Session, day: date) -> None:
    scene = make_scene()
    task = in_work(scene)
    with pytest.raises(Rejected):
        reach_milestone(task, make_milestone(task), done_on=day, actor=scene.supported_leader)


@pytest.mark.parametrize("state", [TaskState.CLOSURE_REQUESTED, TaskState.CONFIRMED])
def test_locked_task_keeps_its_milestones(session: Session, state: TaskState) -> None:
    scene = make_scene()
    task = in_work(scene, state)
    with pytest.raises(StepRefused):
        reach_milestone(task, make_milestone(task), done_on=None, actor=scene.supported_leader)
    plan = drafting_plan(scene.foreign, scene)
    early = plan.tasks[0]
    with pytest.raises(StepRefused, match="尚未生效"):
        reach_milestone(early, make_milestone(early), done_on=None, actor=scene.foreign_coordinator)


def test_contributor_ticks_on_the_task_page_and_takes_it_back(client: PageClient) -> None:
    scene = make_scene()
    task = in_work(scene)
    missed = make_milestone(task, "提交论证", due_on=date(2021, 3, 1))
    make_milestone(task, "完成选址", due_on=date(2021, 4, 1))
    client.login(scene.supported_contributor, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert page.texts("#milestones .error") == [
        "节点“提交论证”应于 2021-03-01 完成，已超过 14 天。"
    ]
    assert task.light_on(clock.today()) is Light.GREEN
    css = f'form[action="/tasks/{task.id}/milestones/{missed.id}/reach"]'
    wrong = client.submit(page, css, done_on="2021-12-31")
    assert wrong.status == 422
    assert wrong.one(f"#done-{missed.id}")["value"] == "2021-12-31"
    answer = client.submit(wrong, css, done_on="2021-03-10")
    assert answer.location == f"/tasks/{task.id}#milestones"
    shown = client.get(f"/tasks/{task.id}")
    assert shown.texts("#milestones .error") == []
    assert "（晚 9 天）" in shown.one("#milestones").get_text()
    undo = f'form[action="/tasks/{task.id}/milestones/{missed.id}/undo"]'
    assert client.submit(shown, undo).status == 303
    db.session.expire_all()
    assert missed.done_on is None


def test_locked_task_shows_milestones_without_buttons(client: PageClient) -> None:
    scene = make_scene()
    task = in_work(scene)
    task.state, task.suspended_from = TaskState.SUSPENDED, "in_progress"
    step = make_milestone(task)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert page.select("#milestones form") == []
    assert client.post(f"/tasks/{task.id}/milestones/{step.id}/reach").status == 409


@pytest.mark.parametrize("steps", [0, 12])
def test_milestones_cost_the_task_page_no_query(client: PageClient, steps: int) -> None:
    scene = make_scene()
    task = in_work(scene)
    for number in range(steps):
        make_milestone(task, f"节点{number}")
    client.login(scene.supported_contributor, PASSWORD)
    with count_queries() as queries:
        page = client.get(f"/tasks/{task.id}")
    assert len(page.select(".milestones li")) == steps
    queries.at_most(10)
