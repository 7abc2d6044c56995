"""The assessment's pages: who sees what, the rows behind a figure, lists, print, budgets."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from portal.extensions import db
from portal.models import AssessmentState
from portal.services import assessment_reviews as reviews
from tests.factories import PASSWORD, ledgers, make_pairing, make_scene
from tests.factories import assessments as made
from tests.factories.scenes import Scene
from tests.support.assessments import SHEET, fields, item_id, reload, url
from tests.support.pages import PageClient
from tests.support.queries import count_queries

S = AssessmentState
EVERYBODY_INVOLVED = [
    *("commission", "centre", "city"),
    *("supporting_coordinator", "supporting_leader", "supported_coordinator", "supported_leader"),
]
OUTSIDERS = [
    *("foreign_coordinator", "foreign_leader", "supporting_contributor", "supported_contributor"),
    *("expert", "administrator", "auditor"),
]


# Who sees what


@pytest.mark.parametrize(
    "stage",
    [
        made.self_assessing,
        made.one_side_submitted,
        made.submitted,
        made.in_review,
        made.provisional,
        made.appealed,
        made.final_assessment,
    ],
    ids=lambda stage: stage.__name__,
)
def test_everybody_involved_reads_every_page_at_every_stage(
    client: PageClient, new_client: Callable[[], PageClient], stage: Any
) -> None:
    scene = make_scene()
    assessment = stage(scene)
    rows = url(assessment, f"/items/{item_id(assessment, '2.1')}")
    pages = [url(assessment), url(assessment, "/print"), rows]
    for who in ("centre", "supported_leader"):
        browser = new_client()
        browser.login(getattr(scene, who), PASSWORD)
        for path in pages:
            assert browser.get(path).status == 200, (who, path)


@pytest.mark.parametrize("who", EVERYBODY_INVOLVED)
def test_the_lists_show_an_involved_person_the_year(client: PageClient, who: str) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    client.login(getattr(scene, who), PASSWORD)
    for path in ("/assessments", f"/pairings/{scene.pairing_id}/assessments"):
        page = client.get(path)
        assert page.status == 200
        assert [str(link["href"]) for link in page.select("tbody th a")] == [url(assessment)]


@pytest.mark.parametrize("who", OUTSIDERS)
def test_an_outsider_is_told_there_is_no_such_sheet(client: PageClient, who: str) -> None:
    scene = make_scene()
    assessment = made.in_review(scene)
    rows = f"/items/{item_id(assessment, '2.1')}"
    client.login(getattr(scene, who), PASSWORD)
    for tail in ("", "/print", rows):
        assert client.get(url(assessment, tail)).status == 404, tail
    for tail in (
        *("/self", "/self/submit", "/return", "/start-review", "/review", "/provisional"),
        *("/appeal", "/appeal/answer", "/publish", "/experts", "/experts/remove"),
    ):
        assert client.post(url(assessment, tail), {}).status == 404, tail
    assert client.get("/assessments").select("tbody tr") == []
    assert reload(assessment).state is S.REVIEW


@pytest.mark.parametrize(
    ("tail", "who", "status"),
    [
        ("/self", "centre", 403),
        ("/self/submit", "commission", 403),
        ("/return", "supporting_coordinator", 403),
        ("/start-review", "city", 403),
        ("/review", "supporting_leader", 403),
        ("/provisional", "commission", 403),
        ("/appeal", "centre", 403),
        ("/appeal/answer", "supported_leader", 403),
        ("/publish", "centre", 403),
        ("/experts", "commission", 403),
        ("/experts/remove", "supporting_leader", 403),
        ("/self", "supporting_coordinator", 409),
        ("/self/submit", "supported_leader", 409),
        ("/start-review", "centre", 409),
        ("/publish", "commission", 409),
    ],
)
def test_a_step_that_is_not_theirs_or_not_now_changes_nothing(
    client: PageClient, tail: str, who: str, status: int
) -> None:
    scene = make_scene()
    assessment = made.in_review(scene)
    client.login(getattr(scene, who), PASSWORD)
    assert client.post(url(assessment, tail), {}).status == status
    assert reload(assessment).state is S.REVIEW


@pytest.mark.parametrize(("tail", "status"), [("/review", 409), ("/provisional", 409)])
def test_a_final_sheet_takes_no_review(client: PageClient, tail: str, status: int) -> None:
    scene = make_scene()
    assessment = made.final_assessment(scene)
    client.login(scene.centre, PASSWORD)
    assert client.post(url(assessment, tail), {}).status == status
    assert client.get(url(assessment)).select("main form .save-bar") == []


@pytest.mark.parametrize(
    ("stage", "who", "sees"),
    [
        (made.reviewed, "supported_leader", False),
        (made.reviewed, "city", False),
        (made.reviewed, "commission", True),
        (made.provisional, "supported_leader", True),
        (made.provisional, "city", True),
        (made.appealed, "supporting_coordinator", True),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_hospitals_see_the_review_from_the_provisional_result_on(
    client: PageClient, stage: Any, who: str, sees: bool
) -> None:
    scene = make_scene()
    assessment = stage(scene)
    item = made.score_of(assessment, "A1")
    item.review_score, item.review_reason = Decimal("1.23"), "只有评审知道的理由"
    db.session.flush()
    client.login(getattr(scene, who), PASSWORD)
    for tail in ("", "/print"):
        assert ("只有评审知道的理由" in client.get(url(assessment, tail)).text) is sees
    total = assessment.total
    assert ("66.00" in client.get("/assessments").text) is (sees and total is not None)


def test_an_expert_sees_the_assigned_sheet_and_follows_no_link_out_of_it(
    client: PageClient,
) -> None:
    scene = make_scene()
    ledgers.full_ledger(scene)
    assessment = made.in_review(scene, expert=scene.expert)
    other = made.self_assessing(scene, pairing=make_pairing(scene.programme))
    client.login(scene.expert, PASSWORD)
    listed = client.get("/assessments").select("tbody th a")
    assert [str(link["href"]) for link in listed] == [url(assessment)]
    assert client.get(url(other)).status == 404
    assert client.get(f"/pairings/{scene.pairing_id}/assessments").status == 404
    sheet = client.get(url(assessment))
    rows = client.get(url(assessment, f"/items/{item_id(assessment, '2.1')}"))
    assert len(rows.select("tbody tr")) == 3
    for page in (sheet, rows):
        away = [
            str(link["href"])
            for link in page.select("main a[href]")
            if not str(link["href"]).startswith(("/assessments", "#"))
        ]
        assert away == []
        assert "办理记录" not in page.text


# The rows behind a figure


@pytest.mark.parametrize(
    ("code", "links", "working"),
    [
        ("1.1", "/pairings/", "缺 1 类，得 1.50 分"),
        ("1.2", "/meetings/", "3×min(1, 3÷4)＋1×3÷3＝3.25"),
        ("1.3", "/agreements/", "逾期 12 日，得 2.00 分"),
        ("2.1", "/tasks/", "15×6÷9＝10.00"),
        ("2.2a", "/tasks/", "4×2÷3＝2.67"),
        ("2.2b", "/tasks/", "1×3÷3＝1.00"),
        ("2.3", "/tasks/", "4×1÷2＝2.00"),
    ],
)
def test_a_figure_opens_the_rows_behind_it(
    client: PageClient, code: str, links: str, working: str
) -> None:
    scene = make_scene()
    ledgers.full_ledger(scene)
    assessment = made.in_review(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    sheet = client.get(url(assessment))
    address = url(assessment, f"/items/{item_id(assessment, code)}")
    assert working in sheet.one(f'a[href="{address}"]').get_text()
    page = client.get(address)
    assert working in page.text
    rows = page.select("tbody tr")
    assert rows
    for row in rows:
        target = row.select_one("th > a")
        assert target is not None
        assert str(target["href"]).startswith(links)


def test_a_closed_task_brings_its_files(client: PageClient) -> None:
    scene = make_scene()
    ledgers.play(scene, ledgers.working_task(scene), *ledgers.CLOSED)
    assessment = made.self_assessing(scene)
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get(url(assessment, f"/items/{item_id(assessment, '2.1')}"))
    files = page.select("tbody .sub a")
    assert [file.get_text() for file in files] == ["佐证.pdf", "佐证.pdf"]
    assert all(str(file["href"]).startswith("/files/") for file in files)


def test_the_rows_shown_after_freezing_are_the_frozen_ones(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.in_review(scene)
    ledgers.hold(scene, "2020-06-15", "2020-06-16")
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(url(assessment, f"/items/{item_id(assessment, '1.2')}"))
    assert "没有可计算的记录" in page.text
    assert "冻结" in page.text


@pytest.mark.parametrize("code", ["1.4", "1"])
def test_a_judged_item_or_a_group_has_no_rows(client: PageClient, code: str) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    client.login(scene.centre, PASSWORD)
    (item,) = [one for one in assessment.scheme.items if one.code == code]
    assert client.get(url(assessment, f"/items/{item.id}")).status == 404
    assert client.get(url(assessment, "/items/999999")).status == 404


# Lists and print


def test_the_list_is_filtered_by_year_state_and_programme(client: PageClient) -> None:
    scene = make_scene()
    made.final_assessment(scene)
    made.self_assessing(scene, year=2021)
    client.login(scene.commission, PASSWORD)

    def shown(**query: Any) -> list[str]:
        return client.get("/assessments", query).texts('td[data-label="状态"]')

    assert shown() == ["自评中", "已定稿"]
    assert shown(year=2020) == ["已定稿"]
    assert shown(state="self_assessment") == ["自评中"]
    assert shown(programme=scene.programme.id) == ["自评中", "已定稿"]
    assert shown(year=2021, state="final") == []
    assert shown(year="x", state="x") == ["自评中", "已定稿"]
    assert "没有符合条件的考核" in client.get("/assessments", {"year": 2021, "state": "final"}).text


@pytest.mark.parametrize("who", ["centre", "commission", "supporting_leader", "expert"])
def test_an_empty_list_says_what_belongs_there(client: PageClient, who: str) -> None:
    scene = make_scene()
    client.login(getattr(scene, who), PASSWORD)
    page = client.get("/assessments")
    assert "还没有年度考核" in page.text
    assert bool(page.select(".empty a")) is (who == "centre")


def test_a_contributor_has_no_assessment_tab(client: PageClient) -> None:
    scene = make_scene()
    ledgers.working_task(scene).supported_owner = scene.supported_contributor
    client.login(scene.supported_contributor, PASSWORD)
    assert client.get(f"/pairings/{scene.pairing_id}").status == 200
    assert client.get(f"/pairings/{scene.pairing_id}/assessments").status == 404


def test_the_printed_sheet_carries_figures_verdict_inputs_and_signatures(
    client: PageClient,
) -> None:
    scene = make_scene()
    ledgers.full_ledger(scene)
    assessment = made.reviewed(scene)
    reviews.save_review(assessment, {}, caps={"safety_event": "事故调查报告"}, actor=scene.centre)
    reviews.issue_provisional(assessment, actor=scene.centre)
    reviews.publish(assessment, actor=scene.commission)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(url(assessment, "/print"))
    assert len(page.select("tbody tr")) == len(assessment.scheme.items) + 1
    for told in (
        f"{assessment.total}",
        f"{assessment.supporting_score}",
        f"{assessment.supported_score}",
        "合格",
        "15×6÷9＝10.00",
        "事故调查报告",
        "签字、盖章",
    ):
        assert told in page.text, told


# Budgets


@pytest.mark.parametrize(
    ("stage", "who", "budget"),
    [
        (made.self_assessing, "supporting_coordinator", 15),
        (made.submitted, "centre", 16),
        (made.in_review, "centre", 11),
        (made.final_assessment, "supported_leader", 10),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_the_sheet_keeps_a_constant_number_of_queries(
    client: PageClient, stage: Any, who: str, budget: int
) -> None:
    scene = make_scene()
    ledgers.full_ledger(scene)
    assessment = stage(scene)
    client.login(getattr(scene, who), PASSWORD)
    with count_queries() as queries:
        assert client.get(url(assessment)).status == 200
    queries.at_most(budget)


def test_the_list_keeps_a_constant_number_of_queries(client: PageClient) -> None:
    scene = make_scene()
    made.self_assessing(scene)
    client.login(scene.commission, PASSWORD)
    with count_queries() as few:
        client.get("/assessments")
    for _ in range(6):
        made.self_assessing(scene, pairing=make_pairing(scene.programme))
    with count_queries() as many:
        assert len(client.get("/assessments").select("tbody tr")) == 7
    assert len(many) == len(few)
    many.at_most(5)


def test_saving_the_review_keeps_a_constant_number_of_queries(client: PageClient) -> None:
    scene: Scene = make_scene()
    assessment = made.in_review(scene)
    client.login(scene.centre, PASSWORD)
    page, typed = client.get(url(assessment)), fields({"A1": "4"}, assessment)
    with count_queries() as queries:
        assert client.submit(page, SHEET, **typed).status == 303
    queries.at_most(15)
