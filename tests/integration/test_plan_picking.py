"""Picking standard tasks: one page, several pairings, all or nothing."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Area,
    BaseKind,
    LibraryTask,
    Pairing,
    Plan,
    PlanState,
    Recurrence,
    Side,
    Task,
    TrainingBase,
    YearGoal,
)
from portal.services import plans
from portal.services.first_run import load_task_library
from tests.factories import PASSWORD, Scene, make_pairing, make_scene
from tests.factories.plans import agreed_plan, drafting_plan, make_library_task, plan_in_force
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries


def library() -> dict[str, LibraryTask]:
    """A small library: a core task, a yearly one, and one for one kind of base only."""
    return {
        "core": make_library_task("A-02", weight=3, due_months=6, position=1),
        "yearly": make_library_task(
            "D-08",
            area=Area.TEACHING,
            weight=2,
            due_months=3,
            recurrence=Recurrence.YEARLY,
            verified=False,
            evidence=("查房计划", "签到表"),
            position=2,
        ),
        "transfer": make_library_task(
            "E-09", area=Area.FACULTY, base_kinds=("gp_transfer",), position=3
        ),
    }


def codes(plan: Plan) -> list[str]:
    db.session.expire_all()
    return [task.code for task in plan.tasks]


def plan_of(pairing: Pairing) -> Plan:
    return db.session.query(Plan).filter_by(pairing_id=pairing.id).one()


def open_page(client: PageClient, scene: Scene, *pairings: Pairing) -> Page:
    client.login(scene.supporting_coordinator, PASSWORD)
    return client.get("/plans/pick", {"pairing": [one.id for one in pairings]})


def ticked(page: Page) -> set[int]:
    return {int(str(box["value"])) for box in page.select("input[name=task][checked]")}


# The service


def test_yearly_task_becomes_one_task_for_each_year(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene, with_tasks=False)
    lib = library()
    picked = [lib["core"], lib["yearly"]]
    assert plans.pick_from_library([plan], picked, actor=scene.supporting_coordinator) == 4
    db.session.expire_all()
    rows = [
        (one.number, one.code, one.title, one.year, one.starts_on, one.due_on) for one in plan.tasks
    ]
    assert rows == [
        (1, "A-02", "标准任务A-02", 1, date(2020, 5, 22), date(2020, 11, 21)),
        (2, "D-08-1", "标准任务D-08（第1年）", 1, date(2020, 5, 22), date(2020, 8, 21)),
        (3, "D-08-2", "标准任务D-08（第2年）", 2, date(2021, 5, 22), date(2021, 8, 21)),
        (4, "D-08-3", "标准任务D-08（第3年）", 3, date(2022, 5, 22), date(2022, 8, 21)),
    ]
    last = plan.tasks[-1]
    assert [one.name for one in last.requirements] == ["查房计划", "签到表"]
    assert (last.weight, last.area, last.first_due_on) == (2, Area.TEACHING, last.due_on)
    assert (last.library_task_id, last.criteria) == (lib["yearly"].id, "达到标准要求。")


def test_shipped_library_fills_a_plan_that_can_be_endorsed(session: Session) -> None:
    scene = make_scene()
    load_task_library()
    plan = drafting_plan(scene.pairing, scene, with_tasks=False)
    everything = db.session.query(LibraryTask).order_by(LibraryTask.position).all()
    added = plans.pick_from_library(
        [plan],
        everything,
        people={plan.pairing_id: {Side.SUPPORTING: "吴某", Side.SUPPORTED: "符某"}},
        actor=scene.supported_coordinator,
    )
    plan.goals += [
        YearGoal(year=year, area=area, goal="逐年提高") for year in (1, 2, 3) for area in Area
    ]
    db.session.flush()
    once = sum(one.recurrence is Recurrence.ONCE for one in everything)
    assert (len(everything), added) == (48, once + 3 * (48 - once))
    plans.endorse_plan(plan, actor=scene.supported_leader)
    assert all(plan.starts_on <= one.starts_on <= one.due_on <= plan.ends_on for one in plan.tasks)


def test_what_is_there_is_skipped_and_a_removed_year_comes_back(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene, with_tasks=False)
    lib = library()
    actor = scene.supporting_coordinator
    plans.pick_from_library([plan], [lib["yearly"]], actor=actor)
    db.session.delete(db.session.query(Task).filter_by(code="D-08-2").one())
    db.session.flush()
    assert plans.pick_from_library([plan], [lib["core"], lib["yearly"]], actor=actor) == 2
    assert codes(plan) == ["D-08-1", "D-08-3", "A-02", "D-08-2"]
    version = plan.version
    assert plans.pick_from_library([plan], [lib["core"], lib["yearly"]], actor=actor) == 0
    assert plan.version == version


@pytest.mark.parametrize("starts_on", [date(2020, 5, 21), date(2023, 5, 22)])
def test_start_outside_the_plan_is_rejected(session: Session, starts_on: date) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene, with_tasks=False)
    with pytest.raises(Rejected) as refusal:
        plans.pick_from_library(
            [plan],
            [library()["core"]],
            starts_on=starts_on,
            actor=scene.supporting_coordinator,
        )
    assert list(refusal.value.fields) == ["starts_on"]
    assert codes(plan) == []


def test_picking_into_an_agreed_plan_takes_the_endorsements_away(session: Session) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    plans.pick_from_library([plan], [library()["core"]], actor=scene.supported_coordinator)
    assert codes(plan)[-1] == "A-02"
    assert (plan.state, plan.endorsements) == (PlanState.DRAFTING, [])


def test_choice_without_pairings_or_tasks_is_rejected(session: Session) -> None:
    scene = make_scene()
    with pytest.raises(Rejected) as refusal:
        plans.pick_for_pairings([], [], starts_on=None, actor=scene.supporting_coordinator)
    assert set(refusal.value.fields) == {"pairing", "task"}


def test_one_plan_in_force_stops_the_whole_choice(session: Session) -> None:
    scene = make_scene()
    other = make_pairing(scene.programme, scene.pairing.supporting)
    plan_in_force(other, scene)
    with pytest.raises(StepRefused):
        plans.pick_for_pairings(
            [scene.pairing, other],
            [library()["core"]],
            starts_on=None,
            actor=scene.supporting_coordinator,
        )


# The page


def test_coordinator_fills_three_plans_with_one_submit(client: PageClient) -> None:
    scene = make_scene()
    library()
    second = make_pairing(scene.programme, scene.pairing.supporting)
    third = make_pairing(scene.programme, scene.pairing.supporting)
    existing = drafting_plan(second, scene)
    page = open_page(client, scene)
    begun = page.one(f'input[name=pairing][value="{second.id}"]')
    assert not begun.has_attr("checked"), "a plan that has tasks is not asked for again by itself"
    three = [str(one.id) for one in (scene.pairing, second, third)]
    answer = client.submit(page, "#pick-form", pairing=three)
    first = plan_of(scene.pairing)
    assert (answer.status, answer.location) == (303, f"/plans/{first.id}/goals")
    assert codes(first) == codes(plan_of(third)) == ["A-02"]
    assert codes(existing)[-1] == "A-02"
    assert "已为 3 个结对列入 3 项任务" in client.get(answer.location).text


def test_page_ticks_core_tasks_and_only_the_pairing_asked_for(client: PageClient) -> None:
    scene = make_scene()
    lib = library()
    make_pairing(scene.programme, scene.pairing.supporting)
    page = open_page(client, scene, scene.pairing)
    assert ticked(page) == {lib["core"].id}
    chosen = [str(box["value"]) for box in page.select("input[name=pairing][checked]")]
    assert chosen == [str(scene.pairing_id)]
    assert page.one("#starts_on")["value"] == "2020-05-22"
    assert "2020-08-21 2021-08-21 2022-08-21" in page.text
    assert len([tag for tag in page.texts(".tag") if tag == "待核实"]) == 1


@pytest.mark.parametrize(
    ("tick", "expected"),
    [
        ("core", {"core"}),
        ("key", {"core", "yearly"}),
        ("all", {"core", "yearly", "transfer"}),
        ("none", set()),
        ("keep", {"yearly"}),
    ],
)
def test_buttons_tick_tasks_without_writing_or_forgetting(
    client: PageClient, tick: str, expected: set[str]
) -> None:
    scene = make_scene()
    lib = library()
    second = make_pairing(scene.programme, scene.pairing.supporting)
    page = open_page(client, scene, scene.pairing)
    again = client.submit(
        page,
        "#pick-form",
        tick=tick,
        task=[str(lib["yearly"].id)],
        pairing=[str(second.id)],
        starts_on="2020-08-01",
    )
    assert again.status == 200
    assert ticked(again) == {lib[name].id for name in expected}
    assert again.one("input[name=pairing][checked]")["value"] == str(second.id)
    assert again.one("#starts_on")["value"] == "2020-08-01"
    assert db.session.query(Plan).count() == 0
    # The key of the first page is still free: ticking was no submission.
    saved = client.submit(page, "#pick-form", task=[str(lib["core"].id)])
    plan = db.session.query(Plan).one()
    assert saved.location == f"/plans/{plan.id}/goals"


def test_tasks_already_in_every_chosen_plan_are_shown_as_taken(client: PageClient) -> None:
    scene = make_scene()
    lib = library()
    second = make_pairing(scene.programme, scene.pairing.supporting)
    plan = drafting_plan(scene.pairing, scene, with_tasks=False)
    plans.pick_from_library([plan], [lib["core"]], actor=scene.supporting_coordinator)
    page = open_page(client, scene, scene.pairing)
    assert page.texts(".tag-success") == ["已选入"]
    assert ticked(page) == set()
    both = client.get("/plans/pick", {"pairing": [scene.pairing_id, second.id]})
    assert "1/2 个结对已选入" in both.text
    assert ticked(both) == {lib["core"].id}


def test_tasks_follow_the_kind_of_the_supported_base(client: PageClient) -> None:
    scene = make_scene()
    lib = library()
    scene.pairing.supported.bases = [TrainingBase(kind=BaseKind.ASSISTANT_GP)]
    page = open_page(client, scene, scene.pairing)
    offered = {int(str(box["value"])) for box in page.select("input[name=task]")}
    assert offered == {lib["core"].id, lib["yearly"].id}
    wider = client.submit(page, "#pick-form", tick="all", kind="gp_transfer")
    assert lib["transfer"].id in ticked(wider)


def test_foreign_pairing_in_the_list_is_not_found_and_nothing_is_written(
    client: PageClient,
) -> None:
    scene = make_scene()
    lib = library()
    page = open_page(client, scene, scene.pairing)
    for foreign in (scene.foreign.id, 987654, 10**30):
        answer = client.submit(
            page,
            "#pick-form",
            pairing=[str(scene.pairing_id), str(foreign)],
            task=[str(lib["core"].id)],
        )
        assert answer.status == 404
    assert db.session.query(Plan).count() == 0
    assert client.get("/plans/pick", {"pairing": scene.foreign.id}).status == 404


def test_incomplete_choice_comes_back_with_everything_typed(client: PageClient) -> None:
    scene = make_scene()
    lib = library()
    page = open_page(client, scene, scene.pairing)
    answer = client.submit(
        page,
        "#pick-form",
        pairing=[],
        task=[str(lib["yearly"].id)],
        starts_on="2019-01-01",
    )
    assert answer.status == 422
    assert "请至少选择一个结对" in answer.text
    assert ticked(answer) == {lib["yearly"].id}
    assert answer.one("#starts_on")["value"] == "2019-01-01"


def test_start_before_the_plan_is_said_beside_its_field(client: PageClient) -> None:
    scene = make_scene()
    library()
    page = open_page(client, scene, scene.pairing)
    answer = client.submit(page, "#pick-form", starts_on="2019-01-01")
    assert answer.status == 422
    assert answer.texts("#starts_on-error") == ["起算日应在所选结对的计划期内。"]
    assert db.session.query(Plan).count() == 0


def test_double_click_makes_one_set_of_tasks(client: PageClient) -> None:
    scene = make_scene()
    library()
    page = open_page(client, scene, scene.pairing)
    first, second = client.submit(page, "#pick-form"), client.submit(page, "#pick-form")
    assert first.location == second.location
    assert codes(plan_of(scene.pairing)) == ["A-02"]


def test_plan_in_force_or_locked_is_not_offered(client: PageClient) -> None:
    scene = make_scene()
    library()
    plan_in_force(scene.pairing, scene)
    locked = make_pairing(scene.programme, scene.pairing.supporting)
    agreed_plan(locked, scene)
    db.session.add(
        Agreement(
            pairing=locked,
            programme_id=locked.programme_id,
            state=AgreementState.SUBMITTED,
            created_by_id=scene.supporting_coordinator.id,
            created_at=clock.now(),
            state_since=clock.now(),
            submitted_at=clock.now(),
        )
    )
    page = open_page(client, scene)
    assert page.select("input[name=pairing]") == []
    assert "没有可以选取任务的结对" in page.text
    sent = {"pairing": locked.id, "task": db.session.query(LibraryTask.id).first()[0]}
    assert client.post("/plans/pick", sent).status == 409


@pytest.mark.parametrize(
    "who", ["supporting_leader", "supported_contributor", "centre", "commission", "city", "expert"]
)
def test_only_coordinators_open_the_page(client: PageClient, who: str) -> None:
    scene = make_scene()
    client.login(getattr(scene, who), PASSWORD)
    assert client.get("/plans/pick").status == 403
    assert client.post("/plans/pick", {"pairing": scene.pairing_id}).status == 403


def test_page_asks_the_database_as_often_for_ten_pairings_as_for_one(client: PageClient) -> None:
    scene = make_scene()
    library()
    open_page(client, scene)
    with count_queries() as few:
        client.get("/plans/pick")
    for _ in range(9):
        drafting_plan(make_pairing(scene.programme, scene.pairing.supporting), scene)
    with count_queries() as many:
        page = client.get("/plans/pick")
    assert len(page.select("input[name=pairing]")) == 10
    many.at_most(13)
    assert len(many) <= len(few) + 2
