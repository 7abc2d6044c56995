"""The plan's tab and its forms, through a real client."""

import pytest

from portal.extensions import db
from portal.models import Area, Plan, PlanState, Side, Task
from tests.factories import PASSWORD, Scene, make_pairing, make_scene
from tests.factories.plans import (
    agreed_plan,
    drafting_plan,
    endorse,
    make_library_task,
    plan_in_force,
)
from tests.factories.tasks import make_task
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries


def enter(client: PageClient, scene: Scene, who: str = "supporting_coordinator") -> None:
    client.login(getattr(scene, who), PASSWORD)


def tab(client: PageClient, scene: Scene) -> Page:
    return client.get(f"/pairings/{scene.pairing_id}/plan")


def endorse_form(plan: Plan) -> str:
    return f'form[action="/plans/{plan.id}/endorse"]'


# Who sees what


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("commission", 200),
        ("centre", 200),
        ("city", 200),
        ("supporting_coordinator", 200),
        ("supported_coordinator", 200),
        ("supporting_leader", 200),
        ("supported_leader", 200),
        ("supporting_contributor", 404),
        ("supported_contributor", 404),
        ("foreign_coordinator", 404),
        ("foreign_leader", 404),
        ("expert", 404),
        ("administrator", 404),
        ("auditor", 404),
    ],
)
def test_viewer_opens_the_plan_or_learns_nothing(client: PageClient, who: str, status: int) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    plan.tasks[0].supporting_owner = scene.supporting_contributor
    enter(client, scene, who)
    assert tab(client, scene).status == status


WRITES = ("goals", "tasks/new", "tasks/{task}", "tasks/{task}/remove", "rows", "endorse")
WRITES += ("withdraw", "complete", "figures", "core", "copy")


@pytest.mark.parametrize("address", WRITES)
@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("foreign_coordinator", 404),
        ("foreign_leader", 404),
        ("supported_contributor", 404),
        ("expert", 404),
        ("city", 403),
        ("commission", 403),
    ],
)
def test_outsider_cannot_write_into_a_plan(
    client: PageClient, who: str, status: int, address: str
) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    version = plan.version
    enter(client, scene, who)
    path = f"/plans/{plan.id}/" + address.format(task=plan.tasks[0].id)
    assert client.post(path).status == status
    assert plan.version == version


def test_task_of_another_plan_is_not_found_under_ones_own(client: PageClient) -> None:
    scene = make_scene()
    plan, foreign = drafting_plan(scene.pairing, scene), drafting_plan(scene.foreign, scene)
    enter(client, scene)
    address = f"/plans/{plan.id}/tasks/{foreign.tasks[0].id}"
    assert client.get(address).status == 404
    assert client.post(f"{address}/remove").status == 404
    assert db.session.query(Task).count() == 10


# The tab


def test_coordinator_without_a_plan_is_given_the_button_that_makes_it(client: PageClient) -> None:
    scene = make_scene()
    make_library_task("A-02", weight=3)
    enter(client, scene, "supported_coordinator")
    page = tab(client, scene)
    assert page.select(f'a[href="/plans/pick?pairing={scene.pairing_id}"]')
    answer = client.submit(page, "main form")
    assert answer.location == f"/plans/pick?pairing={scene.pairing_id}"
    assert db.session.query(Plan).one().state is PlanState.DRAFTING


def test_leader_without_a_plan_is_told_whom_it_waits_for(client: PageClient) -> None:
    scene = make_scene()
    enter(client, scene, "supported_leader")
    page = tab(client, scene)
    assert "等双方基地管理员" in page.text
    assert page.select("main form") == []


