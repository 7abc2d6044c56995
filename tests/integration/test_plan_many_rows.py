"""Several rows of a plan at once, also in other pairings."""

from collections import Counter
from datetime import date

import pytest
from sqlalchemy.orm import Session

from portal.errors import Forbidden, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Event,
    Milestone,
    Plan,
    PlanState,
    Task,
)
from portal.services.plan_rows import RowsChange, change_rows
from tests.factories import Scene, make_pairing, make_scene, make_user
from tests.factories.plans import agreed_plan, drafting_plan, plan_in_force
from tests.support.pages import PageClient
from tests.support.plan_builder import enter, marks, tab


def second_plan(scene: Scene) -> Plan:
    """A plan of the same supporting hospital with the same tasks."""
    return drafting_plan(make_pairing(scene.programme, scene.pairing.supporting), scene)


def seen(*tasks: Task) -> dict[int, int]:
    return {task.id: task.version for task in tasks}


CHANGES: dict[str, tuple[RowsChange, dict[str, object]]] = {
    "name": (RowsChange(supporting_person="外聘王某"), {"supporting_person": "外聘王某"}),
    "weight": (RowsChange(weight=3), {"weight": 3}),
    "later": (RowsChange(months=2), {"due_on": date(2021, 1, 22), "starts_on": date(2020, 7, 22)}),
    "all": (
        RowsChange(supported_person="钱某", weight=2, months=1),
        {"supported_person": "钱某", "weight": 2, "due_on": date(2020, 12, 22)},
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_ticked_rows_change_and_the_others_stay(session: Session, name: str) -> None:
    change, expected = CHANGES[name]
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    ticked, rest = plan.tasks[:2], plan.tasks[2:]
    before = [(task.version, task.due_on, task.weight) for task in rest]
    versions = [task.version for task in ticked]
    changed = change_rows(plan, seen(*ticked), change, actor=scene.supporting_coordinator)
    db.session.expire_all()
    assert changed == Counter({plan.id: 2})
    for task in ticked:
        assert {key: getattr(task, key) for key in expected} == expected
        assert task.first_due_on == task.due_on
    assert [(task.version, task.due_on, task.weight) for task in rest] == before
    assert all(now.version > then for now, then in zip(ticked, versions, strict=True))
    assert (plan.state, plan.endorsements) == (PlanState.DRAFTING, [])


def test_name_of_an_account_puts_the_account_in_charge(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    change = RowsChange(supported_person=scene.supported_contributor.name)
    change_rows(plan, seen(*plan.tasks), change, actor=scene.supported_coordinator)
    db.session.expire_all()
    assert {task.supported_owner for task in plan.tasks} == {scene.supported_contributor}
    assert {task.supported_person for task in plan.tasks} == {""}


def test_milestones_move_with_their_task(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    task.milestones = [Milestone(position=1, title="选址", due_on=date(2020, 8, 31))]
    db.session.flush()
    change = RowsChange(months=1)
    change_rows(plan, seen(task), change, actor=scene.supporting_coordinator)
    db.session.expire_all()
    assert [one.due_on for one in task.milestones] == [date(2020, 9, 30)]


def test_same_tasks_of_other_pairings_change_along(session: Session) -> None:
    scene = make_scene()
    plan, other = drafting_plan(scene.pairing, scene), second_plan(scene)
    other.tasks[1].title = "另一项任务"
    db.session.flush()
    change = RowsChange(supporting_person=scene.supporting_contributor.name, months=1)
    changed = change_rows(
        plan, seen(*plan.tasks[:2]), change, others=[other], actor=scene.supporting_coordinator
    )
    db.session.expire_all()
    assert changed == Counter({plan.id: 2, other.id: 1})
    owners = [task.supporting_owner for task in other.tasks]
    assert owners == [scene.supporting_contributor, None, None, None, None]


REFUSED: dict[str, tuple[RowsChange, str, str]] = {
    "nothing": (RowsChange(), "months", "请填写要改的内容"),
    "too far": (RowsChange(months=37), "months", "最多移动 36 个月"),
    "outside": (RowsChange(months=31), "months", "移动后不在计划期内的有 A-01"),
    "before": (RowsChange(months=-1), "months", "移动后不在计划期内"),
    "long name": (RowsChange(supporting_person="长" * 41), "supporting_person", "最多 40 个字"),
    "other hospital": (RowsChange(supported_person="钱某"), "supported_person", "不是同一家医院"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_change_leaves_every_plan_alone(session: Session, name: str) -> None:
    change, field, sentence = REFUSED[name]
    scene = make_scene()
    plan, other = drafting_plan(scene.pairing, scene), second_plan(scene)
    ticked = seen(*plan.tasks)
    with pytest.raises(Rejected) as refusal, db.session.begin_nested():
        change_rows(plan, ticked, change, others=[other], actor=scene.supporting_coordinator)
    assert sentence in refusal.value.fields[field]
    db.session.expire_all()
    assert {task.due_on for task in (*plan.tasks, *other.tasks)} == {date(2020, 11, 22)}
    assert db.session.query(Event).filter_by(action="changed").count() == 0


def test_two_people_of_one_name_must_be_told_apart(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    twin = make_user(scene.supporting_contributor.role, scene.pairing.supporting)
    twin.name = scene.supporting_contributor.name
    db.session.flush()
    with pytest.raises(Rejected) as refusal:
        change_rows(
            plan,
            seen(*plan.tasks),
            RowsChange(supporting_person=twin.name),
            actor=scene.supporting_coordinator,
        )
    assert twin.username in refusal.value.fields["supporting_person"]
    change = RowsChange(supporting_person=f"{twin.name}（{twin.username}）")
    change_rows(plan, seen(*plan.tasks), change, actor=scene.supporting_coordinator)
    assert {task.supporting_owner for task in plan.tasks} == {twin}


def test_row_changed_by_somebody_else_stops_all(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    ticked = seen(*plan.tasks)
    plan.tasks[3].title = "改过的任务"
    db.session.flush()
    with pytest.raises(StaleEdit, match="改过的任务"):
        change_rows(plan, ticked, RowsChange(weight=3), actor=scene.supporting_coordinator)
    gone = {**seen(*plan.tasks), 987654: 1}
    with pytest.raises(StaleEdit, match="已被移除"):
        change_rows(plan, gone, RowsChange(weight=3), actor=scene.supporting_coordinator)
    db.session.expire_all()
    assert {task.weight for task in plan.tasks} == {1}


def test_other_plan_in_force_stops_all(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    other = plan_in_force(make_pairing(scene.programme, scene.pairing.supporting), scene)
    with pytest.raises(StepRefused), db.session.begin_nested():
        change_rows(
            plan,
            seen(*plan.tasks),
            RowsChange(weight=3),
            others=[other],
            actor=scene.supporting_coordinator,
        )
    db.session.expire_all()
    assert {task.weight for task in (*plan.tasks, *other.tasks)} == {1}


@pytest.mark.parametrize("who", ["supporting_leader", "centre", "foreign_coordinator"])
def test_nobody_but_coordinators_changes_rows(session: Session, who: str) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    with pytest.raises(Forbidden):
        change_rows(plan, seen(*plan.tasks), RowsChange(weight=3), actor=getattr(scene, who))


def test_coordinator_changes_ticked_rows_of_two_pairings_on_the_page(client: PageClient) -> None:
    scene = make_scene()
    plan, other = drafting_plan(scene.pairing, scene), second_plan(scene)
    enter(client, scene)
    page = tab(client, scene.pairing)
    answer = client.submit(
        page, "#rows-form", task=marks(*plan.tasks[:3]), months="2", also=[str(other.id)]
    )
    assert answer.status == 303
    assert "已修改 6 项任务，涉及 2 个结对。" in client.get(answer.location).text
    db.session.expire_all()
    moved = [task.due_on == date(2021, 1, 22) for task in other.tasks]
    assert moved == [True, True, True, False, False]


def test_refused_rows_come_back_with_ticks_and_texts(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    enter(client, scene)
    page = tab(client, scene.pairing)
    task = plan.tasks[0]
    answer = client.submit(
        page, "#rows-form", task=marks(task), months="40", supporting_person="吴老师"
    )
    assert answer.status == 422
    assert answer.texts("#months-error") == ["最多移动 36 个月。"]
    assert answer.one("#supporting_person")["value"] == "吴老师"
    assert [str(box["value"]) for box in answer.select("input[name=task][checked]")] == marks(task)
    nothing = client.submit(page, "#rows-form", months="1", _once="k2")
    assert (nothing.status, "请先勾选任务" in nothing.text) == (422, True)


def test_stale_rows_come_back_with_ticks_and_texts(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    enter(client, scene)
    page = tab(client, scene.pairing)
    old = marks(task)
    task.title = "改过的任务"
    db.session.commit()
    answer = client.submit(page, "#rows-form", task=old, weight="3")
    assert answer.status == 409
    assert "有人先改动了：A-01 改过的任务" in answer.text
    assert answer.one("#weight option[selected]")["value"] == "3"
    assert answer.select("input[name=task][checked]")


def test_removed_rows_are_gone_at_once(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    enter(client, scene)
    page = tab(client, scene.pairing)
    sent = {"task": marks(*plan.tasks[:2]), "remove": "y"}
    answers = [client.submit(page, "#rows-form", **sent) for _ in range(2)]
    assert [answer.status for answer in answers] == [303, 303]
    db.session.expire_all()
    assert [task.number for task in plan.tasks] == [3, 4, 5]


def test_rows_of_a_foreign_plan_are_not_found(client: PageClient) -> None:
    scene = make_scene()
    plan, foreign = drafting_plan(scene.pairing, scene), drafting_plan(scene.foreign, scene)
    enter(client, scene)
    page = tab(client, scene.pairing)
    sent = {"task": marks(plan.tasks[0]), "weight": "3", "also": [str(foreign.id)]}
    assert client.submit(page, "#rows-form", **sent).status == 404
    stolen = {"task": marks(foreign.tasks[0]), "weight": "3", "_once": "k2"}
    assert client.submit(page, "#rows-form", **stolen).status == 409
    db.session.expire_all()
    assert {task.weight for task in (*plan.tasks, *foreign.tasks)} == {1}
