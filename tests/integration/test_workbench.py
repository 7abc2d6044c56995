"""The workbench: what waits for each role, acted on in place, at a fixed cost."""

from datetime import timedelta

import pytest

from portal import clock
from portal.extensions import db
from portal.models import Area, Pairing, TaskState, User
from portal.queries.workbench import bench_of
from portal.services import agreements
from tests.factories import PASSWORD, Scene, make_organisation, make_scene
from tests.factories.agreements import signing_agreement
from tests.factories.plans import drafting_plan, plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries


def kinds(viewer: User) -> list[str]:
    return sorted({item.kind for item in bench_of(viewer).to_do})


def in_force_scene() -> Scene:
    """A scene whose pairing runs, with no task due soon."""
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    for task in list(plan.tasks):
        task.due_on = clock.today() + timedelta(days=300)
    db.session.flush()
    return scene


def add(scene: Scene, state: TaskState, days: int, **more: object):  # type: ignore[no-untyped-def]
    from portal.models import Plan

    plan = db.session.query(Plan).filter_by(pairing_id=scene.pairing_id).one()
    due = clock.today() + timedelta(days=days)
    return make_task(plan, state=state, due_on=due, area=Area.FACULTY, **more)  # type: ignore[arg-type]


CASES = [
    # state of the one task, days until due, returned, who has it to do, as what
    (TaskState.IN_PROGRESS, -3, False, "supported_coordinator", "任务已逾期"),
    (TaskState.NOT_STARTED, -3, False, "supporting_coordinator", "任务已逾期"),
    (TaskState.IN_PROGRESS, 30, False, "supported_coordinator", "任务将到期"),
    (TaskState.IN_PROGRESS, 200, True, "supported_coordinator", "任务被退回"),
    (TaskState.CLOSURE_REQUESTED, 200, False, "supporting_leader", "销号待确认"),
    (TaskState.CONFIRMED, 200, False, "centre", "销号待核验"),
]


@pytest.mark.parametrize(("state", "days", "returned", "who", "kind"), CASES)
def test_task_waits_for_the_right_person_only(
    app: object, state: TaskState, days: int, returned: bool, who: str, kind: str
) -> None:
    scene = in_force_scene()
    add(scene, state, days, is_returned=returned, return_reason="缺材料" if returned else "")
    assert kind in kinds(getattr(scene, who))
    for stranger in ("foreign_coordinator", "foreign_leader", "commission", "city", "expert"):
        assert kind not in kinds(getattr(scene, stranger)), stranger
    if kind == "销号待确认":
        assert kind not in kinds(scene.supported_leader)


def test_task_due_later_or_closed_does_not_wait(app: object) -> None:
    scene = in_force_scene()
    add(scene, TaskState.IN_PROGRESS, 31)
    add(scene, TaskState.CLOSED, -10)
    assert not {"任务将到期", "任务已逾期"} & set(kinds(scene.supported_coordinator))


def test_contributor_has_only_their_own_tasks(app: object) -> None:
    scene = in_force_scene()
    add(scene, TaskState.IN_PROGRESS, -1)
    mine = add(
        scene, TaskState.IN_PROGRESS, -1, supported_owner=scene.supported_contributor, title="我的"
    )
    found = bench_of(scene.supported_contributor).to_do
    assert [item.values for item in found] == [{"task_id": mine.id}]


def test_plan_waits_for_each_leader_until_endorsed(app: object) -> None:
    scene = make_scene()
    drafting_plan(scene.pairing, scene)
    assert "计划待商定" in kinds(scene.supporting_leader)
    assert "计划待商定" in kinds(scene.supported_leader)
    assert "计划待商定" not in kinds(scene.foreign_leader)


def test_new_pairing_asks_for_its_group_and_plan(app: object) -> None:
    scene = make_scene()
    assert {"计划待制定", "领导小组"} <= set(kinds(scene.supporting_coordinator))


def test_longest_waiting_comes_first(app: object) -> None:
    scene = in_force_scene()
    for days in (-1, -20, -5):
        add(scene, TaskState.IN_PROGRESS, days)
    found = [i for i in bench_of(scene.supported_coordinator).to_do if i.kind == "任务已逾期"]
    assert [item.since for item in found] == sorted(item.since for item in found)
    assert found[0].detail == "已逾期 20 天"
    assert found[0].waited > found[-1].waited


def test_workbench_costs_the_same_with_one_pairing_and_with_many(client: PageClient) -> None:
    scene = in_force_scene()
    add(scene, TaskState.IN_PROGRESS, -3)
    client.login(scene.supporting_coordinator, PASSWORD)
    client.get("/")
    with count_queries() as few:
        client.get("/")
    for sequence in range(3, 9):
        pairing = Pairing(
            programme=scene.programme,
            sequence=sequence,
            supporting=scene.pairing.supporting,
            supported=make_organisation(),
            created_at=clock.now(),
        )
        db.session.add(pairing)
        db.session.flush()
        plan = plan_in_force(pairing, scene)
        make_task(plan, state=TaskState.IN_PROGRESS, due_on=clock.today() - timedelta(days=4))
    with count_queries() as many:
        page = client.get("/")
    assert page.status == 200
    assert len(many.texts) == len(few.texts)


def test_leader_confirms_in_the_row(client: PageClient) -> None:
    scene = in_force_scene()
    task = add(scene, TaskState.CLOSURE_REQUESTED, 100)
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get("/")
    form = page.one(f'form[action="/tasks/{task.id}/closure/confirm"]')
    assert "确认" in form.get_text()


@pytest.mark.parametrize(
    ("who", "address"),
    [
        ("administrator", "/admin/organisations"),
        ("security_administrator", "/admin/users"),
        ("auditor", "/admin/audit"),
    ],
)
def test_people_without_business_start_where_their_work_is(
    client: PageClient, who: str, address: str
) -> None:
    client.login(getattr(make_scene(), who), PASSWORD)
    assert client.get("/").location == address


def test_empty_workbench_says_so(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.commission, PASSWORD)
    assert "都办完了" in client.get("/").text


def test_what_waits_for_the_leader_is_not_with_others(app: object) -> None:
    scene = in_force_scene()
    task = add(scene, TaskState.CLOSURE_REQUESTED, 100)

    def with_others(viewer: User) -> list[str]:
        return [item.title for item in bench_of(viewer).with_others]

    title = f"{task.code} {task.title}"
    assert title not in with_others(scene.supporting_leader)
    assert title in with_others(scene.supported_leader)
    assert title in with_others(scene.supporting_coordinator)
    task.state = TaskState.CONFIRMED
    db.session.flush()
    assert title in with_others(scene.supporting_leader)


def test_agreement_is_with_others_for_the_leader_who_has_signed(app: object) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    for leader in (scene.supporting_leader, scene.supported_leader):
        assert "帮扶协议" not in [item.title for item in bench_of(leader).with_others]
    agreements.sign_agreement(agreement, actor=scene.supporting_leader)
    assert "帮扶协议" in [item.title for item in bench_of(scene.supporting_leader).with_others]
    assert "帮扶协议" not in [item.title for item in bench_of(scene.supported_leader).with_others]
