"""The list of pairings and the page of one, as each role sees them."""

import pytest

from portal import clock
from portal.extensions import db
from portal.models import TaskState
from portal.workflow import record
from tests.factories import PASSWORD, make_organisation, make_pairing, make_scene
from tests.factories.agreements import filed_agreement, returned_agreement
from tests.factories.closures import closure_requested
from tests.factories.groups import complete_group, group_without_deputy
from tests.factories.plans import plan_in_force
from tests.support.pages import PageClient
from tests.support.queries import count_queries

SEE_ALL = ("commission", "centre")
SEE_OWN = (
    "city",
    "supporting_coordinator",
    "supporting_leader",
    "supported_coordinator",
    "supported_leader",
)
SEE_NONE = ("supporting_contributor",)
HAVE_NO_LIST = ("expert", "administrator", "auditor")


def listed(client: PageClient, query: str = "") -> list[str]:
    page = client.get(f"/pairings{query}")
    assert page.status == 200
    return [link.get_text() for link in page.select("tbody td[data-label=受援方] a")]


@pytest.mark.parametrize("role", [*SEE_ALL, *SEE_OWN, *SEE_NONE, "foreign_coordinator"])
def test_each_role_lists_and_opens_what_it_may_see(client: PageClient, role: str) -> None:
    scene = make_scene()
    own, foreign = scene.pairing.supported.name, scene.foreign.supported.name
    client.login(getattr(scene, role), PASSWORD)
    expected = {"foreign_coordinator": [foreign], **{key: [own] for key in SEE_OWN}}
    wanted = [own, foreign] if role in SEE_ALL else expected.get(role, [])
    assert listed(client) == wanted
    for pairing, name in ((scene.pairing, own), (scene.foreign, foreign)):
        status = 200 if name in wanted else 404
        assert client.get(f"/pairings/{pairing.id}").status == status
        assert client.get(f"/pairings/{pairing.id}/events").status == status


@pytest.mark.parametrize("role", HAVE_NO_LIST)
def test_those_with_no_business_in_pairings_have_no_such_page(
    client: PageClient, role: str
) -> None:
    scene = make_scene()
    client.login(getattr(scene, role), PASSWORD)
    for address in ("/pairings", f"/pairings/{scene.pairing_id}"):
        assert client.get(address).status == 404


def test_contributor_sees_only_the_own_tasks_of_a_pairing(client: PageClient) -> None:
    scene = make_scene()
    who = scene.supported_contributor
    plan = plan_in_force(scene.pairing, scene)
    plan.tasks[0].supported_owner_id = who.id
    complete_group(scene.pairing)
    client.login(who, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}")
    assert page.texts(".stat-value")[0] == "1"
    assert "林一川" not in page.text
    assert page.select("#group, #waiting, .timeline, .stepper") == []
    assert page.texts(".tabs a") == ["概况", "任务"]
    assert client.get(f"/pairings/{scene.pairing_id}/events").status == 404
    assert client.get(f"/pairings/{scene.pairing_id}/group").status == 404
    assert client.get(f"/pairings/{scene.pairing_id}/group/copy").status == 404
    rows = client.get("/pairings")
    assert rows.texts("thead th") == ["序号", "帮扶方", "受援方", "我的任务"]
    assert rows.one("tbody progress").get_text() == "0/1"


def test_guessed_pairing_is_not_found(client: PageClient) -> None:
    client.login(make_scene().centre, PASSWORD)
    assert client.get("/pairings/999999").status == 404


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("", 3),
        ("?programme={programme}", 3),
        ("?programme=999999", 0),
        ("?supporting={supporting}", 2),
        ("?q=文昌", 1),
        ("?q=海口帮扶", 2),
        ("?q=三亚市", 1),
        ("?q=%25", 0),
        ("?q=_", 0),
        ("?q=文昌&supporting={supporting}", 1),
        ("?q=%00文昌", 1),
        ("?programme=x&supporting=-1", 3),
        ("?programme=99999999999999999999", 3),
    ],
)
def test_address_narrows_the_list(client: PageClient, query: str, hits: int) -> None:
    scene = make_scene()
    make_pairing(scene.programme, scene.pairing.supporting, make_organisation(city="东方市"))
    client.login(scene.centre, PASSWORD)
    names = {"programme": scene.programme.id, "supporting": scene.pairing.supporting_id}
    assert len(listed(client, query.format(**names))) == hits


