"""A whole plan: copied, completed with core tasks, ready to agree within the count of actions."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from portal.extensions import db
from portal.models import (
    Area,
    GoalFigure,
    Milestone,
    Plan,
    Task,
    YearGoal,
)
from portal.services.picking import pick_from_library
from portal.services.plan_copies import copy_plan
from portal.workflow.plans import missing_for_agreement
from tests.factories import make_pairing, make_scene, make_user
from tests.factories.plans import drafting_plan, make_library_task
from tests.factories.tasks import make_task
from tests.support.pages import Page, PageClient
from tests.support.plan_builder import address, enter, marks, send, tab
from tests.support.queries import count_queries


def test_copy_takes_over_what_is_not_there(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    standard = make_library_task("A-01", weight=3)
    plan.tasks[0].library_task_id, plan.tasks[0].measures = standard.id, "派驻一名主任"
    plan.tasks[0].milestones = [Milestone(position=1, title="选址", due_on=date(2020, 8, 31))]
    plan.tasks[0].supporting_owner = scene.supporting_contributor
    plan.figures = [
        GoalFigure(
            area=Area.FACULTY,
            position=1,
            name="持证率",
            unit="%",
            item_key="k",
            targets={"1": "80"},
        )
    ]
    make_task(plan, code="A-H06", title="会议议定", supporting_person="吴某")
    other = drafting_plan(
        make_pairing(scene.programme, scene.pairing.supporting), scene, with_tasks=False
    )
    other.goals = [YearGoal(year=1, area=Area.FACULTY, goal="自己的目标")]
    make_task(other, code="C-03", title="自己的任务")
    db.session.flush()
    db.session.expire_all()
    added = copy_plan(plan, [other], baselines={}, actor=scene.supporting_coordinator)
    db.session.expire_all()
    assert (added, [task.title for task in other.tasks]) == (
        5,
        ["自己的任务", *(task.title for task in plan.tasks[:5])],
    )
    copy = other.tasks[1]
    assert (copy.code, copy.library_task_id, copy.measures) == ("A-01", standard.id, "派驻一名主任")
    assert (copy.starts_on, copy.due_on) == (plan.tasks[0].starts_on, plan.tasks[0].due_on)
    assert (copy.supporting_owner, copy.supported_person) == (scene.supporting_contributor, "")
    assert [(one.due_on, one.title) for one in copy.milestones] == [(date(2020, 8, 31), "选址")]
    assert [one.name for one in copy.requirements] == ["成立文件"]
    # The code of the fourth own task was taken there by another one.
    assert len({task.code for task in other.tasks}) == 6
    assert {goal.goal for goal in other.goals if goal.area is Area.FACULTY and goal.year == 1} == {
        "自己的目标"
    }
    assert [(one.name, one.targets, one.baseline) for one in other.figures] == [
        ("持证率", {"1": "80"}, None)
    ]
    assert copy_plan(plan, [other], baselines={}, actor=scene.supporting_coordinator) == 0


def test_coordinator_copies_the_plan_on_its_page(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    other = drafting_plan(
        make_pairing(scene.programme, scene.pairing.supporting), scene, with_tasks=False
    )
    enter(client, scene)
    page = tab(client, scene.pairing)
    css = f'form[action="/plans/{plan.id}/copy"]'
    answer = client.submit(page, css)
    assert answer.status == 303
    assert "已复制到 1 个结对，新增 5 项任务" in client.get(answer.location).text
    assert len(other.tasks) == 5
    nobody = client.submit(page, css, also=[], _once="k2")
    assert "请选择要复制到的结对" in client.get(nobody.location).text
    foreign = drafting_plan(scene.foreign, scene)
    assert client.submit(page, css, also=[str(foreign.id)], _once="k3").status == 404


def test_checklist_leads_to_the_place_and_takes_core_tasks_in(client: PageClient) -> None:
    scene = make_scene()
    for at, code in enumerate(("B-05", "C-01", "D-08")):
        make_library_task(code, weight=3, area=list(Area)[at + 1], position=at)
    plan = drafting_plan(scene.pairing, scene)
    plan.tasks[2].supported_person = ""
    enter(client, scene)
    page = tab(client, scene.pairing)
    links = [str(link["href"]) for link in page.select(".missing li a")]
    assert links == ["#core", "#core", "#core", f"#task-{plan.tasks[2].id}"]
    one = f'form[action="/plans/{plan.id}/core"]:has(input[name=code][value="C-01"])'
    assert client.submit(page, one).status == 303
    assert sorted(task.code for task in plan.tasks)[-1] == "E-05"
    assert [task.code for task in plan.tasks if task.library_task_id] == ["C-01"]
    rest = f'form[action="/plans/{plan.id}/core"]:not(:has(input[name=code]))'
    answer = client.submit(tab(client, scene.pairing), rest)
    assert "已列入 2 项核心任务" in client.get(answer.location).text
    assert (
        "没有需要补列的核心任务" in client.get(client.submit(page, rest, _once="k3").location).text
    )


def test_three_plans_are_ready_to_agree_within_the_count(client: PageClient) -> None:
    """Counted as the experience table counts: one click, tap or submit each; typing is free."""
    scene = make_scene()
    for at, area in enumerate(Area):
        make_library_task(f"{'ABCDE'[at]}-01", area=area, weight=3, position=at)
    pairings = [scene.pairing]
    pairings += [make_pairing(scene.programme, scene.pairing.supporting) for _ in range(2)]
    for one in pairings[1:]:
        make_user(scene.supported_coordinator.role, one.supported)
    actions = 0
    enter(client, scene)
    bench = client.get("/")

    def click(href: str) -> Page:
        nonlocal actions
        actions += 1
        return client.get(href)

    def submit(page: Page, css: str, **values: object) -> Page:
        nonlocal actions
        actions += 1
        answer = client.submit(page, css, **values)
        assert answer.status == 303
        return client.get(answer.location)

    # 1: from the workbench to the pairing without a plan; 2: to the library; three are ticked.
    page = click(f"/pairings/{scene.pairing_id}/plan")
    assert f"/pairings/{scene.pairing_id}/plan" in {str(a.get("href")) for a in bench.select("a")}
    page = click(str(page.one("a.button[href^='/plans/pick']")["href"]))
    # 3: one box for the other two pairings each would be two more; the page leads with all.
    for one in pairings[1:]:
        actions += 1
        assert page.select(f'input[name=pairing][value="{one.id}"]')
    goals = submit(page, "#pick-form", pairing=[str(one.id) for one in pairings])
    # 6: goals of all areas and years typed once; the other two plans are ticked already.
    assert len(goals.select("input[name=also][checked]")) == 2
    typed = {
        f"goal-{year}-{area.value}": f"第{year}年{area.label}"
        for year in (1, 2, 3)
        for area in Area
    }
    submit(goals, "main form", **typed)
    assert actions == 6
    db.session.expire_all()
    for plan in db.session.query(Plan):
        assert (len(plan.tasks), missing_for_agreement(plan)) == (5, [])
    # 12 leave room for a look at each plan: rows ticked by area and moved in all three.
    page = tab(client, scene.pairing)
    first = db.session.query(Plan).filter_by(pairing_id=scene.pairing_id).one()
    others = [str(box["value"]) for box in page.select("#rows-form input[name=also]")]
    actions += 1 + len(others)
    submit(page, "#rows-form", task=marks(first.tasks[0]), months="1", also=others)
    assert actions <= 12
    assert {task.code for task in db.session.query(Task).filter_by(due_on=date(2020, 12, 21))} == {
        "A-01"
    }


def test_people_named_on_the_library_page_are_in_charge_of_what_it_adds(
    client: PageClient,
) -> None:
    scene = make_scene()
    make_library_task("A-01", weight=3)
    enter(client, scene)
    page = client.get("/plans/pick")
    key = f"supporting-{scene.pairing_id}"
    assert page.one(f"#{key}")["value"] == scene.supporting_coordinator.name
    wrong = client.submit(page, "#pick-form", **{key: "长" * 41})
    assert wrong.status == 422
    assert "最多 40 个字" in wrong.text
    assert wrong.one(f"#{key}")["value"] == "长" * 41
    client.submit(wrong, "#pick-form", **{key: "外聘王某"})
    task = db.session.query(Task).one()
    assert (task.supporting_person, task.supported_owner) == (
        "外聘王某",
        scene.supported_coordinator,
    )


def test_library_milestones_and_measures_come_along(session: Session) -> None:
    scene = make_scene()
    standard = make_library_task("A-01", weight=3, due_months=6)
    standard.milestones, standard.measures = [["挂牌", 9], ["选址", 2]], "派驻一名主任"
    plan = drafting_plan(scene.pairing, scene, with_tasks=False)
    pick_from_library([plan], [standard], actor=scene.supporting_coordinator)
    task = db.session.query(Task).one()
    assert task.measures == "派驻一名主任"
    # What would be reached after the task is due is reached with it.
    assert [(one.position, one.title, one.due_on) for one in task.milestones] == [
        (1, "选址", date(2020, 7, 21)),
        (2, "挂牌", date(2020, 11, 21)),
    ]


@pytest.mark.parametrize("rows", [5, 60])
def test_saving_a_row_keeps_to_its_query_budget(client: PageClient, rows: int) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    for _ in range(rows - 5):
        make_task(plan, supporting_person="吴某", supported_person="符某")
    enter(client, scene)
    opened = client.get(address(plan, plan.tasks[0]), htmx=True)
    with count_queries() as queries:
        send(client, opened, "form", title="独立建科")
    queries.at_most(60)
