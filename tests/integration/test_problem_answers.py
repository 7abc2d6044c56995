"""Finding tasks for a problem: suggestions join the plan and all that is ticked is linked."""

import pytest

from portal import clock
from portal.extensions import db
from portal.models import Event, LibraryTask, Plan, PlanState, ProblemTask, Task, TaskState
from portal.services.first_run import load_task_library
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.needs import item_of, survey_with
from tests.factories.plans import agreed_plan, drafting_plan, plan_in_force
from tests.factories.problems import dismissed_problem, make_problem
from tests.factories.tasks import make_task
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries


def ward_problem(scene: Scene) -> tuple[int, str]:
    """A problem found at the item about the ward; its id and the page that finds tasks."""
    survey = survey_with(scene.pairing, scene.supporting_coordinator, {"gp_ward": "no"})
    problem = make_problem(
        scene.pairing,
        scene.supporting_coordinator,
        title="没有独立的全科病房",
        survey=survey,
        item=item_of(survey, "gp_ward"),
    )
    return problem.id, f"/problems/{problem.id}/tasks"


def suggested(page: Page) -> dict[str, str]:
    """Code → value of the box of each suggestion that can be ticked."""
    found = {}
    for row in page.select("#suggested tbody tr"):
        if box := row.select_one('input[name="library"]'):
            code = row.select_one("th .sub")
            assert code is not None
            found[code.get_text()] = str(box["value"])
    return found


def linked_codes(problem_id: int) -> list[str]:
    rows = db.session.query(Task.code).join(ProblemTask).filter_by(problem_id=problem_id)
    return sorted(code for (code,) in rows)


def test_ticked_standard_tasks_join_the_plan_and_answer_the_problem(client: PageClient) -> None:
    scene = make_scene()
    load_task_library()
    plan = drafting_plan(scene.pairing, scene)
    own = plan.tasks[0]
    problem_id, address = ward_problem(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(address)
    boxes = suggested(page)
    assert next(iter(boxes)) == "A-04"
    assert "改进调研中的这一项" in page.text
    done = client.post(address, {"library": [boxes["A-04"]], "task": [str(own.id)]})
    assert done.location.endswith(f"/problems/{problem_id}")
    assert linked_codes(problem_id) == ["A-01", "A-04"]
    added = db.session.query(Task).filter_by(plan_id=plan.id, code="A-04").one()
    assert added.library_task_id == int(boxes["A-04"])
    event = db.session.query(Event).filter_by(object_type="problem", action="linked").one()
    assert event.title == "安排 2 项任务解决问题"
    assert "已对应" in client.get(address).one("#suggested").get_text()


def test_standard_task_that_the_plan_holds_is_only_linked_in_every_year(
    client: PageClient,
) -> None:
    scene = make_scene()
    load_task_library()
    plan = drafting_plan(scene.pairing, scene, with_tasks=False)
    for year in (1, 2, 3):
        make_task(plan, code=f"B-06-{year}", year=year)
    problem = make_problem(
        scene.pairing,
        scene.supported_coordinator,
        title="院级督导没有反馈和整改",
        area="management_system",
    )
    address = f"/problems/{problem.id}/tasks"
    client.login(scene.supported_coordinator, PASSWORD)
    boxes = suggested(client.get(address))
    assert client.post(address, {"library": [boxes["B-06"]]}).status == 303
    assert linked_codes(problem.id) == ["B-06-1", "B-06-2", "B-06-3"]
    assert db.session.query(Task).filter_by(plan_id=plan.id).count() == 3


def test_running_plan_takes_no_standard_task_but_links_its_own(client: PageClient) -> None:
    scene = make_scene()
    load_task_library()
    plan = plan_in_force(scene.pairing, scene)
    problem_id, address = ward_problem(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(address)
    assert "须办理计划调整" in page.text
    assert "A-04" not in suggested(page)
    before = db.session.query(Task).count()
    standard = db.session.query(LibraryTask).filter_by(code="A-04").one()
    refused = client.post(address, {"library": [str(standard.id)]})
    assert refused.status == 409
    assert db.session.query(Task).count() == before
    assert linked_codes(problem_id) == []
    assert client.post(address, {"task": [str(plan.tasks[1].id)]}).status == 303
    assert linked_codes(problem_id) == [plan.tasks[1].code]


def test_leader_links_tasks_but_adds_none_to_the_plan(client: PageClient) -> None:
    scene = make_scene()
    load_task_library()
    plan = drafting_plan(scene.pairing, scene)
    problem_id, address = ward_problem(scene)
    client.login(scene.supported_leader, PASSWORD)
    standard = db.session.query(LibraryTask).filter_by(code="A-04").one()
    assert client.post(address, {"library": [str(standard.id)]}).status == 403
    assert client.post(address, {"task": [str(plan.tasks[0].id)]}).status == 303
    assert linked_codes(problem_id) == [plan.tasks[0].code]


def test_nothing_ticked_is_told(client: PageClient) -> None:
    scene = make_scene()
    _, address = ward_problem(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(address)
    assert "还没有三年帮扶工作计划" in page.text
    refused = client.submit(page, "main form")
    assert refused.status == 422
    assert "请至少勾选一项任务" in refused.text


@pytest.mark.parametrize("wrong", ["0", "99999999999", "999999"])
def test_task_that_is_not_the_pairings_is_not_there(client: PageClient, wrong: str) -> None:
    scene = make_scene()
    drafting_plan(scene.pairing, scene)
    alien = drafting_plan(scene.foreign, scene).tasks[0]
    problem_id, address = ward_problem(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    assert client.post(address, {"task": [str(alien.id)]}).status == 404
    assert client.post(address, {"task": [wrong]}).status == 404
    assert linked_codes(problem_id) == []


def test_cancelled_task_and_dismissed_problem_are_refused(client: PageClient) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    dead = make_task(plan, state=TaskState.CANCELLED, cancelled_on=clock.today())
    problem = make_problem(scene.pairing, scene.supported_coordinator)
    gone = dismissed_problem(scene.pairing, scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    refused = client.post(f"/problems/{problem.id}/tasks", {"task": [str(dead.id)]})
    assert refused.status == 409
    assert "已取消" in refused.text
    away = client.post(f"/problems/{gone.id}/tasks", {"task": [str(plan.tasks[0].id)]})
    assert away.status == 409
    assert "恢复列入" in away.text
    assert db.session.query(ProblemTask).count() == 0


def test_endorsements_fall_when_a_task_joins_by_a_problem(client: PageClient) -> None:
    scene = make_scene()
    load_task_library()
    plan = agreed_plan(scene.pairing, scene)
    _, address = ward_problem(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    boxes = suggested(client.get(address))
    assert client.post(address, {"library": [boxes["A-04"]]}).status == 303
    db.session.expire_all()
    assert db.session.get_one(Plan, plan.id).state is PlanState.DRAFTING


def test_page_of_suggestions_has_a_budget(client: PageClient) -> None:
    scene = make_scene()
    load_task_library()
    plan = drafting_plan(scene.pairing, scene)
    for _ in range(10):
        make_task(plan)
    _, address = ward_problem(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    with count_queries() as queries:
        client.get(address)
    queries.at_most(10)
