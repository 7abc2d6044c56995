"""Extensions by their rules: who asks, who decides, when not, and what moves."""

from datetime import timedelta
from typing import Any

import pytest

from portal.errors import Forbidden, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Event,
    ExtensionReason,
    ExtensionRequest,
    ExtensionState,
    PlanState,
    Task,
    TaskState,
)
from portal.queries.extensions import waiting_extensions
from portal.services import closure, extensions
from tests.factories import Scene
from tests.factories.closures import closure_requested
from tests.factories.extensions import (
    REASON,
    extension_row,
    granted_extension,
    running_scene,
    waiting_extension,
)
from tests.factories.plans import completed_plan, drafting_plan, plan_in_force
from tests.factories.tasks import make_task

EVERYONE = (
    "commission",
    "centre",
    "city",
    "supporting_coordinator",
    "supporting_leader",
    "supporting_contributor",
    "supported_coordinator",
    "supported_leader",
    "supported_contributor",
    "foreign_coordinator",
    "foreign_leader",
    "expert",
    "administrator",
    "auditor",
)


@pytest.fixture
def scene(session: Any) -> Scene:
    return running_scene()


@pytest.fixture
def task(scene: Scene) -> Task:
    return make_task(
        plan_in_force(scene.pairing, scene),
        state=TaskState.IN_PROGRESS,
        supported_owner=scene.supported_contributor,
    )


def ask(task: Task, **more: Any) -> ExtensionRequest:
    values = {
        "reason_class": ExtensionReason.WORKS,
        "reason": REASON,
        "to_due_on": task.due_on + timedelta(days=30),
        **more,
    }
    return extensions.request_extension(task, **values)


ASK = {
    "supporting_coordinator",
    "supporting_leader",
    "supported_coordinator",
    "supported_leader",
    "supported_contributor",
}


@pytest.mark.parametrize("who", EVERYONE)
def test_those_who_work_on_a_task_ask_for_more_time(scene: Scene, task: Task, who: str) -> None:
    if who in ASK:
        assert ask(task, actor=getattr(scene, who)).state is ExtensionState.REQUESTED
    else:
        with pytest.raises(Forbidden):
            ask(task, actor=getattr(scene, who))
        assert db.session.query(ExtensionRequest).count() == 0


DECIDERS = [
    # who asked, weight, who may decide
    ("supported_coordinator", 1, {"supporting_leader", "centre"}),
    ("supported_contributor", 2, {"supporting_leader", "centre"}),
    ("supporting_leader", 1, {"supported_leader", "centre"}),
    ("supporting_coordinator", 3, {"centre"}),
    ("supported_leader", 3, {"centre"}),
]


@pytest.mark.parametrize(("asker", "weight", "allowed"), DECIDERS)
@pytest.mark.parametrize("action", ["grant", "refuse"])
def test_the_other_hospital_or_the_centre_decides(
    scene: Scene, task: Task, asker: str, weight: int, allowed: set[str], action: str
) -> None:
    task.weight = weight
    due = task.due_on
    asked = waiting_extension(task, by=getattr(scene, asker))
    for who in EVERYONE:
        if who not in allowed:
            with pytest.raises(Forbidden):
                decide(asked, action, getattr(scene, who))
    assert (asked.state, task.due_on) == (ExtensionState.REQUESTED, due)
    decide(asked, action, getattr(scene, sorted(allowed)[-1]))
    assert asked.state is not ExtensionState.REQUESTED


def decide(asked: ExtensionRequest, action: str, who: Any) -> None:
    if action == "grant":
        extensions.grant_extension(asked, actor=who)
    else:
        extensions.refuse_extension(asked, actor=who, reason="理由不充分。")


@pytest.mark.parametrize(("asker", "weight", "allowed"), DECIDERS)
def test_the_list_of_what_waits_follows_the_same_rule(
    scene: Scene, task: Task, asker: str, weight: int, allowed: set[str]
) -> None:
    task.weight = weight
    asked = waiting_extension(task, by=getattr(scene, asker))
    found = {
        who
        for who in EVERYONE
        if [line.request for line in waiting_extensions(getattr(scene, who), limit=5)] == [asked]
    }
    assert found == allowed