def test_plan_shows_goals_tasks_gaps_and_who_must_act(client: PageClient) -> None:
    scene = make_scene()
    core = make_library_task("B-05", area=Area.MANAGEMENT, weight=3, title="七类制度")
    plan = drafting_plan(scene.pairing, scene, with_tasks=False)
    make_task(
        plan, title="独立建科", weight=3, evidence=("成立文件", "任命文件")
    ).supporting_owner = scene.supporting_contributor
    enter(client, scene)
    page = tab(client, scene)
    said = page.texts(".missing li")
    assert said[:4] == [f"“{area.label}”还没有任务" for area in list(Area)[1:]]
    assert said[4:] == [
        f"核心任务 {core.code} 七类制度未列入，也没有已达标的佐证",
        "文昌受援医院（受援方）还有 1 项任务没有责任人",
        "第1年还没有目标",
        "第2年还没有目标",
        "第3年还没有目标",
    ]
    assert "等双方基地管理员补齐任务清单" in page.text
    row = page.one("#area-department_building tbody tr")
    words = " ".join(row.get_text().split())
    for said in ("独立建科", "佐证：成立文件、任命文件", "核心", "至 2020-11-22", "未指定"):
        assert said in words
    assert scene.supporting_contributor.name in words


@pytest.mark.parametrize(
    ("state", "who", "expected"),
    [
        ("drafting", "centre", "等海口帮扶医院负责人、文昌受援医院负责人认可计划"),
        ("half", "centre", "等文昌受援医院负责人认可计划"),
        ("agreed", "commission", "等双方基地管理员提交帮扶协议备案"),
    ],
)
def test_plan_says_who_must_act_next(
    client: PageClient, state: str, who: str, expected: str
) -> None:
    scene = make_scene()
    build = agreed_plan if state == "agreed" else drafting_plan
    plan = build(scene.pairing, scene)
    if state == "half":
        endorse(plan, scene, Side.SUPPORTING)
    enter(client, scene, who)
    assert expected in tab(client, scene).text


