"""The five lists of a pairing: one ledger on the screen, on paper and as a workbook."""

from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook

from portal.extensions import db
from portal.models import Area, AuditEntry, Milestone, Plan, PlanState, TaskState
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.plans import drafting_plan, plan_in_force
from tests.factories.problems import dismissed_problem, make_problem
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries

NAMES = ("problems", "tasks", "duties", "measures", "deadlines")


def filled(scene: Scene) -> Plan:
    """A plan in force whose first task carries everything a list can say."""
    plan = plan_in_force(scene.pairing, scene)
    task = plan.tasks[0]
    task.title, task.measures = "独立设置全科病房", "帮扶方派护士长驻点指导一个月。"
    task.supported_person, task.supporting_owner = "林主任", scene.supporting_contributor
    task.first_due_on, task.due_on = date(2020, 10, 21), date(2021, 1, 21)
    task.extensions = 1
    task.milestones = [
        Milestone(position=1, title="腾出病区", due_on=date(2020, 8, 1), done_on=date(2020, 7, 30)),
        Milestone(position=2, title="配齐床位", due_on=date(2020, 11, 1)),
    ]
    make_problem(scene.pairing, scene.supported_coordinator, title="病房挂靠内科", tasks=[task])
    dismissed_problem(scene.pairing, scene.supported_coordinator, area=Area.FACULTY)
    db.session.flush()
    return plan


def book_of(client: PageClient, address: str) -> list[list[object]]:
    answer = client.http.get(address)
    assert answer.status_code == 200
    sheet = load_workbook(BytesIO(answer.data)).active
    assert sheet is not None
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_a_task_without_measures_shows_its_description_in_their_place(client: PageClient) -> None:
    scene = make_scene()
    task = filled(scene).tasks[0]
    task.measures, task.description = "", "由医院发文成立独立的全科医学科。"
    db.session.commit()
    client.login(scene.supporting_coordinator, PASSWORD)
    address = f"/pairings/{scene.pairing.id}/lists/measures"
    assert task.description in client.get(address).text
    assert any(task.description in row for row in book_of(client, f"{address}.xlsx"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("problems", ("病房挂靠内科", "实地调研", "A-01", "正在解决", "已由其他项目解决。")),
        ("tasks", ("独立设置全科病房", "达到双方商定的标准。", "成立文件", "对应问题")),
        ("duties", ("林主任", "海口帮扶医院", "文昌受援医院", "责任单位（受援方）")),
        ("measures", ("帮扶方派护士长驻点指导一个月。", "进度%")),
        ("deadlines", ("腾出病区（2020-07-30 完成）", "配齐床位（2020-11-01）", "2020-10-21")),
    ],
)
def test_each_list_says_the_same_on_screen_paper_and_in_the_workbook(
    client: PageClient, name: str, said: tuple[str, ...]
) -> None:
    scene = make_scene()
    filled(scene)
    client.login(scene.supported_leader, PASSWORD)
    address = f"/pairings/{scene.pairing_id}/lists/{name}"
    rows = book_of(client, f"{address}.xlsx")
    in_book = "\n".join(str(cell) for row in rows for cell in row)
    screen, paper = client.get(address), client.get(f"{address}/print")
    for words in said:
        assert words in in_book
        assert words in screen.text
        assert words in paper.text
    assert len(screen.select("main tbody tr")) == len(rows) - 1
    assert len(paper.select("tbody tr")) == len(rows) - 1


def test_reasons_not_to_take_on_stand_there_only_where_there_are_any(client: PageClient) -> None:
    scene = make_scene()
    make_problem(scene.pairing, scene.supported_coordinator)
    db.session.commit()
    client.login(scene.commission, PASSWORD)
    address = f"/pairings/{scene.pairing_id}/lists/problems"
    assert "不列入原因" not in client.get(address).text
    assert "不列入原因" not in book_of(client, f"{address}.xlsx")[0]
    dismissed_problem(scene.pairing, scene.supported_coordinator, area=Area.FACULTY)
    db.session.commit()
    assert "不列入原因" in client.get(address).text