def test_a_granted_extension_moves_the_due_date_and_keeps_the_first(
    scene: Scene, task: Task
) -> None:
    first = task.due_on
    asked = waiting_extension(task, by=scene.supported_coordinator)
    assert task.due_on == first
    extensions.grant_extension(asked, actor=scene.supporting_leader, comment="同意顺延。")
    assert (task.due_on, task.first_due_on, task.extensions) == (asked.to_due_on, first, 1)
    assert asked.decided_by is scene.supporting_leader
    event = db.session.query(Event).order_by(Event.id.desc()).first()
    assert event is not None
    assert (event.object_type, event.object_id, event.action) == (
        "task",
        task.id,
        "grant_extension",
    )
    assert event.details == [["完成时限", f"{first} → {asked.to_due_on}"]]
    assert event.comment == "同意顺延。"


def test_a_refused_extension_needs_a_reason_and_moves_nothing(scene: Scene, task: Task) -> None:
    first = task.due_on
    asked = waiting_extension(task, by=scene.supported_coordinator)
    with pytest.raises(Rejected):
        extensions.refuse_extension(asked, actor=scene.centre, reason="  ")
    extensions.refuse_extension(asked, actor=scene.centre, reason="可按期完成。")
    assert (task.due_on, task.extensions) == (first, 0)
    assert (asked.state, asked.decide_comment) == (ExtensionState.REFUSED, "可按期完成。")
    waiting_extension(task, by=scene.supported_coordinator)


def test_a_third_extension_is_refused(scene: Scene, task: Task) -> None:
    for _ in range(2):
        granted_extension(task, by=scene.supported_coordinator, decider=scene.supporting_leader)
    assert task.extensions == 2
    with pytest.raises(StepRefused, match="最多延期 2 次"):
        ask(task, actor=scene.supported_coordinator)


def test_only_one_request_waits_at_a_time(scene: Scene, task: Task) -> None:
    waiting_extension(task, by=scene.supported_coordinator)
    with pytest.raises(StepRefused, match="已有一份延期申请"):
        ask(task, actor=scene.supporting_coordinator)


@pytest.mark.parametrize("days", [0, -1])
def test_the_new_day_lies_behind_the_present_one(scene: Scene, task: Task, days: int) -> None:
    with pytest.raises(Rejected) as refusal:
        ask(task, to_due_on=task.due_on + timedelta(days=days), actor=scene.supported_leader)
    assert list(refusal.value.fields) == ["to_due_on"]


def test_the_new_day_lies_within_the_plan(scene: Scene, task: Task) -> None:
    last = task.plan.ends_on
    with pytest.raises(Rejected, match="计划期内"):
        ask(task, to_due_on=last + timedelta(days=1), actor=scene.supported_leader)
    assert ask(task, to_due_on=last, actor=scene.supported_leader).to_due_on == last


def test_a_request_without_a_reason_is_refused(scene: Scene, task: Task) -> None:
    with pytest.raises(Rejected, match="延期理由"):
        ask(task, reason=" ", actor=scene.supported_leader)


@pytest.mark.parametrize(
    "state",
    [
        TaskState.CLOSURE_REQUESTED,
        TaskState.CONFIRMED,
        TaskState.CLOSED,
        TaskState.SUSPENDED,
        TaskState.CANCELLED,
    ],
)
def test_nobody_asks_for_what_is_not_being_worked_on(scene: Scene, state: TaskState) -> None:
    task = make_task(plan_in_force(scene.pairing, scene), state=state)
    with pytest.raises(StepRefused, match=state.label):
        ask(task, actor=scene.supported_coordinator)


@pytest.mark.parametrize("make", [drafting_plan, completed_plan])
def test_nobody_asks_while_the_plan_is_not_in_force(scene: Scene, make: Any) -> None:
    task = make_task(make(scene.pairing, scene))
    assert task.plan.state is not PlanState.IN_FORCE
    with pytest.raises(StepRefused, match="不能申请延期"):
        ask(task, actor=scene.supported_coordinator)


WITHDRAW = [
    (
        "supported_contributor",
        {"supported_contributor", "supported_coordinator", "supported_leader"},
    ),
    ("supporting_leader", {"supporting_leader", "supporting_coordinator"}),
]