def test_filters_keep_what_was_chosen_and_can_be_cleared(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/pairings?supporting={scene.pairing.supporting_id}&q=没有的")
    chosen = page.one("select[name=supporting] option[selected]")
    assert chosen.get_text() == scene.pairing.supporting.name
    assert page.one("input[name=q]")["value"] == "没有的"
    assert "没有符合条件的结对" in page.text
    assert page.one(".empty a")["href"] == "/pairings"


def test_filter_of_a_foreign_hospital_shows_nothing_foreign(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/pairings?supporting={scene.foreign.supporting_id}")
    assert scene.foreign.supporting.name not in page.text
    assert page.select("tbody tr") == []


def test_city_officer_reads_and_finds_nothing_to_press(client: PageClient) -> None:
    scene = make_scene()
    group_without_deputy(scene.pairing)
    client.login(scene.city, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}")
    assert "缺少副组长" in page.text
    assert page.select("main form") == []
    assert page.select("a[href$='/group'], a[href$='/group/copy']") == []
    assert client.get(f"/pairings/{scene.pairing_id}/group").status == 403
    assert client.post(f"/pairings/{scene.pairing_id}/group", {}).status == 403
    assert client.post(f"/pairings/{scene.pairing_id}/group/copy", {}).status == 403


def test_new_pairing_says_what_comes_first_and_who_must_act(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}")
    assert "等双方基地管理员补齐领导小组（缺 6 项）" in page.one(".lead").get_text()
    assert page.texts("#waiting tbody td[data-label=事项]")[:4] == [
        "补齐领导小组（缺 6 项）",
        "开展实地调研",
        "制定三年帮扶工作计划",
        "起草帮扶协议",
    ]
    labels = page.texts(".step-label")
    assert labels == ["领导小组", "实地调研", "协议签署", "备案", "计划执行", "会议", "年度考核"]
    assert page.one(".step[aria-current] .step-label").get_text() == "领导小组"


def test_returned_agreement_stands_in_the_stepper(client: PageClient) -> None:
    scene = make_scene()
    returned_agreement(scene)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}")
    assert page.one(".step-returned .step-label").get_text() == "备案"
    assert "按退回意见修改协议" in page.text


def test_filed_agreement_shows_its_number(client: PageClient) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}")
    assert agreement.filing_number in page.text
    assert page.select(".step-done .step-label")[-1].get_text() == "备案"


def test_figures_open_the_lists_behind_them(client: PageClient) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    task = closure_requested(scene)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}")
    total = db.session.query(type(task)).filter_by(pairing_id=scene.pairing_id).count()
    assert page.texts(".stat-value")[0] == f"0/{total}"
    assert "确认 1 项销号申请" in page.one("#waiting").get_text()
    links = [link["href"] for link in page.select("a.stat, #waiting a")]
    assert len(links) >= 4
    for address in links:
        assert client.get(address).status == 200, address


def test_overdue_tasks_count_only_once_the_plan_is_in_force(client: PageClient) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    late = [task for task in plan.tasks if task.state is TaskState.NOT_STARTED]
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}")
    shown = int(page.texts(".stat-value")[1])
    assert shown == sum(task.due_on < clock.today() for task in late)


def test_ten_latest_events_are_shown_and_all_of_them_one_click_away(client: PageClient) -> None:
    scene = make_scene()
    for number in range(12):
        record(scene.pairing, "pairing", action="x", title=f"第{number}件", actor=scene.centre)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}")
    assert len(page.select(".timeline .event")) == 10
    assert "第11件" in page.text
    more = page.one(".panel a[href$='/events']")
    assert len(client.get(more["href"]).select(".timeline .event")) == 12


def test_pairing_without_events_says_what_will_stand_there(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.centre, PASSWORD)
    assert "还没有动态" in client.get(f"/pairings/{scene.pairing_id}/events").text


def test_nobody_without_pairings_meets_an_empty_page(client: PageClient, new_client) -> None:
    scene = make_scene()
    client.login(scene.supporting_contributor, PASSWORD)
    assert "还没有任务分配给您" in client.get("/pairings").text
    for pairing in (scene.pairing, scene.foreign):
        db.session.delete(pairing)
    province = new_client()
    province.login(scene.centre, PASSWORD)
    assert province.get("/pairings").one(".empty a")["href"] == "/programmes"


def test_list_takes_a_fixed_number_of_queries(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.centre, PASSWORD)
    with count_queries() as few:
        client.get("/pairings")
    for _ in range(12):
        pairing = make_pairing(scene.programme)
        complete_group(pairing)
        plan_in_force(pairing, scene)
    with count_queries() as many:
        client.get("/pairings")
    many.at_most(8)
    assert len(many) - len(few) <= 1


def test_page_of_one_pairing_takes_a_fixed_number_of_queries(client: PageClient) -> None:
    scene = make_scene()
    filed_agreement(scene)
    client.login(scene.centre, PASSWORD)
    with count_queries() as queries:
        client.get(f"/pairings/{scene.pairing_id}")
    queries.at_most(14)
