"""The assessment's pages through a real client: who sees what, forms, conflicts, budgets."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from portal.extensions import db
from portal.models import Assessment, AssessmentState, Role, Side
from portal.services import assessment_reviews as reviews
from portal.services import first_run
from tests.factories import PASSWORD, make_pairing, make_scene, make_user
from tests.factories import assessments as made
from tests.factories.scenes import Scene
from tests.integration import test_assessment_facts as ledger
from tests.support.page_rules import words
from tests.support.pages import Page, PageClient, form_values
from tests.support.queries import count_queries

S = AssessmentState
SHEET = 'form[aria-label="考核表"]'
EVERYBODY_INVOLVED = [
    *("commission", "centre", "city"),
    *("supporting_coordinator", "supporting_leader", "supported_coordinator", "supported_leader"),
]
OUTSIDERS = [
    *("foreign_coordinator", "foreign_leader", "supporting_contributor", "supported_contributor"),
    *("expert", "administrator", "auditor"),
]


def url(assessment: Assessment, tail: str = "") -> str:
    return f"/assessments/{assessment.id}{tail}"


def item_id(assessment: Assessment, code: str) -> int:
    return made.score_of(assessment, code).item_id


def reload(assessment: Assessment) -> Assessment:
    db.session.expire_all()
    return assessment


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
    ledger.full_ledger(scene)
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
    ledger.full_ledger(scene)
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
    ledger.play(scene, ledger.working_task(scene), *ledger.CLOSED)
    assessment = made.self_assessing(scene)
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get(url(assessment, f"/items/{item_id(assessment, '2.1')}"))
    files = page.select("tbody .sub a")
    assert [file.get_text() for file in files] == ["佐证.pdf", "佐证.pdf"]
    assert all(str(file["href"]).startswith("/files/") for file in files)


def test_the_rows_shown_after_freezing_are_the_frozen_ones(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.in_review(scene)
    ledger.hold(scene, "2020-06-15", "2020-06-16")
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


# Opening a year


def test_centre_opens_a_year_for_the_chosen_pairings(client: PageClient) -> None:
    scene = make_scene(scheme=first_run.load_scheme())
    client.login(scene.centre, PASSWORD)
    page = client.get("/assessments/new")
    assert len(page.select('input[name="pairings"][checked]')) == 2
    answer = client.submit(page, "main form", year="2020", pairings=[str(scene.pairing_id)])
    assert (answer.status, answer.location) == (303, "/assessments?year=2020")
    assert [one.pairing_id for one in db.session.query(Assessment)] == [scene.pairing_id]
    answer = client.submit(client.get("/assessments/new"), "main form", year="2020")
    assert "另有 1 个此前已发起" in client.get(answer.location).text
    assert db.session.query(Assessment).count() == 2


def test_a_double_click_opens_one_year(client: PageClient) -> None:
    scene = make_scene(scheme=first_run.load_scheme())
    client.login(scene.centre, PASSWORD)
    page = client.get("/assessments/new")
    for _ in range(2):
        assert client.submit(page, "main form", year="2020").status == 303
    assert db.session.query(Assessment).count() == 2


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"pairings": []}, "请至少选择一个结对"),
        ({"cutoff_on": "2021-03-01"}, "考核截止日应在"),
        ({"cutoff_on": "不是日期"}, ""),
        ({"year": "1999"}, ""),
    ],
)
def test_a_bad_year_is_refused_beside_its_field(
    client: PageClient, values: dict[str, Any], sentence: str
) -> None:
    scene = make_scene(scheme=first_run.load_scheme())
    client.login(scene.centre, PASSWORD)
    page = client.get("/assessments/new")
    answer = client.submit(page, "main form", **{"year": "2020", **values})
    assert answer.status == 422
    assert sentence in " ".join(answer.texts(".error"))
    assert answer.select(".field-invalid")
    assert db.session.query(Assessment).count() == 0


@pytest.mark.parametrize("who", ["commission", "city", "supporting_coordinator", "expert"])
def test_nobody_else_opens_a_year(client: PageClient, who: str) -> None:
    scene = make_scene(scheme=first_run.load_scheme())
    client.login(getattr(scene, who), PASSWORD)
    assert client.get("/assessments/new").status == 403
    assert "发起年度考核" not in client.get("/assessments").text


def test_without_a_scheme_the_page_says_what_is_missing(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.centre, PASSWORD)
    assert "还没有可考核的帮扶周期" in client.get("/assessments/new").text
    assert client.get("/assessments/new?programme=999").status == 200


# Filling in


def fields(code_scores: dict[str, str], assessment: Assessment) -> dict[str, str]:
    return {f"score_{item_id(assessment, code)}": value for code, value in code_scores.items()}


def test_a_side_saves_a_draft_and_finds_it_again(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(url(assessment))
    typed = fields({"A1": "3.5", "A2": "１．５"}, assessment)
    note = f"note_{item_id(assessment, 'A1')}"
    answer = client.submit(page, SHEET, **typed, **{note: "见佐证\r\n第二行"})
    assert answer.status == 303
    reload(assessment)
    assert made.score_of(assessment, "A1").self_score == Decimal("3.50")
    assert made.score_of(assessment, "A2").self_score == Decimal("1.50")
    again = client.get(url(assessment))
    assert str(again.one(f'[name="score_{item_id(assessment, "A1")}"]')["value"]) == "3.50"
    assert "第二行" in again.one(f'textarea[name="{note}"]').get_text()
    assert "还有 23 项未评分" in words(again.one(".save-bar"))


def test_each_side_has_fields_for_its_own_items_alone(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    client.login(scene.supported_leader, PASSWORD)
    names = {str(one["name"]) for one in client.get(url(assessment)).select("input[name^=score_]")}
    codes = ["B3", "C1", "C2", "C3", "C4", "D4"]
    assert names == {f"score_{item_id(assessment, code)}" for code in codes}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("4.01", "不能超过本项满分 4.00 分。"),
        ("-1", "不能小于 0 分。"),
        ("3.333", "最多保留两位小数。"),
        ("三分", "请填写数字，例如 2 或 1.5。"),
        ("1e2", "请填写数字，例如 2 或 1.5。"),
        ("99999999999", "请填写数字，例如 2 或 1.5。"),
    ],
)
def test_a_bad_score_gets_a_sentence_beside_it_and_loses_nothing(
    client: PageClient, typed: str, sentence: str
) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    name, other = f"score_{item_id(assessment, 'A1')}", f"note_{item_id(assessment, 'B1')}"
    answer = client.submit(
        client.get(url(assessment)), SHEET, **{name: typed, other: "不能丢的说明"}
    )
    assert answer.status == 422
    assert answer.one(f"#{name}-error").get_text() == sentence
    assert str(answer.one(f'[name="{name}"]')["value"]) == typed
    assert "不能丢的说明" in answer.one(f'textarea[name="{other}"]').get_text()
    assert made.score_of(reload(assessment), "A1").self_score is None


def test_a_note_that_is_too_long_is_refused(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    note = f"note_{item_id(assessment, 'A1')}"
    answer = client.submit(client.get(url(assessment)), SHEET, **{note: "长" * 2001})
    assert answer.status == 422
    assert "最多 2000 个字" in answer.one(f"#{note}-error").get_text()


def test_submitting_with_gaps_keeps_what_was_typed_and_says_how_many(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    data = {
        **form_values(client.get(url(assessment)).one(SHEET)),
        **fields({"C1": "3"}, assessment),
    }
    answer = client.post(url(assessment, "/self/submit"), data)
    assert answer.status == 303
    assert "还差 5 项，暂未提交" in client.get(answer.location).text
    assert made.score_of(reload(assessment), "C1").self_score == Decimal("3")
    assert assessment.submissions == []


def test_submitting_a_full_sheet_locks_the_side(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    full = fields({"B3": "1", "C1": "3", "C2": "1", "C3": "1", "C4": "1", "D4": "1"}, assessment)
    data = {**form_values(client.get(url(assessment)).one(SHEET)), **full}
    for _ in range(2):
        assert client.post(url(assessment, "/self/submit"), data).status == 303
    assert reload(assessment).submission_of(Side.SUPPORTED) is not None
    assert len(assessment.submissions) == 1
    assert client.get(url(assessment)).select(SHEET) == []


# Two people at once


def two_pages(
    client: PageClient, other: PageClient, first: Any, second: Any, path: str
) -> tuple[Page, Page]:
    client.login(first, PASSWORD)
    other.login(second, PASSWORD)
    return client.get(path), other.get(path)


def test_both_sides_save_at_once_without_disturbing_each_other(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene, other = make_scene(), new_client()
    assessment = made.self_assessing(scene)
    mine, theirs = two_pages(
        client, other, scene.supporting_coordinator, scene.supported_coordinator, url(assessment)
    )
    assert client.submit(mine, SHEET, **fields({"A1": "4"}, assessment)).status == 303
    assert other.submit(theirs, SHEET, **fields({"C1": "3"}, assessment)).status == 303
    reload(assessment)
    assert made.score_of(assessment, "A1").self_score == Decimal("4")
    assert made.score_of(assessment, "C1").self_score == Decimal("3")


def test_colleagues_who_fill_in_different_items_are_merged(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene, other = make_scene(), new_client()
    assessment = made.self_assessing(scene)
    mine, theirs = two_pages(
        client, other, scene.supporting_coordinator, scene.supporting_leader, url(assessment)
    )
    assert client.submit(mine, SHEET, **fields({"A1": "4"}, assessment)).status == 303
    assert other.submit(theirs, SHEET, **fields({"A2": "2"}, assessment)).status == 303
    reload(assessment)
    assert made.score_of(assessment, "A1").self_score == Decimal("4")
    assert made.score_of(assessment, "A2").self_score == Decimal("2")


def test_the_later_of_two_editors_of_one_item_gets_both_texts_back(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene, other = make_scene(), new_client()
    assessment = made.self_assessing(scene)
    mine, theirs = two_pages(
        client, other, scene.supporting_coordinator, scene.supporting_leader, url(assessment)
    )
    first = fields({"A1": "4", "A2": "2"}, assessment)
    assert client.submit(mine, SHEET, **first).status == 303
    answer = other.submit(theirs, SHEET, **fields({"A1": "1.5"}, assessment))
    assert answer.status == 409
    told = answer.one(".conflict").get_text(" ")
    assert "1.50 分" in told
    assert "4.00 分" in told
    assert made.score_of(reload(assessment), "A1").self_score == Decimal("4")
    # What only the first one changed is taken over; what was typed is still there.
    assert str(answer.one(f'[name="score_{item_id(assessment, "A2")}"]')["value"]) == "2.00"
    assert str(answer.one(f'[name="score_{item_id(assessment, "A1")}"]')["value"]) == "1.5"
    assert other.submit(answer, SHEET).status == 303
    reload(assessment)
    assert made.score_of(assessment, "A1").self_score == Decimal("1.50")
    assert made.score_of(assessment, "A2").self_score == Decimal("2.00")


def test_two_reviewers_of_one_item_are_told_as_well(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene, other = make_scene(), new_client()
    assessment = made.in_review(scene, expert=scene.expert)
    mine, theirs = two_pages(client, other, scene.centre, scene.expert, url(assessment))
    id_ = item_id(assessment, "A1")
    lower = {f"score_{id_}": "3", f"reason_{id_}": "缺一项"}
    ticked = {"cap_yellow_card": "y", "cap_reason_yellow_card": "整改通知"}
    assert client.submit(mine, SHEET, **lower, **ticked).status == 303
    assert "yellow_card" in reload(assessment).caps
    answer = other.submit(theirs, SHEET, **{f"score_{id_}": "4"})
    assert answer.status == 409
    assert "缺一项" in answer.one(".conflict").get_text(" ")
    assert other.submit(answer, SHEET).status == 303
    assert made.score_of(reload(assessment), "A1").review_score == Decimal("4")
    assert made.score_of(assessment, "A1").reviewer_id == scene.expert.id


def test_caps_changed_by_a_colleague_are_a_conflict(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene, other = make_scene(), new_client()
    assessment = made.in_review(scene)
    mine, theirs = two_pages(client, other, scene.centre, scene.other_centre, url(assessment))
    red = {"cap_red_card": "y", "cap_reason_red_card": "撤销文件"}
    yellow = {"cap_yellow_card": "y", "cap_reason_yellow_card": "整改通知"}
    assert client.submit(mine, SHEET, **red).status == 303
    answer = other.submit(theirs, SHEET, **yellow)
    assert answer.status == 409
    assert "red_card" in reload(assessment).caps
    assert "yellow_card" not in assessment.caps
    assert other.submit(answer, SHEET, **red).status == 303
    assert {"red_card", "yellow_card"} <= set(reload(assessment).caps)


# Reviewing


def test_a_reviewer_saves_and_issues_in_one_go(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.reviewed(scene)
    client.login(scene.centre, PASSWORD)
    page = client.get(url(assessment))
    id_ = item_id(assessment, "A1")
    data = {
        **form_values(page.one(SHEET)),
        f"score_{id_}": "2",
        f"reason_{id_}": "现场查看缺两项",
    }
    answer = client.post(url(assessment, "/provisional"), data)
    assert answer.status == 303
    reload(assessment)
    assert (assessment.state, assessment.total) == (S.PROVISIONAL, Decimal("64.00"))
    assert "64.00" in client.get(answer.location).one(".stats").get_text()


def test_issuing_with_gaps_saves_and_says_how_many(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.in_review(scene)
    client.login(scene.centre, PASSWORD)
    page = client.get(url(assessment))
    data = {**form_values(page.one(SHEET)), **fields({"A1": "4"}, assessment)}
    answer = client.post(url(assessment, "/provisional"), data)
    assert "还差 30 项" in client.get(answer.location).text
    assert reload(assessment).state is S.REVIEW
    assert made.score_of(assessment, "A1").review_score == Decimal("4")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"score_{}": "1"}, "reason_{}"),
        ({"score_{}": "4.5"}, "score_{}"),
        ({"na_{}": "y"}, "na_reason_{}"),
        ({"cap_red_card": "y"}, "cap_reason_red_card"),
    ],
)
def test_a_review_without_its_reason_is_refused_beside_the_field(
    client: PageClient, values: dict[str, str], field: str
) -> None:
    scene = make_scene()
    assessment = made.in_review(scene)
    client.login(scene.centre, PASSWORD)
    id_ = item_id(assessment, "A1")
    typed = {name.format(id_): value for name, value in values.items()}
    answer = client.submit(client.get(url(assessment)), SHEET, **typed)
    assert answer.status == 422
    assert answer.select(f"#{field.format(id_)}-error")
    stored = made.score_of(reload(assessment), "A1")
    assert (stored.review_score, stored.not_applicable) == (None, False)


def test_an_experts_form_has_neither_na_nor_caps(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.in_review(scene, expert=scene.expert)
    client.login(scene.expert, PASSWORD)
    page = client.get(url(assessment))
    assert page.select("input[name^=na_]") == []
    assert page.select("input[name^=cap_]") == []
    assert page.select('button[formaction$="/provisional"]') == []
    assert client.submit(page, SHEET, **fields({"A1": "4"}, assessment)).status == 303
    assert made.score_of(reload(assessment), "A1").reviewer_id == scene.expert.id
    assert client.post(url(assessment, "/provisional"), {}).status == 403


def test_the_centre_assigns_and_removes_an_expert(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.in_review(scene)
    insider = make_user(Role.EXPERT, scene.pairing.supported)
    client.login(scene.centre, PASSWORD)
    page = client.get(url(assessment))
    offered = {str(one["value"]) for one in page.select('select[name="expert"] option')}
    assert str(scene.expert.id) in offered
    assert str(insider.id) not in offered
    form = f'form[action="{url(assessment, "/experts")}"]'
    assert client.submit(page, form, expert=str(scene.expert.id)).status == 303
    assert [one.user_id for one in reload(assessment).experts] == [scene.expert.id]
    assert client.submit(page, form, expert=str(insider.id), _once="").status == 422
    remove = f'form[action="{url(assessment, "/experts/remove")}"]'
    assert client.submit(client.get(url(assessment)), remove).status == 303
    assert reload(assessment).experts == []
    assert client.post(url(assessment, "/experts/remove"), {"expert": "999"}).status == 404


# The steps on the page


@pytest.mark.parametrize(
    ("stage", "who", "tail", "values", "result"),
    [
        (made.submitted, "centre", "/return", {"return_reason": "补充。"}, S.SELF_ASSESSMENT),
        (made.submitted, "centre", "/start-review", {}, S.REVIEW),
        (made.provisional, "supported_leader", "/appeal", {"appeal_reason": "有误。"}, S.APPEAL),
        (
            made.appealed,
            "centre",
            "/appeal/answer",
            {"decision": "uphold", "appeal_reply": "无误。"},
            S.PROVISIONAL,
        ),
        (
            made.appealed,
            "centre",
            "/appeal/answer",
            {"decision": "review", "appeal_reply": "复核。", "retake": "y"},
            S.REVIEW,
        ),
        (made.provisional, "commission", "/publish", {}, S.FINAL),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else None,
)
def test_the_page_offers_the_step_and_takes_it(
    client: PageClient, stage: Any, who: str, tail: str, values: dict[str, str], result: S
) -> None:
    scene = make_scene()
    assessment = stage(scene)
    client.login(getattr(scene, who), PASSWORD)
    page = client.get(url(assessment))
    form = f'form[action="{url(assessment, tail)}"]'
    assert client.submit(page, form, **values).status == 303
    assert reload(assessment).state is result
    after = client.get(url(assessment))
    assert after.status == 200
    for text in (text for name, text in values.items() if name not in ("decision", "retake")):
        assert text in after.text


@pytest.mark.parametrize(
    ("stage", "who", "tail", "values", "field"),
    [
        (made.submitted, "centre", "/return", {"return_reason": " "}, "return_reason"),
        (made.provisional, "supporting_leader", "/appeal", {}, "appeal_reason"),
        (made.appealed, "centre", "/appeal/answer", {"decision": "uphold"}, "appeal_reply"),
        (made.appealed, "centre", "/appeal/answer", {"appeal_reply": "写好的答复"}, "decision"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else None,
)
def test_a_step_without_its_reason_comes_back_open_as_typed(
    client: PageClient, stage: Any, who: str, tail: str, values: dict[str, str], field: str
) -> None:
    scene = make_scene()
    assessment = stage(scene)
    state = assessment.state
    client.login(getattr(scene, who), PASSWORD)
    answer = client.post(url(assessment, tail), values)
    assert answer.status == 422
    assert answer.select(f"details[open] #{field}-error")
    assert values.get("appeal_reply", "") in answer.text
    assert reload(assessment).state is state


def test_nobody_is_offered_a_step_that_is_not_theirs(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.provisional(scene)
    client.login(scene.city, PASSWORD)
    assert client.get(url(assessment)).select("main form") == []


def test_the_sheet_says_whom_it_waits_for(client: PageClient) -> None:
    scene = make_scene()
    assessment = made.one_side_submitted(scene)
    client.login(scene.commission, PASSWORD)
    waiting = client.get(url(assessment)).one(".waiting").get_text()
    assert scene.pairing.supported.short_name in waiting
    assert scene.pairing.supporting.short_name not in waiting


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
    ledger.working_task(scene).supported_owner = scene.supported_contributor
    client.login(scene.supported_contributor, PASSWORD)
    assert client.get(f"/pairings/{scene.pairing_id}").status == 200
    assert client.get(f"/pairings/{scene.pairing_id}/assessments").status == 404


def test_the_printed_sheet_carries_figures_verdict_inputs_and_signatures(
    client: PageClient,
) -> None:
    scene = make_scene()
    ledger.full_ledger(scene)
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
        (made.in_review, "centre", 10),
        (made.final_assessment, "supported_leader", 9),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_the_sheet_keeps_a_constant_number_of_queries(
    client: PageClient, stage: Any, who: str, budget: int
) -> None:
    scene = make_scene()
    ledger.full_ledger(scene)
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
    queries.at_most(14)
