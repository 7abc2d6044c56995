"""The light of a task, by table; the same rule in Python, in SQL and in the ledger's filter."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from portal import clock
from portal.extensions import db
from portal.models import Light, Task, TaskState, light_condition, light_of
from tests.factories import make_scene
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task

TODAY = date(2021, 3, 15)
CASES = [
    # state, days until due, days until start, returned, light
    (TaskState.CLOSED, -100, -300, False, Light.GREEN),
    (TaskState.IN_PROGRESS, -1, -90, False, Light.RED),
    (TaskState.CONFIRMED, -1, -90, False, Light.RED),
    (TaskState.IN_PROGRESS, -1, -90, True, Light.RED),
    (TaskState.IN_PROGRESS, 0, -90, False, Light.YELLOW),
    (TaskState.IN_PROGRESS, 30, -90, False, Light.YELLOW),
    (TaskState.IN_PROGRESS, 31, -90, False, Light.GREEN),
    (TaskState.IN_PROGRESS, 200, -90, True, Light.YELLOW),
    (TaskState.NOT_STARTED, 200, 1, False, Light.GREY),
    (TaskState.NOT_STARTED, 200, 0, False, Light.GREEN),
    (TaskState.NOT_STARTED, 20, 1, False, Light.YELLOW),
    (TaskState.CLOSURE_REQUESTED, 200, -1, False, Light.GREEN),
    (TaskState.SUSPENDED, -1, -90, False, Light.GREY),
    (TaskState.SUSPENDED, 10, -90, True, Light.GREY),
    (TaskState.CANCELLED, -100, -300, True, Light.GREY),
    (TaskState.CANCELLED, 200, 1, False, Light.GREY),
]


@pytest.mark.parametrize(("state", "due", "start", "returned", "expected"), CASES)
def test_light_follows_the_table(
    state: TaskState, due: int, start: int, returned: bool, expected: Light
) -> None:
    due_on, starts_on = TODAY + timedelta(days=due), TODAY + timedelta(days=start)
    assert light_of(state, due_on, starts_on, returned, TODAY) is expected


def test_light_in_sql_agrees_with_python(app: object) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    for state, due, start, returned, _ in CASES:
        make_task(
            plan,
            state=state,
            due_on=TODAY + timedelta(days=due),
            starts_on=TODAY + timedelta(days=min(start, due)),
            is_returned=returned,
        )
    tasks = db.session.scalars(sa.select(Task)).all()
    for light in Light:
        found = set(db.session.scalars(sa.select(Task.id).where(light_condition(light, TODAY))))
        assert found == {task.id for task in tasks if task.light_on(TODAY) is light}


@pytest.mark.parametrize("rule", ["is_over", "is_running", "counts", "is_closed"])
def test_each_rule_about_states_says_the_same_in_sql_and_in_python(app: object, rule: str) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    for state in TaskState:
        make_task(plan, state=state)
    column = getattr(Task, rule)
    found = set(db.session.scalars(sa.select(Task.id).where(column)))
    tasks = db.session.scalars(sa.select(Task)).all()
    assert found == {task.id for task in tasks if getattr(task, rule)}
    assert 0 < len(found) < len(tasks)


def test_today_is_the_shanghai_day() -> None:
    assert clock.today() == clock.local(clock.now()).date()
