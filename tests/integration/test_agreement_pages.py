"""The agreement's pages through a real client: drafting, editing, signing, sending, receipt."""

from collections.abc import Callable
from io import BytesIO

import pytest

from portal.extensions import db
from portal.models import Agreement, AgreementState
from portal.services import agreements
from tests.factories import PASSWORD, make_scene
from tests.factories.agreements import (
    agreement_in,
    draft_agreement,
    ready_pairing,
    returned_agreement,
    signed_agreement,
    signing_agreement,
    submitted_agreement,
)
from tests.factories.evidence import pdf_bytes, png_bytes, zip_bytes
from tests.support.pages import PageClient

STATES = ("draft", "signing", "signed", "submitted", "returned", "filed")
READERS = (
    "commission",
    "centre",
    "city",
    "supporting_coordinator",
    "supporting_leader",
    "supported_coordinator",
    "supported_leader",
)
STRANGERS = (
    "foreign_coordinator",
    "foreign_leader",
    "supporting_contributor",
    "supported_contributor",
    "expert",
    "administrator",
    "auditor",
)
VERBS = ("open-signing", "reopen-draft", "sign", "attach-scan", "submit", "file", "return")


def address(agreement: Agreement, *rest: str) -> str:
    return "/".join([f"/agreements/{agreement.id}", *rest])


def only_agreement() -> Agreement:
    return db.session.query(Agreement).one()


@pytest.mark.parametrize("state", STATES)
def test_everyone_of_the_pairing_reads_it_in_every_state(
    new_client: Callable[[], PageClient], state: str
) -> None:
    scene = make_scene()
    agreement = agreement_in(state, scene)
    for who in READERS:
        browser = new_client()
        browser.login(getattr(scene, who), PASSWORD)
        page = browser.get(address(agreement))
        assert page.status == 200
        assert page.h1 == "帮扶协议"
        assert agreement.state.label in page.text
        assert "甲方职责" in page.text
        assert len(page.select(".points li")) == 12


def test_a_stranger_is_told_there_is_no_such_agreement(
    new_client: Callable[[], PageClient],
) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    tab = f"/pairings/{scene.pairing_id}/agreement"
    for who in STRANGERS:
        browser = new_client()
        browser.login(getattr(scene, who), PASSWORD)
        for path in (address(agreement), address(agreement, "edit"), address(agreement, "receipt")):
            assert browser.get(path).status == 404
        for verb in VERBS:
            assert browser.post(address(agreement, verb), {"comment": "试试"}).status == 404
        assert browser.get(tab).status == browser.post(tab).status == 404
    db.session.refresh(agreement)
    assert agreement.state is AgreementState.SUBMITTED


@pytest.mark.parametrize("who", ["commission", "city", "centre", "supporting_leader"])
def test_a_reader_who_may_not_write_is_told_so(client: PageClient, who: str) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    client.login(getattr(scene, who), PASSWORD)
    assert client.get(address(agreement, "edit")).status == 403
    assert client.post(address(agreement, "submit")).status == 403
    assert not client.get(address(agreement)).select("main form")


def test_a_pairing_without_agreement_says_what_is_missing_and_offers_to_draft(
    client: PageClient,
) -> None:
    scene = make_scene()
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/agreement")
    assert "缺少组长" in page.text
    assert "尚未制定三年帮扶工作计划" in page.text
    assert page.select(f'a[href="/pairings/{scene.pairing_id}/group"]')
    answer = client.submit(page, "main form")
    assert answer.status == 303
    shown = client.get(answer.location)
    assert "起草中" in shown.text
    assert only_agreement().current.clauses[0].body.count(scene.pairing.supporting.name) == 1


