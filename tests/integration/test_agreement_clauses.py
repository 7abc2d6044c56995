"""One clause by itself: saved, lost by nobody, filled anew, its remark answered and shown again."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from portal.errors import Forbidden, NotVisible, StepRefused
from portal.extensions import db
from portal.models import Agreement, AgreementRemark, AgreementState, AnnexKind
from portal.policies.agreement_remarks import unsettled
from portal.policies.agreement_text import Remark
from portal.queries.agreement_page import remarks_for
from portal.services import agreement_clauses, agreements
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.agreements import (
    agreement_in,
    answer_return,
    complete_group,
    draft_agreement,
    returned_agreement,
    submitted_agreement,
)
from tests.support.pages import PageClient


def clause_page(agreement: Agreement, key: str = "funding") -> str:
    return f"/agreements/{agreement.id}/clauses/{key}"


def body_of(agreement: Agreement, key: str = "funding") -> str:
    db.session.expire_all()
    return next(one.body for one in agreement.current.clauses if one.key == key)


def returned_on_two(scene: Scene) -> Agreement:
    """Returned with a remark on a clause and one on an annex."""
    return agreements.return_agreement(
        submitted_agreement(scene),
        reason="请修改。",
        remarks=[
            Remark("经费保障", "写明承担方。", "funding"),
            Remark(AnnexKind.TASKS.numbered, "补充时限。", AnnexKind.TASKS.remark_key),
        ],
        actor=scene.centre,
    )


def test_a_clause_is_saved_by_itself_and_the_next_one_opens(client: PageClient) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(clause_page(agreement))
    answer = client.submit(page, "#clause form", body="费用由甲方承担。\r\n另行结算。", then="next")
    assert answer.location == clause_page(agreement, "clinical_teaching_research")
    assert body_of(agreement) == "费用由甲方承担。\n另行结算。"
    assert "修改条款经费保障" in client.get(f"/agreements/{agreement.id}").text


def test_two_people_save_different_clauses_at_once(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    other = new_client()
    client.login(scene.supporting_coordinator, PASSWORD)
    other.login(scene.supported_coordinator, PASSWORD)
    mine, theirs = (
        client.get(clause_page(agreement)),
        other.get(clause_page(agreement, "assessment")),
    )
    assert other.submit(theirs, "#clause form", body="考核另定。").status == 303
    assert client.submit(mine, "#clause form", body="经费另定。").status == 303
    assert (body_of(agreement), body_of(agreement, "assessment")) == ("经费另定。", "考核另定。")


def test_whoever_saves_the_same_clause_later_gets_both_texts(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    other = new_client()
    client.login(scene.supporting_coordinator, PASSWORD)
    other.login(scene.supported_coordinator, PASSWORD)
    mine, theirs = client.get(clause_page(agreement)), other.get(clause_page(agreement))
    whole = client.get(f"/agreements/{agreement.id}/edit")
    assert other.submit(theirs, "#clause form", body="由乙方承担。").status == 303
    late = client.submit(mine, "#clause form", body="由甲方承担。")
    assert late.status == 409
    assert "由乙方承担。" in late.one(".conflict").get_text()
    assert late.one("#body").get_text(strip=True) == "由甲方承担。"
    assert client.submit(late, "#clause form").status == 303
    assert body_of(agreement) == "由甲方承担。"
    assert client.submit(whole, "main form", clause_funding="都改").status == 409


@pytest.mark.parametrize(
    ("key", "body", "status"),
    [("funding", "", 422), ("funding", "长" * 5001, 422), ("clinical_teaching_research", "", 303)],
)
def test_a_required_clause_is_not_emptied_and_nothing_typed_is_lost(
    client: PageClient, key: str, body: str, status: int
) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    answer = client.submit(client.get(clause_page(agreement, key)), "#clause form", body=body)
    assert answer.status == status
    if status == 422:
        assert answer.one("#body").get_text(strip=True) == body


@pytest.mark.parametrize("key", ["nonsense", "funding2"])
def test_a_clause_that_is_none_is_not_found(client: PageClient, key: str) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    assert client.get(clause_page(agreement, key)).status == 404


@pytest.mark.parametrize("state", ["signing", "submitted", "filed"])
def test_a_locked_clause_is_not_edited(client: PageClient, state: str) -> None:
    scene = make_scene()
    agreement = agreement_in(state, scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    assert client.get(clause_page(agreement)).status == 409
    typed = client.post(clause_page(agreement), {"body": "我写的"})
    assert typed.status == 409
    assert "我写的" in typed.text


def test_refilling_shows_the_difference_before_anything_is_changed(client: PageClient) -> None:
    scene = make_scene()
    agreement = agreements.draft_agreement(scene.pairing, actor=scene.supporting_coordinator)
    complete_group(scene.pairing, scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    key = "organisation_and_reporting"
    page = client.get(clause_page(agreement, key), {"fresh": "1"})
    assert "林一川" in "".join(page.texts("#fresh ins"))
    assert "待定" in "".join(page.texts("#fresh del"))
    assert "（待定）" in body_of(agreement, key)
    assert client.submit(page, "#fresh form").status == 303
    assert "林一川任组长" in body_of(agreement, key)
    same = client.get(clause_page(agreement, key), {"fresh": "1"})
    assert "完全相同" in same.one("#fresh").get_text()


def test_remarks_are_kept_with_the_revision_that_was_returned(session: Session) -> None:
    scene = make_scene()
    agreement = returned_on_two(scene)
    first, second = agreement.revisions
    assert {one.clause_key for one in first.remarks} == {"funding", "annex_tasks"}
    assert second.remarks == []
    assert remarks_for(agreement, first) == {}
    assert set(remarks_for(agreement, second)) == {"funding", "annex_tasks"}


def test_a_remark_is_answered_where_it_is_mended(client: PageClient) -> None:
    scene = make_scene()
    agreement = returned_on_two(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(clause_page(agreement))
    assert "写明承担方。" in page.one(".asked").get_text()
    answer = client.submit(page, "#clause form", body="由甲方承担。", answer="已写明。")
    assert answer.status == 303
    whole = client.get(f"/agreements/{agreement.id}/edit")
    assert whole.one("#answer_funding").get_text(strip=True) == "已写明。"
    client.submit(whole, "main form", answer_annex_tasks="已补充。")
    answers = {one.clause_key: one.answer for one in db.session.query(AgreementRemark)}
    assert answers == {"funding": "已写明。", "annex_tasks": "已补充。"}


def test_the_resubmission_shows_the_change_with_remark_and_answer_beside(
    client: PageClient,
) -> None:
    scene = make_scene()
    agreement = returned_on_two(scene)
    remarks = remarks_for(agreement, agreement.current)
    agreement_clauses.answer_remarks(
        agreement, remarks, {"funding": "已写明。"}, actor=scene.supported_coordinator
    )
    answer_return(agreement, scene, body="由甲方承担。")
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/agreements/{agreement.id}")
    text = page.one("#clause-funding").get_text()
    assert "写明承担方。" in text
    assert "已写明。" in text
    assert page.select("#clause-funding ins")


def test_a_changed_annex_is_shown_row_by_row(client: PageClient) -> None:
    scene = make_scene()
    agreement = returned_on_two(scene)
    kept = agreement.revisions[0].annexes
    tasks = next(one for one in kept if one.kind is AnnexKind.TASKS)
    rows = [list(one) for one in tasks.content["rows"]]
    rows[0][2] = "原来的任务名称"
    tasks.content = {**tasks.content, "rows": rows}
    answer_return(agreement, scene, body="由甲方承担。")
    client.login(scene.centre, PASSWORD)
    changed = client.get(f"/agreements/{agreement.id}").one("#changed-annex_tasks")
    assert "原来的" in "".join(tag.get_text() for tag in changed.select("del"))
    assert "补充时限。" in changed.get_text()


def test_only_ticked_clauses_are_returned(client: PageClient) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/agreements/{agreement.id}")
    silent = client.submit(page, "#return-form", return_funding="y")
    assert silent.status == 422
    assert "请写明退回的理由" in silent.one("#clause-funding").get_text()
    answer = client.submit(
        page,
        "#return-form",
        return_funding="y",
        remark_funding="写明承担方。",
        remark_assessment="写了又不要的。",
        return_annex_plan="y",
        remark_annex_plan="补充第三年目标。",
    )
    assert answer.status == 303
    kept = {one.clause_key: one.reason for one in db.session.query(AgreementRemark)}
    assert kept == {"funding": "写明承担方。", "annex_plan": "补充第三年目标。"}


def test_after_a_withdrawal_the_remarks_of_the_last_return_still_stand(session: Session) -> None:
    scene = make_scene()
    agreement = returned_on_two(scene)
    answer_return(agreement, scene, body="由甲方承担。")
    agreements.take_back_agreement(agreement, reason="漏盖章。", actor=scene.supported_leader)
    assert set(remarks_for(agreement, agreement.current)) == {"funding", "annex_tasks"}


def test_a_returned_agreement_does_not_go_straight_back(client: PageClient) -> None:
    scene = make_scene()
    agreement = returned_on_two(scene)
    actor = scene.supported_coordinator
    with pytest.raises(StepRefused) as refusal:
        agreements.open_signing(agreement, actor=actor)
    named = zip(refusal.value.missing, ["经费保障", "任务清单"], strict=True)
    assert all(one in sentence for sentence, one in named)
    client.login(actor, PASSWORD)
    links = [
        tag["href"] for tag in client.get(f"/agreements/{agreement.id}").select("#next .missing a")
    ]
    assert links == [
        clause_page(agreement),
        f"/agreements/{agreement.id}/edit#answer_annex_tasks",
    ]
    client.submit(client.get(clause_page(agreement)), "#clause form", body="由甲方承担。")
    db.session.expire_all()
    assert [one.clause_key for one in unsettled(agreement)] == ["annex_tasks"]
    asked = remarks_for(agreement, agreement.current)
    agreement_clauses.answer_remarks(agreement, asked, {"annex_tasks": "已补充。"}, actor=actor)
    assert agreements.open_signing(agreement, actor=actor).state is AgreementState.SIGNING


def test_an_answer_settles_a_clause_that_stays_as_it_was(session: Session) -> None:
    scene = make_scene()
    agreement = returned_on_two(scene)
    said = dict.fromkeys(["funding", "annex_tasks"], "双方协商后维持原文，理由已附。")
    asked = remarks_for(agreement, agreement.current)
    agreement_clauses.answer_remarks(agreement, asked, said, actor=scene.supported_coordinator)
    assert unsettled(agreement) == []


@pytest.mark.parametrize("who", ["centre", "commission", "supported_leader", "foreign_coordinator"])
def test_nobody_else_saves_or_answers(session: Session, who: str) -> None:
    scene = make_scene()
    agreement = returned_agreement(scene)
    person = getattr(scene, who)
    with pytest.raises(Forbidden):
        agreement_clauses.save_clause(agreement, "funding", body="改", seen=None, actor=person)
    with pytest.raises(Forbidden):
        agreement_clauses.answer_remarks(agreement, {}, {}, actor=person)


def test_the_service_guards_state_and_key(session: Session) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    actor = scene.supported_coordinator
    with pytest.raises(StepRefused):
        agreement_clauses.save_clause(agreement, "funding", body="改", seen=None, actor=actor)
    with pytest.raises(NotVisible):
        agreement_clauses.clause_of(agreement, "nonsense")


@pytest.mark.parametrize("place", ["clause", "whole"])
def test_who_saves_over_a_newer_answer_is_told(
    client: PageClient, new_client: Callable[[], PageClient], place: str
) -> None:
    scene = make_scene()
    agreement = returned_on_two(scene)
    address = clause_page(agreement) if place == "clause" else f"/agreements/{agreement.id}/edit"
    form = "#clause form" if place == "clause" else "main form"
    other = new_client()
    client.login(scene.supporting_coordinator, PASSWORD)
    other.login(scene.supported_coordinator, PASSWORD)
    mine, theirs = client.get(address), other.get(clause_page(agreement))
    assert other.submit(theirs, "#clause form", answer="已写明。").status == 303
    field = "answer" if place == "clause" else "answer_funding"
    assert client.submit(mine, form, **{field: "另一个答复。"}).status == 409
    assert {one.answer for one in db.session.query(AgreementRemark)} == {"已写明。", ""}
    assert "已写明。" in client.get(f"/agreements/{agreement.id}").text