def test_leaders_endorse_one_after_the_other_on_the_tab(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    enter(client, scene, "supporting_leader")
    answer = client.submit(tab(client, scene), endorse_form(plan))
    assert (answer.status, plan.state) == (303, PlanState.DRAFTING)
    assert "已认可，等待对方负责人认可" in client.get(answer.location).text
    client.logout()
    enter(client, scene, "supported_leader")
    answer = client.submit(tab(client, scene), endorse_form(plan))
    assert plan.state is PlanState.AGREED
    assert "双方均已认可，计划商定" in client.get(answer.location).text


def test_leader_sees_no_endorse_button_while_something_blocks(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene, with_tasks=False)
    enter(client, scene, "supporting_leader")
    assert tab(client, scene).select(endorse_form(plan)) == []
    refused = client.post(f"/plans/{plan.id}/endorse")
    assert refused.status == 409
    assert "任务清单还是空的" in refused.text


def test_leader_endorsing_an_outdated_page_is_told_so(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    enter(client, scene, "supporting_leader")
    page = tab(client, scene)
    answer = client.submit(page, endorse_form(plan), version=str(plan.version - 1))
    assert answer.status == 409
    assert plan.endorsements == []


def test_double_click_on_endorse_makes_one_endorsement(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    enter(client, scene, "supporting_leader")
    page = tab(client, scene)
    answers = [client.submit(page, endorse_form(plan)) for _ in range(2)]
    assert [answer.status for answer in answers] == [303, 303]
    assert len(plan.endorsements) == 1


def test_leader_withdraws_with_a_reason(client: PageClient) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    enter(client, scene, "supported_leader")
    css = f'form[action="/plans/{plan.id}/withdraw"]'
    silent = client.submit(tab(client, scene), css)
    assert (silent.status, plan.state) == (422, PlanState.AGREED)
    assert "请填写撤回原因" in silent.text
    long = client.submit(silent, css, reason="长" * 501)
    assert (long.status, long.one(f"{css} textarea").get_text().strip()) == (422, "长" * 501)
    answer = client.submit(long, css, reason="期限需再议")
    assert (answer.status, plan.state) == (303, PlanState.DRAFTING)
    assert "期限需再议" in client.get(answer.location).text


def test_plan_in_force_shows_lights_and_offers_no_change(client: PageClient) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    enter(client, scene)
    page = tab(client, scene)
    assert len(page.select(".light-red")) == 5
    assert "提出调整" in page.text
    forms = [form["action"] for form in page.select("main form")]
    assert forms == [f"/plans/{plan.id}/amendments"]
    for address in ("goals", "tasks/new", f"tasks/{plan.tasks[0].id}"):
        refused = client.get(f"/plans/{plan.id}/{address}")
        assert refused.status == 409
        assert "计划调整" in refused.text


def test_centre_completes_a_plan_only_when_its_tasks_are_closed(client: PageClient) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    enter(client, scene, "centre")
    refused = client.submit(tab(client, scene), "main form")
    assert (refused.status, plan.state) == (409, PlanState.IN_FORCE)
    assert "还有 5 项任务没有销号" in refused.text


@pytest.mark.parametrize("tasks", [10, 150])
def test_tab_keeps_to_its_query_budget(client: PageClient, tasks: int) -> None:
    scene = make_scene()
    make_library_task("A-02", weight=3)
    plan = drafting_plan(scene.pairing, scene)
    for number in range(tasks - 5):
        make_task(
            plan,
            area=list(Area)[number % 5],
            supporting_owner=scene.supporting_contributor,
            supported_owner=scene.supported_contributor,
        )
    enter(client, scene)
    with count_queries() as queries:
        page = tab(client, scene)
    assert len(page.select("tbody tr")) == tasks + 5
    queries.at_most(20)


# Goals


def test_coordinator_writes_goals_for_two_plans_at_once(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene, with_tasks=False)
    second = make_pairing(scene.programme, scene.pairing.supporting)
    other = drafting_plan(second, scene, with_tasks=False)
    enter(client, scene)
    page = client.get(f"/plans/{plan.id}/goals")
    assert len(page.select("textarea")) == 15
    answer = client.submit(
        page, "main form", **{"goal-1-faculty": "  建立五环节机制 ", "also": [str(other.id)]}
    )
    assert answer.status == 303
    for one in (plan, other):
        assert [(goal.year, goal.goal) for goal in one.goals] == [(1, "建立五环节机制")]
    shown = client.get(answer.location)
    assert "建立五环节机制" in shown.text
    assert "已补入其他 1 个结对" in shown.text


def test_goals_cannot_be_copied_into_a_foreign_plan(client: PageClient) -> None:
    scene = make_scene()
    plan, foreign = drafting_plan(scene.pairing, scene), drafting_plan(scene.foreign, scene)
    enter(client, scene)
    page = client.get(f"/plans/{plan.id}/goals")
    sent = {"goal-3-faculty": "越权", "also": [str(foreign.id)]}
    assert client.submit(page, "main form", **sent).status == 404
    assert "越权" not in [goal.goal for goal in (*plan.goals, *foreign.goals)]


def test_overlong_goal_comes_back_with_its_text(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    enter(client, scene)
    page = client.get(f"/plans/{plan.id}/goals")
    answer = client.submit(page, "main form", **{"goal-2-incentives": "长" * 1001})
    assert answer.status == 422
    assert answer.texts("#goal-2-incentives-error") == ["最多 1000 个字，现有 1001 个字。"]
    assert answer.one("#goal-2-incentives").get_text().strip() == "长" * 1001


def test_later_editor_of_goals_gets_both_texts(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    enter(client, scene)
    page = client.get(f"/plans/{plan.id}/goals")
    client.submit(page, "main form", **{"goal-1-faculty": "先保存的"})
    fresh = {"goal-1-faculty": "后提交的", "_once": "another-key"}
    stale = client.submit(page, "main form", **fresh)
    assert stale.status == 409
    assert stale.texts(".conflict dd") == ["后提交的", "先保存的"]
    answer = client.submit(stale, "main form")
    assert answer.status == 303
    assert "后提交的" in [goal.goal for goal in plan.goals]


# Tasks


def test_coordinator_adds_a_task_of_their_own(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    enter(client, scene, "supported_coordinator")
    page = client.get(f"/plans/{plan.id}/tasks/new")
    answer = client.submit(
        page,
        "main form",
        area="faculty",
        title="跟岗学习",
        criteria="每年四人，每人四周",
        evidence="派出文件\n\n 跟岗总结 ",
        due_on="2021-05-21",
        supported_owner=scene.supported_contributor.name,
    )
    assert answer.status == 303
    task = db.session.query(Task).filter_by(title="跟岗学习").one()
    assert (task.area, task.starts_on) == (Area.FACULTY, plan.starts_on)
    assert [one.name for one in task.requirements] == ["派出文件", "跟岗总结"]
    assert task.supported_owner == scene.supported_contributor


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"title": ""}, "title", "请填写任务名称。"),
        ({"title": "长" * 101}, "title", "最多 100 个字，现有 101 个字。"),
        ({"criteria": " "}, "criteria", "请填写验收标准。"),
        ({"evidence": "\n \n"}, "evidence", "请填写佐证材料。"),
        ({"evidence": "长" * 101}, "evidence", "第 1 项最多 100 个字，现有 101 个字。"),
        ({"evidence": "\n".join("一二三四五" * 5)}, "evidence", "最多 20 项，现有 25 项。"),
        ({"due_on": "2020-02-30"}, "due_on", None),
        ({"due_on": "2024-01-01"}, "due_on", "完成期限应在计划期内（2020-05-22 至 2023-05-21）。"),
        ({"due_on": "2020-05-30"}, "due_on", "完成期限不能早于开始日期。"),
        ({"weight": "9"}, "weight", None),
        ({"supporting_owner": "长" * 41}, "supporting_owner", "最多 40 个字，现有 41 个字。"),
        ({"due_on": "尽快"}, "due_on", "看不出是哪一天，请写成 2020-05-22，或写“第6个月”。"),
        ({"milestones": "示教"}, "milestones", None),
    ],
)
def test_task_form_says_what_is_wrong_and_keeps_the_rest(
    client: PageClient, values: dict[str, str], field: str, sentence: str | None
) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    enter(client, scene)
    page = client.get(f"/plans/{plan.id}/tasks/new")
    good = {
        "title": "跟岗学习",
        "criteria": "每年四人",
        "evidence": "派出文件",
        "starts_on": "2020-06-01",
        "due_on": "2021-05-21",
        "description": "写了很久的说明",
    }
    answer = client.submit(page, "main form", **{**good, **values})
    assert answer.status == 422
    said = answer.texts(f"#{field}-error")
    assert said
    assert sentence is None or said == [sentence]
    assert answer.one("#description").get_text().strip() == "写了很久的说明"
    assert db.session.query(Task).count() == 5


def test_coordinator_edits_a_task(client: PageClient) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    task = plan.tasks[0]
    enter(client, scene)
    page = client.get(f"/plans/{plan.id}/tasks/{task.id}")
    assert "双方认可作废" in page.text
    answer = client.submit(page, "#task-form", title="独立建科", weight="3")
    assert answer.status == 303
    assert (task.title, task.weight, plan.state) == ("独立建科", 3, PlanState.DRAFTING)


def test_later_editor_of_a_task_gets_both_texts(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    enter(client, scene)
    page = client.get(f"/plans/{plan.id}/tasks/{task.id}")
    client.submit(page, "#task-form", title="先保存的")
    stale = client.submit(page, "#task-form", title="后提交的", _once="another-key")
    assert stale.status == 409
    sides = stale.texts(".conflict dd")
    assert sides[0] == "后提交的"
    assert "先保存的" in sides
    assert "一般" in sides
    assert stale.one("#title")["value"] == "后提交的"
    assert client.submit(stale, "#task-form").status == 303
    assert task.title == "后提交的"


def test_coordinator_removes_a_task_once(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    enter(client, scene)
    page = client.get(f"/plans/{plan.id}/tasks/{task.id}")
    css = f'form[action$="/{task.id}/remove"]'
    answers = [client.submit(page, css) for _ in range(2)]
    assert [answer.location for answer in answers] == [f"/pairings/{scene.pairing_id}/plan"] * 2
    assert len(plan.tasks) == 4


def test_people_offered_are_those_of_the_two_hospitals(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    scene.supported_contributor.is_active = False
    enter(client, scene)
    page = client.get(f"/plans/{plan.id}/tasks/new")
    offered = [str(option["value"]) for option in page.select("#people-supported option")]
    assert offered == [scene.supported_coordinator.name, scene.supported_leader.name]
