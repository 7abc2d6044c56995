"""The register of agreements: the queue on top, filters in the address, a fixed budget."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from openpyxl import load_workbook

from portal import clock
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementRevision,
    AgreementState,
    Organisation,
    OrganisationKind,
    Pairing,
)
from portal.services import agreements
from tests.factories import (
    PASSWORD,
    Scene,
    make_organisation,
    make_pairing,
    make_programme,
    make_scene,
)
from tests.factories.agreement_papers import amendment
from tests.factories.agreements import (
    draft_agreement,
    filed_agreement,
    sign_and_scan,
    submitted_agreement,
)
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries


def rows(page: Page) -> list[str]:
    return page.texts("main tbody th")


def test_the_queue_stands_on_top_oldest_first_with_its_waiting_days(client: PageClient) -> None:
    scene = make_scene()
    third = make_pairing(scene.programme)
    with time_machine.travel("2020-05-20T03:00:00+00:00", tick=False) as traveller:
        filed_agreement(scene, third)
        later = submitted_agreement(scene)
        traveller.move_to("2020-05-18T03:00:00+00:00")
        earlier = submitted_agreement(scene, scene.foreign)
    client.login(scene.centre, PASSWORD)
    page = client.get("/agreements")
    assert page.texts("#queue tbody th") == [earlier.pairing.title, later.pairing.title]
    assert page.texts("#register tbody th") == [third.title]
    assert "个工作日" in page.one("#queue").get_text()
    assert page.texts("#queue td .button")[0].startswith("审核")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, {"submitted", "draft", "none"}),
        ({"state": "submitted"}, {"submitted"}),
        ({"state": "draft"}, {"draft"}),
        ({"state": "none"}, {"none"}),
        ({"state": "filed"}, set()),
        ({"late": "late"}, {"submitted"}),
        ({"late": "overdue"}, {"draft", "none"}),
        ({"late": "overdue", "state": "draft"}, {"draft"}),
        ({"state": "nonsense", "late": "x", "page": "y"}, {"submitted", "draft", "none"}),
        ({"programme": "0"}, {"submitted", "draft", "none"}),
        ({"programme": "999999"}, set()),
        ({"page": "7"}, set()),
    ],
)
def test_the_register_is_filtered_by_its_address(
    client: PageClient, query: dict[str, str], shown: set[str]
) -> None:
    scene = make_scene()
    third = make_pairing(scene.programme)
    draft_agreement(scene, scene.foreign)
    with time_machine.travel("2020-05-23T03:00:00+00:00", tick=False):
        submitted_agreement(scene)
    titles = {
        "submitted": scene.pairing.title,
        "draft": scene.foreign.title,
        "none": third.title,
    }
    client.login(scene.commission, PASSWORD)
    page = client.get("/agreements", query)
    assert sorted(rows(page)) == sorted(titles[name] for name in shown)
    if not shown:
        assert page.select(".empty a")


def test_the_register_is_filtered_by_programme(client: PageClient) -> None:
    scene = make_scene()
    other = make_programme(name="下一周期", starts_on=date(2023, 6, 1), ends_on=date(2026, 5, 31))
    pairing = make_pairing(other)
    client.login(scene.centre, PASSWORD)
    assert len(rows(client.get("/agreements"))) == 3
    found = rows(client.get("/agreements", {"programme": str(other.id)}))
    assert len(found) == 1
    assert pairing.title in found[0]


SEEN = {
    "centre": 2,
    "commission": 2,
    "city": 1,
    "supporting_coordinator": 1,
    "supported_leader": 1,
    "foreign_coordinator": 1,
    "expert": 0,
    "administrator": 0,
    "auditor": 0,
}


def test_everyone_sees_only_their_own_in_the_register(
    new_client: Callable[[], PageClient],
) -> None:
    scene = make_scene()
    for who, count in SEEN.items():
        browser = new_client()
        browser.login(getattr(scene, who), PASSWORD)
        assert len(rows(browser.get("/agreements"))) == count, who


def test_a_contributor_has_no_register(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supporting_contributor, PASSWORD)
    assert client.get("/agreements").status == 404


def fill_register(scene: Scene, count: int) -> None:
    """Add pairings with an agreement each, in turn in one of four states, plainly built."""
    states = (
        AgreementState.DRAFT,
        AgreementState.SIGNING,
        AgreementState.SUBMITTED,
        AgreementState.FILED,
    )
    start = datetime(2020, 5, 1, tzinfo=UTC)
    supporting = make_organisation()
    for number in range(count):
        state = states[number % 4]
        pairing = Pairing(
            programme=scene.programme,
            sequence=100 + number,
            supporting=supporting,
            supported=Organisation(
                name=f"登记簿第{number}医院",
                short_name=f"登记簿{number}院",
                kind=OrganisationKind.HOSPITAL,
            ),
            created_at=start,
        )
        at = start + timedelta(hours=number)
        sent = at if state in states[2:] else None
        filed = state is AgreementState.FILED
        db.session.add(
            Agreement(
                programme_id=scene.programme.id,
                pairing=pairing,
                state=state,
                created_by_id=scene.supporting_coordinator.id,
                created_at=at,
                state_since=at,
                submitted_at=sent,
                first_submitted_at=sent,
                filing_number=f"备{number}" if filed else None,
                filing_sequence=number if filed else None,
                filing_year=2020 if filed else None,
                filed_at=at if filed else None,
                filed_by_id=scene.centre.id if filed else None,
                revisions=[
                    AgreementRevision(
                        number=1,
                        starts_on=date(2020, 5, 22),
                        ends_on=date(2023, 5, 21),
                        created_at=at,
                    )
                ],
            )
        )
    db.session.flush()


@pytest.mark.parametrize("count", [10, 200])
@pytest.mark.parametrize("who", ["centre", "supporting_coordinator"])
def test_the_register_asks_the_same_few_questions_however_long_it_is(
    client: PageClient, who: str, count: int
) -> None:
    scene = make_scene()
    fill_register(scene, count)
    client.login(getattr(scene, who), PASSWORD)
    with count_queries() as queries:
        page = client.get("/agreements")
    queries.at_most(5)
    assert len(rows(page)) == (min(count + 2, 50) if who == "centre" else 1)


def test_a_long_register_is_turned_page_by_page(client: PageClient) -> None:
    scene = make_scene()
    fill_register(scene, 58)
    client.login(scene.centre, PASSWORD)
    first = client.get("/agreements")
    second = client.get(str(first.one("a[rel=next]")["href"]))
    assert len(rows(first)) == 50
    assert len(rows(second)) == 10
    assert not set(rows(first)) & set(rows(second))
    assert second.one("a[rel=prev]")


def sheet(client: PageClient, query: dict[str, str] | None = None) -> list[list[object]]:
    answer = client.get("/agreements.xlsx", query)
    assert answer.status == 200
    book = load_workbook(BytesIO(answer.response.data))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


def test_the_workbook_holds_just_what_is_shown(client: PageClient) -> None:
    scene = make_scene()
    filed = filed_agreement(scene)
    draft_agreement(scene, scene.foreign)
    client.login(scene.centre, PASSWORD)
    head, *lines = sheet(client)
    assert head[:6] == ["帮扶周期", "帮扶方", "受援方", "类别", "状态", "备案号"]
    assert len(lines) == 2
    assert sheet(client, {"state": "filed"})[1:] == [
        line for line in lines if line[5] == filed.filing_number
    ]
    assert sheet(client, {"q": "绝无此词"})[1:] == []
    client.logout()
    client.login(scene.foreign_coordinator, PASSWORD)
    assert len(sheet(client)) == 2


@pytest.mark.parametrize(
    "word", ["单位名称", "简称", "备案号", "号", "条款", "％无此词", "无此词_"]
)
def test_the_register_is_searched_by_hospital_number_and_text(
    client: PageClient, word: str
) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    draft_agreement(scene, scene.foreign)
    agreement.current.clauses[-1].body += "门诊协同的特别约定。"
    db.session.flush()
    words = {
        "单位名称": scene.pairing.supported.name[:4],
        "简称": scene.pairing.supported.short_name,
        "备案号": str(agreement.filing_number),
        "号": f"{agreement.filing_year}〕{agreement.filing_sequence}号",
        "条款": "门诊协同",
    }
    client.login(scene.commission, PASSWORD)
    found = rows(client.get("/agreements", {"q": words.get(word, word)}))
    assert found == ([scene.pairing.title] if word in words else [])


def test_the_register_is_filtered_by_kind_and_by_what_is_to_be_renewed(client: PageClient) -> None:
    scene = make_scene()
    with time_machine.travel("2020-05-20T03:00:00+00:00", tick=False) as traveller:
        old = filed_agreement(scene)
        filed_agreement(scene, scene.foreign)
        traveller.move_to("2021-03-15T03:00:00+00:00")
        amendment(scene, old)
        client.login(scene.centre, PASSWORD)
        assert rows(client.get("/agreements", {"kind": "amendment"})) == [scene.pairing.title]
        assert len(rows(client.get("/agreements", {"kind": "original"}))) == 2
        assert rows(client.get("/agreements", {"late": "expiring"})) == []
        traveller.move_to("2023-04-01T03:00:00+00:00")
        client.login(scene.centre, PASSWORD)
        page = client.get("/agreements", {"late": "expiring"})
        assert len(rows(page)) == 2
        assert "距期满 50 天" in page.text


def test_an_amendment_is_not_held_against_the_first_deadline(client: PageClient) -> None:
    scene = make_scene()
    with time_machine.travel("2020-05-20T03:00:00+00:00", tick=False) as traveller:
        old = filed_agreement(scene)
        traveller.move_to("2021-03-15T03:00:00+00:00")
        amendment(scene, old)
        client.login(scene.centre, PASSWORD)
        page = client.get("/agreements", {"kind": "amendment"})
        assert "逾期" not in page.one("#register").get_text()
        found = rows(client.get("/agreements", {"late": "overdue"}))
    assert found == [scene.foreign.title]


def test_change_signed_long_ago_is_found_as_overdue_and_once_sent_as_late(
    client: PageClient,
) -> None:
    scene = make_scene()
    with time_machine.travel("2020-05-20T03:00:00+00:00", tick=False) as traveller:
        old = filed_agreement(scene)
        traveller.move_to("2021-03-15T03:00:00+00:00")
        change = amendment(scene, old)
        agreements.open_signing(change, actor=scene.supported_coordinator)
        sign_and_scan(change, scene)
        client.login(scene.centre, PASSWORD)
        overdue = {"kind": "amendment", "late": "overdue"}
        assert rows(client.get("/agreements", overdue)) == []
        traveller.move_to("2021-05-17T03:00:00+00:00")
        client.login(scene.centre, PASSWORD)
        page = client.get("/agreements", overdue)
        assert rows(page) == [scene.pairing.title]
        assert "逾期" in page.one("#register tbody").get_text()
        change.first_submitted_at = clock.now()
        db.session.flush()
        assert rows(client.get("/agreements", overdue)) == []
        late = {"kind": "amendment", "late": "late"}
        assert rows(client.get("/agreements", late)) == [scene.pairing.title]
