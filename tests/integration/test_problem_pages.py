"""Writing problems down, and what becomes of them, on their pages."""

from datetime import timedelta

import pytest

from portal import clock
from portal.extensions import db
from portal.models import Area, Event, PlanState, Problem, Severity, TaskState
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.plans import drafting_plan
from tests.factories.problems import dismissed_problem, make_problem
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries

WRITERS = (
    "supporting_coordinator",
    "supporting_leader",
    "supported_coordinator",
    "supported_leader",
)
READERS = ("commission", "centre", "city")
STRANGERS = ("foreign_coordinator", "foreign_leader", "supported_contributor", "expert", "auditor")

TYPED = {"title": "全科门诊只有一间诊室", "area": "department_building", "severity": "serious"}


def new_address(scene: Scene) -> str:
    return f"/pairings/{scene.pairing_id}/problems/new"


def all_problems() -> list[Problem]:
    return db.session.query(Problem).order_by(Problem.number).all()


@pytest.mark.parametrize("role", WRITERS)
def test_both_hospitals_write_a_problem_down(client: PageClient, role: str) -> None:
    scene = make_scene()
    client.login(getattr(scene, role), PASSWORD)
    page = client.get(new_address(scene))
    answer = client.submit(page, "main form", **TYPED)
    (problem,) = all_problems()
    assert answer.location.endswith(f"/problems/{problem.id}")
    assert (problem.number, problem.title) == (1, "全科门诊只有一间诊室")
    assert (problem.area, problem.severity) == (Area.DEPARTMENT, Severity.SERIOUS)
    assert problem.created_by == getattr(scene, role)
    event = db.session.query(Event).filter_by(object_type="problem").one()
    assert (event.title, event.pairing_id) == ("登记问题", scene.pairing_id)


@pytest.mark.parametrize("role", READERS)
def test_province_and_city_read_problems_but_write_none(client: PageClient, role: str) -> None:
    scene = make_scene()
    problem = make_problem(scene.pairing, scene.supported_coordinator)
    client.login(getattr(scene, role), PASSWORD)
    assert problem.title in client.get(f"/pairings/{scene.pairing_id}/problems").text
    shown = client.get(f"/problems/{problem.id}")
    assert shown.status == 200
    assert "不列入帮扶…" not in shown.text
    assert client.get(new_address(scene)).status == 403


@pytest.mark.parametrize("role", STRANGERS)
def test_strangers_are_told_there_is_no_problem(client: PageClient, role: str) -> None:
    scene = make_scene()
    problem = make_problem(scene.pairing, scene.supported_coordinator)
    client.login(getattr(scene, role), PASSWORD)
    for address in (
        f"/problems/{problem.id}",
        f"/problems/{problem.id}/edit",
        f"/pairings/{scene.pairing_id}/problems",
        new_address(scene),
    ):
        assert client.get(address).status == 404, address