@pytest.mark.parametrize(("asker", "allowed"), WITHDRAW)
@pytest.mark.parametrize("who", EVERYONE)
def test_the_asking_side_takes_its_request_back(
    scene: Scene, task: Task, asker: str, allowed: set[str], who: str
) -> None:
    asked = waiting_extension(task, by=getattr(scene, asker))
    if who in allowed:
        extensions.withdraw_extension(asked, actor=getattr(scene, who))
        assert asked.state is ExtensionState.WITHDRAWN
    else:
        with pytest.raises(Forbidden):
            extensions.withdraw_extension(asked, actor=getattr(scene, who))


@pytest.mark.parametrize("done", ["granted", "refused", "withdrawn"])
@pytest.mark.parametrize("step", ["grant", "refuse", "withdraw"])
def test_what_was_decided_is_not_decided_again(
    scene: Scene, task: Task, done: str, step: str
) -> None:
    asked = waiting_extension(task, by=scene.supported_coordinator)
    take(asked, {"granted": "grant", "refused": "refuse"}.get(done, "withdraw"), scene)
    due, state = task.due_on, asked.state
    with pytest.raises(StepRefused):
        take(asked, step, scene)
    assert (task.due_on, asked.state) == (due, state)


def take(asked: ExtensionRequest, step: str, scene: Scene) -> None:
    if step == "withdraw":
        extensions.withdraw_extension(asked, actor=scene.supported_leader)
    else:
        decide(asked, step, scene.supporting_leader)


def test_an_older_page_decides_about_nothing(scene: Scene, task: Task) -> None:
    asked = waiting_extension(task, by=scene.supported_coordinator)
    with pytest.raises(StaleEdit):
        extensions.grant_extension(asked, actor=scene.centre, seen_version=asked.version + 1)
    assert asked.state is ExtensionState.REQUESTED


def test_a_closed_task_takes_its_waiting_request_with_it(scene: Scene) -> None:
    task = closure_requested(scene)
    asked = extension_row(task, by=scene.supported_coordinator)
    closure.confirm_closure(task, actor=scene.supporting_leader)
    closure.verify_closure(task, actor=scene.centre)
    assert task.state is TaskState.CLOSED
    assert asked.state is ExtensionState.WITHDRAWN
    event = db.session.query(Event).filter_by(action="lapse_extension").one()
    assert event.comment == "任务已销号"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": TaskState.SUSPENDED, "suspended_from": "in_progress"}, "“已暂停”"),
        ({"extensions": 2}, "已延期 2 次"),
    ],
)
def test_a_task_that_changed_meanwhile_gets_no_more_time(
    scene: Scene, task: Task, change: dict[str, Any], said: str
) -> None:
    asked = waiting_extension(task, by=scene.supported_coordinator)
    for name, value in change.items():
        setattr(task, name, value)
    db.session.flush()
    due = task.due_on
    with pytest.raises(StepRefused) as refusal:
        extensions.grant_extension(asked, actor=scene.centre)
    assert any(said in sentence for sentence in refusal.value.missing)
    assert task.due_on == due
    extensions.refuse_extension(asked, actor=scene.centre, reason="任务已有变动。")


def test_nobody_moves_the_due_date_under_a_closure_that_is_reviewed(scene: Scene) -> None:
    task = closure_requested(scene)
    asked = extension_row(task, by=scene.supported_coordinator)
    with pytest.raises(StepRefused) as refusal:
        extensions.grant_extension(asked, actor=scene.centre)
    assert task.state.label in " ".join(refusal.value.missing)


def test_the_hospital_that_asked_never_decides_though_who_asked_has_left(
    scene: Scene, task: Task
) -> None:
    asked = waiting_extension(task, by=scene.supported_coordinator)
    scene.supported_coordinator.organisation = scene.pairing.supporting
    db.session.flush()
    lists = {
        who: [line.request for line in waiting_extensions(getattr(scene, who), limit=5)]
        for who in ("supported_leader", "supporting_leader")
    }
    assert lists == {"supported_leader": [], "supporting_leader": [asked]}
    with pytest.raises(Forbidden):
        extensions.grant_extension(asked, actor=scene.supported_leader)
    assert extensions.grant_extension(asked, actor=scene.supporting_leader)
