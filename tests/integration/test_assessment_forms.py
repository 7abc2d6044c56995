"""Opening a year, filling in its sheet, and two people who do it at once."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from portal.extensions import db
from portal.models import Assessment, AssessmentState, Side
from portal.services import first_run
from tests.factories import PASSWORD, make_scene
from tests.factories import assessments as made
from tests.support.assessments import SHEET, fields, item_id, reload, url
from tests.support.page_rules import words
from tests.support.pages import Page, PageClient, form_values

S = AssessmentState


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