def test_numbers_run_by_pairing(client: PageClient) -> None:
    scene = make_scene()
    make_problem(scene.foreign, scene.foreign_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    for _ in range(2):
        client.submit(client.get(new_address(scene)), "main form", **TYPED)
    numbers = [one.number for one in all_problems() if one.pairing_id == scene.pairing_id]
    assert numbers == [1, 2]


def test_form_sent_twice_makes_one_problem(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(new_address(scene))
    first = client.submit(page, "main form", **TYPED)
    second = client.submit(page, "main form", **TYPED)
    assert first.location == second.location
    assert len(all_problems()) == 1


def test_refused_form_keeps_what_was_typed(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(new_address(scene))
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    refused = client.submit(
        page, "main form", **{**TYPED, "found_on": tomorrow, "need": "派人来教"}
    )
    assert refused.status == 422
    assert "发现日期不能晚于今天" in refused.text
    assert refused.one("#need").get_text().strip() == "派人来教"
    untitled = client.submit(page, "main form", **{**TYPED, "title": " ", "area": ""})
    assert untitled.status == 422
    assert "请用一句话写明问题" in untitled.text
    assert all_problems() == []


def test_later_of_two_editors_gets_both_texts(client: PageClient) -> None:
    scene = make_scene()
    problem = make_problem(scene.pairing, scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    first, second = (client.get(f"/problems/{problem.id}/edit") for _ in range(2))
    assert client.submit(first, "main form", title="先保存的问题").status == 303
    later = client.submit(second, "main form", title="后保存的问题")
    assert later.status == 409
    assert "先保存的问题" in later.text
    assert "后保存的问题" in str(later.soup)
    db.session.expire_all()
    assert problem.title == "先保存的问题"
    event = db.session.query(Event).filter_by(action="edited").one()
    assert event.details == [["问题", "没有独立的全科病房1 → 先保存的问题"]]


def test_solved_problem_is_not_edited_any_more(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = make_task(plan, state=TaskState.CLOSED)
    problem = make_problem(scene.pairing, scene.supported_coordinator, tasks=[task])
    client.login(scene.supported_coordinator, PASSWORD)
    shown = client.get(f"/problems/{problem.id}")
    assert "已解决" in shown.text
    assert not shown.select(f'a[href="/problems/{problem.id}/edit"]')
    assert client.get(f"/problems/{problem.id}/edit").status == 409
    late = client.post(f"/problems/{problem.id}/edit", {**TYPED, "found_on": "2020-05-01"})
    assert late.status == 409
    assert "全科门诊只有一间诊室" in str(late.soup)
    assert problem.title != "全科门诊只有一间诊室"


def test_problem_is_dismissed_with_a_reason_and_taken_back(client: PageClient) -> None:
    scene = make_scene()
    problem = make_problem(scene.pairing, scene.supported_coordinator)
    client.login(scene.supported_leader, PASSWORD)
    address = f"/problems/{problem.id}"
    bare = client.submit(client.get(address), f'form[action="{address}/dismiss"]', reason=" ")
    assert bare.status == 422
    assert problem.dismissed_at is None
    told = client.submit(
        client.get(address), f'form[action="{address}/dismiss"]', reason="超出帮扶范围"
    )
    assert told.status == 303
    assert problem.dismissed_by == scene.supported_leader
    shown = client.get(address)
    assert "超出帮扶范围" in shown.text
    assert client.post(f"{address}/dismiss", {"reason": "再一次"}).status == 409
    assert client.get(f"{address}/edit").status == 409
    assert client.submit(shown, f'form[action="{address}/take-back"]').status == 303
    assert (problem.dismissed_at, problem.dismissed_reason) == (None, "")
    assert client.post(f"{address}/take-back").status == 409


def test_answered_problem_is_not_dismissed(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    problem = make_problem(scene.pairing, scene.supported_coordinator, tasks=[plan.tasks[0]])
    client.login(scene.supported_coordinator, PASSWORD)
    refused = client.post(f"/problems/{problem.id}/dismiss", {"reason": "不做了"})
    assert refused.status == 409
    assert "已有任务解决这个问题" in refused.text
    assert "不做了" in refused.text
    assert problem.dismissed_at is None


def test_mistaken_problem_is_deleted_only_while_nothing_rests_on_it(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    linked = make_problem(scene.pairing, scene.supported_coordinator, tasks=[plan.tasks[0]])
    alone = make_problem(scene.pairing, scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    assert client.post(f"/problems/{linked.id}/remove").status == 409
    page = client.get(f"/problems/{alone.id}")
    assert client.submit(page, f'form[action="/problems/{alone.id}/remove"]').status == 303
    assert [one.id for one in all_problems()] == [linked.id]
    assert db.session.query(Event).filter_by(action="problem_removed").count() == 1
    later = make_problem(scene.pairing, scene.supported_coordinator)
    plan.state, plan.in_force_at = PlanState.IN_FORCE, clock.now()
    db.session.flush()
    assert client.post(f"/problems/{later.id}/remove").status == 409
    shown = client.get(f"/problems/{later.id}")
    assert not shown.select(f'form[action="/problems/{later.id}/remove"]')


def test_link_with_an_open_task_is_taken_back_and_with_a_closed_one_stays(
    client: PageClient,
) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    closed = make_task(plan, state=TaskState.CLOSED)
    problem = make_problem(
        scene.pairing, scene.supported_coordinator, tasks=[plan.tasks[0], closed]
    )
    client.login(scene.supporting_coordinator, PASSWORD)
    address = f"/problems/{problem.id}/unlink"
    assert client.post(address, {"task": str(closed.id)}).status == 409
    assert client.post(address, {"task": "999999"}).status == 404
    page = client.get(f"/problems/{problem.id}")
    assert client.submit(page, f'form[action="{address}"]').status == 303
    db.session.expire_all()
    assert [answer.task_id for answer in problem.answers] == [closed.id]


def test_list_is_narrowed_by_what_became_of_problems(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    by = scene.supported_coordinator
    make_problem(scene.pairing, by, title="待安排的问题")
    make_problem(scene.pairing, by, title="正在解决的问题", tasks=plan.tasks[:2])
    make_problem(
        scene.pairing, by, title="已解决的问题", tasks=[make_task(plan, state=TaskState.CLOSED)]
    )
    dismissed_problem(scene.pairing, by, title="不列入的问题", area=Area.FACULTY)
    client.login(scene.centre, PASSWORD)
    address = f"/pairings/{scene.pairing_id}/problems"

    def titles(query: str) -> list[str]:
        return client.get(f"{address}?{query}").texts("#problems tbody th a")

    assert len(titles("")) == 4
    assert titles("standing=unanswered") == ["待安排的问题"]
    assert titles("standing=under_way") == ["正在解决的问题"]
    assert titles("standing=solved") == ["已解决的问题"]
    assert titles("standing=dismissed") == ["不列入的问题"]
    assert titles("area=faculty") == ["不列入的问题"]
    assert titles("severity=severe") == []
    assert len(titles("source=survey")) == 4


def test_list_costs_the_same_with_many_problems(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    client.login(scene.centre, PASSWORD)
    for _ in range(12):
        make_problem(scene.pairing, scene.supported_coordinator, tasks=plan.tasks)
    with count_queries() as queries:
        client.get(f"/pairings/{scene.pairing_id}/problems")
    queries.at_most(7)


def test_page_of_one_problem_has_a_budget(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    problem = make_problem(scene.pairing, scene.supported_coordinator, tasks=plan.tasks)
    client.login(scene.supported_coordinator, PASSWORD)
    with count_queries() as queries:
        client.get(f"/problems/{problem.id}")
    queries.at_most(12)
