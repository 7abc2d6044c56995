"""The ledger: scope, filters in the address, keyset pages, its budget and its workbook."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from portal import clock
from portal.extensions import db
from portal.models import Area, Light, TaskState, User
from portal.queries.ledger import COUNT_CAP, PAGE_SIZE, LedgerFilter, ledger_page, ledger_rows
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries


def scene_with_tasks(number: int = 3) -> Scene:
    """A pairing with ``number`` tasks more than its plan's five, and a foreign one with one."""
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    for step in range(number):
        make_task(
            plan,
            title=f"全科医学科独立病房{step}",
            area=list(Area)[step % 5],
            due_on=plan.starts_on + timedelta(days=100 + step // 3),
        )
    make_task(plan_in_force(scene.foreign, scene), title="外单位任务")
    return scene


def titles(wanted: LedgerFilter, viewer: User) -> list[str]:
    return [row.title for row in ledger_page(wanted, viewer=viewer).rows]


@pytest.mark.parametrize(
    ("who", "foreign_seen", "own_seen"),
    [
        ("commission", True, True),
        ("centre", True, True),
        ("city", False, True),
        ("supporting_coordinator", False, True),
        ("supported_leader", False, True),
        ("supported_contributor", False, False),
        ("foreign_coordinator", True, False),
        ("expert", False, False),
        ("administrator", False, False),
        ("auditor", False, False),
    ],
)
def test_viewer_finds_only_tasks_in_their_scope(
    app: object, who: str, foreign_seen: bool, own_seen: bool
) -> None:
    scene = scene_with_tasks()
    found = titles(LedgerFilter(), getattr(scene, who))
    assert ("外单位任务" in found) is foreign_seen
    assert ("全科医学科独立病房0" in found) is own_seen


def test_contributor_finds_the_task_given_to_them_and_no_other(app: object) -> None:
    scene = scene_with_tasks()
    mine = make_task(
        plan_of(scene), title="交给我的任务", supported_owner=scene.supported_contributor
    )
    assert titles(LedgerFilter(), scene.supported_contributor) == [mine.title]


def plan_of(scene: Scene):  # type: ignore[no-untyped-def]
    from portal.models import Plan

    return db.session.query(Plan).filter_by(pairing_id=scene.pairing_id).one()


def test_filters_narrow_by_each_field(app: object) -> None:
    scene = scene_with_tasks()
    plan = plan_of(scene)
    today = clock.today()
    target = make_task(
        plan,
        title="病房百分%_号",
        area=Area.INCENTIVES,
        weight=3,
        state=TaskState.IN_PROGRESS,
        starts_on=today,
        due_on=today + timedelta(days=5),
    )
    viewer = scene.supporting_coordinator
    for wanted in (
        LedgerFilter(text="病房百分"),
        LedgerFilter(text="%_"),
        LedgerFilter(text=target.code),
        LedgerFilter(text=target.code.lower()),
        LedgerFilter(weight=3),
        LedgerFilter(state=TaskState.IN_PROGRESS),
        LedgerFilter(light=Light.YELLOW),
    ):
        assert titles(wanted, viewer) == [target.title], wanted
    assert target.title in titles(LedgerFilter(area=Area.INCENTIVES), viewer)
    assert titles(LedgerFilter(pairing_id=scene.foreign.id), viewer) == []
    assert "外单位任务" in titles(LedgerFilter(pairing_id=scene.foreign.id), scene.centre)


@pytest.mark.parametrize("sort", ["due", "since", "code"])
def test_pages_follow_each_other_without_gap_or_repeat(app: object, sort: str) -> None:
    scene = scene_with_tasks(PAGE_SIZE * 2 + 10)
    seen: list[int] = []
    wanted = LedgerFilter(pairing_id=scene.pairing_id, sort=sort)
    while True:
        page = ledger_page(wanted, viewer=scene.centre)
        seen += [row.id for row in page.rows]
        if page.next_after is None:
            break
        wanted = LedgerFilter(pairing_id=scene.pairing_id, sort=sort, after=page.next_after)
    assert len(seen) == len(set(seen)) == PAGE_SIZE * 2 + 15
    everything = [
        row.id
        for row in ledger_rows(
            LedgerFilter(pairing_id=scene.pairing_id, sort=sort), viewer=scene.centre
        )
    ]
    assert seen == everything


@pytest.mark.parametrize("after", ["x", "~", "2020-13-01~4", "2020-01-01~x", "~5", "2020~3"])
def test_broken_page_mark_shows_the_first_page(app: object, after: str) -> None:
    scene = scene_with_tasks()
    expected = titles(LedgerFilter(), scene.centre)
    assert titles(LedgerFilter(after=after), scene.centre) == expected


def test_count_stops_at_the_cap(app: object) -> None:
    scene = scene_with_tasks()
    page = ledger_page(LedgerFilter(), viewer=scene.centre)
    assert page.count == len(page.rows)
    assert page.count_text == f"{page.count} 项"
    assert COUNT_CAP == 1000


def test_ledger_page_costs_the_same_at_few_and_at_many_tasks(client: PageClient) -> None:
    scene = scene_with_tasks(2)
    client.login(scene.supporting_coordinator, PASSWORD)
    client.get("/tasks")
    with count_queries() as few:
        client.get("/tasks", {"light": "red"})
    plan = plan_of(scene)
    for _ in range(120):
        make_task(plan)
    with count_queries() as many:
        page = client.get("/tasks", {"light": "red"})
    assert page.status == 200
    assert len(many.texts) == len(few.texts)
    many.at_most(6)


def test_ledger_shows_lights_in_words_and_keeps_filters_in_the_next_page(
    client: PageClient,
) -> None:
    scene = scene_with_tasks(PAGE_SIZE + 5)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get("/tasks", {"q": "独立病房"})
    assert "逾期" in page.text
    following = page.one("a[rel=next]")["href"]
    assert "q=" in following
    assert "after=" in following
    assert client.get(following).status == 200


def test_empty_ledger_says_what_belongs_there(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supporting_coordinator, PASSWORD)
    assert "还没有任务" in client.get("/tasks").text
    assert "没有符合条件的任务" in client.get("/tasks", {"q": "不存在"}).text


def test_workbook_holds_just_what_is_shown_and_no_formula(client: PageClient) -> None:
    scene = scene_with_tasks()
    make_task(plan_of(scene), title="=cmd|' /C calc'!A0", due_on=date(2021, 1, 1))
    client.login(scene.supporting_coordinator, PASSWORD)
    answer = client.get("/tasks.xlsx", {"q": "cmd"})
    book = load_workbook(BytesIO(answer.response.data))
    rows = list(book.active.iter_rows())
    assert [cell.value for cell in rows[0]][:5] == ["任务编号", "帮扶方", "受援方", "领域", "任务"]
    assert len(rows) == 2
    assert rows[1][4].value == "=cmd|' /C calc'!A0"
    assert rows[1][4].data_type == "s"


def test_stranger_gets_neither_ledger_nor_workbook(client: PageClient) -> None:
    assert client.get("/tasks").location.startswith("/login")
    assert client.get("/tasks.xlsx").location.startswith("/login")


def test_foreign_pairing_has_no_task_tab(client: PageClient) -> None:
    scene = scene_with_tasks()
    client.login(scene.foreign_coordinator, PASSWORD)
    assert client.get(f"/pairings/{scene.pairing_id}/tasks").status == 404