def test_a_double_click_on_draft_makes_one_agreement(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/agreement")
    first, second = client.submit(page, "main form"), client.submit(page, "main form")
    assert first.status == second.status == 303
    assert first.location == second.location == address(only_agreement())


def test_the_other_coordinator_who_drafts_too_is_led_to_the_first_draft(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene = make_scene()
    other = new_client()
    client.login(scene.supporting_coordinator, PASSWORD)
    other.login(scene.supported_coordinator, PASSWORD)
    page = other.get(f"/pairings/{scene.pairing_id}/agreement")
    client.post(f"/pairings/{scene.pairing_id}/agreement")
    answer = other.submit(page, "main form")
    assert answer.location == address(only_agreement())
    assert "已经有一份协议" in other.get(answer.location).text


def test_the_tab_leads_to_the_agreement(client: PageClient) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    client.login(scene.city, PASSWORD)
    assert client.get(f"/pairings/{scene.pairing_id}/agreement").location == address(agreement)
    page = client.get(address(agreement))
    assert page.texts('.tabs [aria-current="page"]') == ["协议"]


def test_a_coordinator_edits_clause_by_clause(client: PageClient) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(address(agreement, "edit"))
    assert len(page.select("main textarea")) == 21
    answer = client.submit(page, "main form", clause_funding="费用由甲方承担。\r\n另行结算。")
    assert answer.location == address(agreement)
    shown = client.get(answer.location)
    assert "费用由甲方承担。 另行结算。" in shown.text
    assert "修改条款经费保障" in shown.text


def test_a_return_is_answered_in_three_actions(client: PageClient) -> None:
    scene = make_scene()
    agreement = returned_agreement(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    # One: open it. Two: edit. Three: save and send on to be signed.
    page = client.get(address(agreement))
    edit = client.get(str(page.one(".page-actions a")["href"]))
    assert edit.select("button[name=then][value=sign]")
    answer = client.submit(edit, "main form", clause_funding="费用由甲方承担。", then="sign")
    assert answer.status == 303
    db.session.refresh(agreement)
    assert agreement.state is AgreementState.SIGNING
    assert any(c.body == "费用由甲方承担。" for c in agreement.current.clauses)


def test_saving_keeps_the_text_though_it_cannot_be_signed_yet(client: PageClient) -> None:
    scene = make_scene()
    agreement = agreements.draft_agreement(scene.pairing, actor=scene.supporting_coordinator)
    client.login(scene.supporting_coordinator, PASSWORD)
    edit = client.get(address(agreement, "edit"))
    answer = client.submit(edit, "main form", clause_funding="费用由甲方承担。", then="sign")
    shown = client.get(answer.location)
    assert "暂时不能提请签署" in shown.text
    assert "费用由甲方承担。" in shown.text
    assert only_agreement().state is AgreementState.DRAFT


def test_what_was_typed_comes_back_with_the_mistakes_named(client: PageClient) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address(agreement, "edit"))
    answer = client.submit(
        page,
        "main form",
        clause_duties_supporting="  ",
        clause_funding="长" * 5001,
        clause_assessment="改过的考核条款。",
        ends_on="2019-01-01",
    )
    assert answer.status == 422
    assert "最多 5000 个字，现有 5001 个字" in answer.text
    assert answer.one("#clause_assessment").get_text(strip=True) == "改过的考核条款。"
    assert answer.one("#clause_funding").get_text(strip=True) == "长" * 5001
    again = client.submit(answer, "main form", clause_funding="费用自理。")
    assert again.status == 422
    assert "必备条款，可以修改，不能清空" in again.text
    assert "终止日期应晚于起始日期" in again.text
    db.session.refresh(agreement)
    assert agreement.version == 1


@pytest.mark.parametrize("typed", ["", "二〇二〇年", "2020-13-40"])
def test_a_date_that_is_none_is_refused(client: PageClient, typed: str) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address(agreement, "edit"))
    answer = client.submit(page, "main form", starts_on=typed)
    assert answer.status == 422
    assert answer.select("#starts_on-error")


def test_whoever_saves_later_gets_both_texts_and_may_save_again(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    other = new_client()
    client.login(scene.supporting_coordinator, PASSWORD)
    other.login(scene.supported_coordinator, PASSWORD)
    mine, theirs = client.get(address(agreement, "edit")), other.get(address(agreement, "edit"))
    assert other.submit(theirs, "main form", clause_funding="由乙方承担。").status == 303
    late = client.submit(mine, "main form", clause_funding="由甲方承担。")
    assert late.status == 409
    sides = late.texts(".conflict-sides section")
    assert "由甲方承担。" in sides[0]
    assert "由乙方承担。" in sides[1]
    assert "甲方职责" not in sides[0]
    assert late.one("#clause_funding").get_text(strip=True) == "由甲方承担。"
    assert scene.supported_coordinator.name in late.one(".conflict").get_text()
    assert client.submit(late, "main form").status == 303
    body = next(c.body for c in only_agreement().current.clauses if c.key == "funding")
    assert body == "由甲方承担。"


@pytest.mark.parametrize("state", ["signing", "signed", "submitted", "filed"])
def test_a_locked_text_is_not_edited(client: PageClient, state: str) -> None:
    scene = make_scene()
    agreement = agreement_in(state, scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address(agreement, "edit"))
    assert page.status == 409
    assert "文本已锁定" in page.text
    assert client.post(address(agreement, "edit"), {"clause_funding": "改"}).status == 409
    assert not client.get(address(agreement)).select('a[href$="/edit"]')


def test_the_missing_list_stands_before_the_button(client: PageClient) -> None:
    scene = make_scene()
    agreement = agreements.draft_agreement(scene.pairing, actor=scene.supporting_coordinator)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address(agreement))
    assert "尚未制定三年帮扶工作计划" in page.one("#next").get_text()
    assert not page.select('form[action$="/open-signing"]')
    refused = client.post(address(agreement, "open-signing"))
    assert refused.status == 409
    assert "尚未制定三年帮扶工作计划" in refused.text
    ready_pairing(scene)
    edit = client.get(address(agreement, "edit"))
    texts = {c.key: c.body.replace("（待定）", "林一川") for c in agreement.current.clauses}
    texts["task_list_and_closure"] = "任务清单共5项，实行销号管理。"
    client.submit(edit, "main form", **{f"clause_{key}": text for key, text in texts.items()})
    shown = client.get(address(agreement))
    assert client.submit(shown, 'form[action$="/open-signing"]').status == 303
    assert only_agreement().state is AgreementState.SIGNING


def test_from_signing_to_submission_each_does_their_part(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    for leader in (scene.supporting_leader, scene.supported_leader):
        browser = new_client()
        browser.login(leader, PASSWORD)
        page = browser.get(address(agreement))
        assert not page.select('form[action$="/submit"]')
        assert browser.submit(page, 'form[action$="/sign"]').status == 303
        shown = browser.get(address(agreement))
        assert leader.name in shown.one("#signing").get_text()
        assert not shown.select('form[action$="/sign"]')
    client.login(scene.supported_coordinator, PASSWORD)
    upload = (BytesIO(pdf_bytes()), "协议（签字盖章）.pdf")
    page = client.get(address(agreement))
    assert not page.select('form[action$="/submit"]')
    assert client.submit(page, 'form[action$="/attach-scan"]', file=upload).status == 303
    page = client.get(address(agreement))
    frame = page.one("iframe")
    assert "协议（签字盖章）.pdf" in str(frame["title"])
    assert client.get(str(frame["src"])).status == 200
    assert client.submit(page, 'form[action$="/submit"]').status == 303
    shown = client.get(address(agreement))
    assert "等省中心" in shown.text.replace(" ", "")
    assert "文本锁定" in shown.text
    assert [str(form["action"]) for form in shown.select("main form")] == [
        address(agreement, "take-back")
    ]


def test_a_double_click_on_submit_submits_once(client: PageClient) -> None:
    scene = make_scene()
    agreement = signed_agreement(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address(agreement))
    answers = [client.submit(page, 'form[action$="/submit"]') for _ in range(2)]
    assert [answer.status for answer in answers] == [303, 303]
    assert client.get(address(agreement)).text.count("报送省中心备案") == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("协议.docx", zip_bytes("word/document.xml", "[Content_Types].xml"), "PDF 或图片"),
        ("协议.pdf", png_bytes(), "扩展名"),
        ("协议.pdf", b"", "空文件"),
        ("", b"", "请选择要上传的扫描件"),
    ],
)
def test_a_wrong_scan_is_refused_beside_its_field(
    client: PageClient, name: str, content: bytes, said: str
) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address(agreement))
    answer = client.submit(page, 'form[action$="/attach-scan"]', file=(BytesIO(content), name))
    assert answer.status == 422
    assert said in answer.one("#file-error").get_text()
    assert only_agreement().current.scan is None


