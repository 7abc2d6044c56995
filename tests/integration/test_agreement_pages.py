"""The agreement's pages through a real client: drafting, editing, signing, sending, receipt."""

from collections.abc import Callable

import pytest

from portal.extensions import db
from portal.models import Agreement, AgreementState
from tests.factories import PASSWORD, make_scene
from tests.factories.agreements import (
    agreement_in,
    draft_agreement,
    submitted_agreement,
)
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


@pytest.mark.parametrize("who", READERS)
@pytest.mark.parametrize("state", STATES)
def test_everyone_of_the_pairing_reads_it_in_every_state(
    client: PageClient, state: str, who: str
) -> None:
    scene = make_scene()
    agreement = agreement_in(state, scene)
    client.login(getattr(scene, who), PASSWORD)
    page = client.get(address(agreement))
    assert page.status == 200
    assert page.h1 == "帮扶协议"
    assert agreement.state.label in page.text
    assert "甲方职责" in page.text
    assert len(page.select(".points li")) == 12


@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_is_told_there_is_no_such_agreement(client: PageClient, who: str) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    client.login(getattr(scene, who), PASSWORD)
    for path in (address(agreement), address(agreement, "edit"), address(agreement, "receipt")):
        assert client.get(path).status == 404
    for verb in VERBS:
        assert client.post(address(agreement, verb), {"comment": "试试"}).status == 404
    assert client.get(f"/pairings/{scene.pairing_id}/agreement").status == 404
    assert client.post(f"/pairings/{scene.pairing_id}/agreement").status == 404
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
