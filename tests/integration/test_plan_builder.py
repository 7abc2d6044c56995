"""The builder: rows edited in place, several at once, in several pairings, within the count."""

from collections import Counter
from datetime import date

import pytest
from bs4 import BeautifulSoup
from sqlalchemy.orm import Session

from portal.errors import Forbidden, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Area,
    Event,
    GoalFigure,
    Milestone,
    Pairing,
    Plan,
    PlanState,
    Task,
    YearGoal,
)
from portal.services.picking import pick_from_library
from portal.services.plan_copies import copy_plan
from portal.services.plan_rows import RowsChange, change_rows
from portal.workflow.plans import missing_for_agreement
from tests.factories import PASSWORD, Scene, make_pairing, make_scene, make_user
from tests.factories.plans import agreed_plan, drafting_plan, make_library_task, plan_in_force
from tests.factories.tasks import make_task
from tests.support.fragments import apply_fragment, assert_same
from tests.support.pages import Page, PageClient, form_values
from tests.support.queries import count_queries


def enter(client: PageClient, scene: Scene, who: str = "supporting_coordinator") -> None:
    client.login(getattr(scene, who), PASSWORD)


def tab(client: PageClient, pairing: Pairing) -> Page:
    return client.get(f"/pairings/{pairing.id}/plan")


def address(plan: Plan, task: Task) -> str:
    return f"/plans/{plan.id}/tasks/{task.id}"


def second_plan(scene: Scene) -> Plan:
    """A plan of the same supporting hospital with the same tasks."""
    return drafting_plan(make_pairing(scene.programme, scene.pairing.supporting), scene)


def send(client: PageClient, page: Page, css: str, *, htmx: bool = True, **values: object) -> Page:
    """Send a form the way htmx does, or as a plain one."""
    if not htmx:
        return client.submit(page, css, **values)
    form = page.one(css)
    return client.post(str(form["action"]), {**form_values(form), **values}, htmx=True)


def seen(*tasks: Task) -> dict[int, int]:
    return {task.id: task.version for task in tasks}


def marks(*tasks: Task) -> list[str]:
    return [f"{task.id}.{task.version}" for task in tasks]


# One row, in place


def page_with(document: BeautifulSoup, page: Page) -> Page:
    """The same page holding another document, to send a form of it."""
    page.html = str(document)
    page.__dict__.pop("soup", None)
    return page


def test_row_edited_in_place_is_what_a_reload_shows(client: PageClient) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    task = plan.tasks[0]
    enter(client, scene)
    page = tab(client, scene.pairing)
    opened = client.get(address(plan, task), htmx=True)
    open_page = apply_fragment(page, opened, f"#task-{task.id} th a")
    assert len(open_page.select(f"tr#task-{task.id} form")) == 1
    form = f'form[action="{address(plan, task)}"]'
    saved = send(
        client,
        opened,
        form,
        title="独立建科",
        weight="3",
        due_on="第8个月",
        supporting_owner="外聘王某",
        supported_owner=scene.supported_contributor.name,
        milestones="第3个月 选址\n2020-12-31 挂牌",
    )
    assert saved.status == 200
    page = page_with(open_page, page)
    assert_same(apply_fragment(page, saved, form), tab(client, scene.pairing), within="#standing")
    after = apply_fragment(page, saved, form)
    assert_same(after, tab(client, scene.pairing), within=f"#task-{task.id}")
    assert_same(after, tab(client, scene.pairing), within="#plan-lead")
    db.session.expire_all()
    assert (task.title, task.weight, task.due_on) == ("独立建科", 3, date(2021, 1, 21))
    assert (task.supporting_person, task.supporting_owner) == ("外聘王某", None)
    assert (task.supported_person, task.supported_owner) == ("", scene.supported_contributor)
    assert [(one.due_on, one.title) for one in task.milestones] == [
        (date(2020, 8, 21), "选址"),
        (date(2020, 12, 31), "挂牌"),
    ]
    assert plan.state is PlanState.DRAFTING


def test_row_left_without_saving_is_what_it_was(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    enter(client, scene)
    page = tab(client, scene.pairing)
    opened = apply_fragment(
        page, client.get(address(plan, task), htmx=True), f"#task-{task.id} th a"
    )
    row = client.get(f"{address(plan, task)}/row", htmx=True)
    assert_same(
        apply_fragment(page_with(opened, page), row, f"#task-{task.id} .button-quiet"),
        tab(client, scene.pairing),
        within=f"#task-{task.id}",
    )
    assert client.get(f"{address(plan, task)}/row").location == (
        f"/pairings/{scene.pairing_id}/plan#task-{task.id}"
    )


def test_row_refused_in_place_keeps_everything_typed(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    enter(client, scene)
    opened = client.get(address(plan, task), htmx=True)
    answer = send(client, opened, "form", due_on="尽快", measures="写了很久", supporting_owner="")
    assert answer.status == 422
    assert "看不出是哪一天" in answer.one(f"#t{task.id}-due_on-error").get_text()
    assert answer.one(f"#t{task.id}-due_on")["value"] == "尽快"
    assert answer.one(f"#t{task.id}-measures").get_text().strip() == "写了很久"
    assert task.due_on == date(2020, 11, 22)


@pytest.mark.parametrize("htmx", [True, False])
def test_later_editor_of_a_row_gets_both_texts(client: PageClient, htmx: bool) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    enter(client, scene)
    page = client.get(address(plan, task), htmx=htmx)
    form = "form" if htmx else "#task-form"
    send(client, page, form, htmx=htmx, title="先保存的")
    stale = send(client, page, form, htmx=htmx, title="后提交的", _once="another-key")
    assert stale.status == 409
    said = stale.texts(".conflict dd")
    assert (said[0], "先保存的" in said) == ("后提交的", True)
    assert send(client, stale, form, htmx=htmx).status == (200 if htmx else 303)
    db.session.expire_all()
    assert task.title == "后提交的"


def test_row_of_a_plan_in_force_does_not_open(client: PageClient) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    enter(client, scene)
    assert client.get(address(plan, plan.tasks[0]), htmx=True).status == 409
    assert tab(client, scene.pairing).select("[hx-get]") == []


# Several rows


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


# A plan for the other pairings


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


# Core tasks that are missing


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


# The count of actions (design/experience.md: a three-year plan for three pairings in ≤ 12)


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