def test_tabs_lead_from_each_list_to_the_others(client: PageClient) -> None:
    scene = make_scene()
    filled(scene)
    client.login(scene.commission, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/lists/tasks?area=faculty")
    links = [str(one["href"]) for one in page.select('nav[aria-label="五张清单"] a')]
    assert [link.split("/")[-1] for link in links] == [f"{name}?area=faculty" for name in NAMES]
    assert {row.get_text() for row in page.select('td[data-label="领域"]')} == {"师资队伍"}
    assert all(client.get(link).status == 200 for link in links)


def test_light_is_told_only_of_a_task_that_binds_and_runs(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    client.login(scene.centre, PASSWORD)
    address = f"/pairings/{scene.pairing_id}/lists/deadlines"
    assert "计划未生效" in client.get(address).text
    foreign = plan_in_force(scene.foreign, scene)
    make_task(
        foreign, state=TaskState.SUSPENDED, suspended_from="in_progress", due_on=date(2020, 6, 1)
    )
    page = client.get(f"/pairings/{scene.foreign.id}/lists/deadlines")
    assert "已暂停" in page.text
    assert len(page.select(".light")) == len(foreign.tasks) - 1
    assert len(plan.tasks) == 5


def test_formula_in_a_problem_stays_text_in_the_workbook(client: PageClient) -> None:
    scene = make_scene()
    make_problem(scene.pairing, scene.supported_coordinator, title='=HYPERLINK("http://x")')
    client.login(scene.supported_coordinator, PASSWORD)
    answer = client.http.get(f"/pairings/{scene.pairing_id}/lists/problems.xlsx")
    sheet = load_workbook(BytesIO(answer.data)).active
    assert sheet is not None
    cell = sheet["D2"]
    assert (cell.data_type, cell.value) == ("s", '=HYPERLINK("http://x")')
    assert cell.quotePrefix


def test_workbook_and_sheet_leave_an_audit_entry(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supported_coordinator, PASSWORD)
    before = db.session.query(AuditEntry).count()
    client.http.get(f"/pairings/{scene.pairing_id}/lists/tasks.xlsx")
    client.get(f"/pairings/{scene.pairing_id}/lists/tasks/print")
    client.get(f"/pairings/{scene.pairing_id}/lists/tasks")
    assert db.session.query(AuditEntry).count() == before + 2


@pytest.mark.parametrize("tail", ["tasks", "tasks/print", "tasks.xlsx"])
@pytest.mark.parametrize("role", ["foreign_coordinator", "supported_contributor", "expert"])
def test_strangers_and_contributors_find_no_lists(client: PageClient, role: str, tail: str) -> None:
    scene = make_scene()
    client.login(getattr(scene, role), PASSWORD)
    assert client.get(f"/pairings/{scene.pairing_id}/lists/{tail}").status == 404


def test_sixth_list_is_not_there(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.centre, PASSWORD)
    assert client.get(f"/pairings/{scene.pairing_id}/lists/secrets").status == 404


@pytest.mark.parametrize("name", NAMES)
def test_list_costs_the_same_with_many_rows(client: PageClient, name: str) -> None:
    scene = make_scene()
    plan = filled(scene)
    for _ in range(10):
        task = make_task(plan, supporting_owner=scene.supporting_contributor)
        make_problem(scene.pairing, scene.supported_coordinator, tasks=[task])
    client.login(scene.centre, PASSWORD)
    with count_queries() as queries:
        client.get(f"/pairings/{scene.pairing_id}/lists/{name}")
    queries.at_most(10)


def test_list_of_a_terminated_plan_says_so_and_not_that_it_never_began(client: PageClient) -> None:
    scene = make_scene()
    filled(scene).state = PlanState.TERMINATED
    db.session.flush()
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/lists/tasks")
    assert "协议已终止" in page.text
    assert "计划未生效" not in page.text