def test_a_picture_is_shown_as_a_picture(client: PageClient) -> None:
    scene = make_scene()
    agreement = signed_agreement(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address(agreement))
    upload = (BytesIO(png_bytes()), "协议.png")
    client.submit(page, 'form[action$="/attach-scan"]', file=upload)
    page = client.get(address(agreement))
    assert "协议.png" in str(page.one("main img")["alt"])
    assert not page.select("iframe")


def test_taking_it_back_asks_why_and_keeps_what_was_typed(client: PageClient) -> None:
    scene = make_scene()
    agreement = signed_agreement(scene)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(address(agreement))
    form = 'form[action$="/reopen-draft"]'
    refused = client.submit(page, form, comment="长" * 501)
    assert refused.status == 422
    assert refused.one("#comment").get_text(strip=True) == "长" * 501
    assert client.submit(refused, form, comment="改一个数字").status == 303
    assert only_agreement().state is AgreementState.DRAFT
    assert "改一个数字" in client.get(address(agreement)).text


def test_a_withdrawn_page_is_not_signed_any_more(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(address(agreement))
    agreements.reopen_draft(agreement, actor=scene.supporting_coordinator)
    agreements.open_signing(agreement, actor=scene.supporting_coordinator)
    answer = client.submit(page, 'form[action$="/sign"]')
    assert answer.status == 409
    assert only_agreement().current.signatures == []
