"""The reviewer's form, the experts, and the steps as the page offers them."""

from decimal import Decimal
from typing import Any

import pytest

from portal.models import AssessmentState, Role
from tests.factories import PASSWORD, make_scene, make_user
from tests.factories import assessments as made
from tests.support.assessments import SHEET, fields, item_id, reload, url
from tests.support.pages import PageClient, form_values

S = AssessmentState


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
