"""The centre's side: the register, the review, the comparison, the receipt."""

from collections.abc import Callable

import pytest
import time_machine
from sqlalchemy.orm import Session

from portal import clock
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Plan,
    PlanState,
    StoredFile,
)
from portal.policies.agreement_checks import filing_check
from portal.services import agreements
from portal.storage import store
from tests.factories import (
    PASSWORD,
    make_scene,
)
from tests.factories.agreements import (
    BY_EYE,
    agreement_in,
    answer_return,
    filed_agreement,
    returned_agreement,
    submitted_agreement,
)
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries


def address(agreement: Agreement, *rest: str) -> str:
    return "/".join([f"/agreements/{agreement.id}", *rest])


def review(client: PageClient, agreement: Agreement) -> Page:
    return client.get(address(agreement))


def test_the_reviewer_files_and_the_plan_begins(client: PageClient) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    client.login(scene.centre, PASSWORD)
    page = review(client, agreement)
    assert client.submit(page, 'form[action$="/file"]', seal="y", legible="y").status == 303
    shown = review(client, agreement)
    number = f"琼全科帮扶备〔{clock.today().year}〕1号"
    assert shown.text.count(number) >= 2
    assert not shown.select("main form")
    assert db.session.query(Plan).one().state is PlanState.IN_FORCE


def test_a_double_click_on_file_uses_one_number(client: PageClient) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    client.login(scene.centre, PASSWORD)
    page = review(client, agreement)
    answers = [
        client.submit(page, 'form[action$="/file"]', seal="y", legible="y") for _ in range(2)
    ]
    assert [answer.status for answer in answers] == [303, 303]
    db.session.refresh(agreement)
    assert agreement.filing_sequence == 1


def test_the_second_reviewer_is_told_that_it_is_filed(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    other = new_client()
    client.login(scene.centre, PASSWORD)
    other.login(scene.other_centre, PASSWORD)
    page, late = review(client, agreement), review(other, agreement)
    client.submit(page, 'form[action$="/file"]', seal="y", legible="y")
    answer = other.submit(late, "#return-form", comment="请补充。")
    assert answer.status == 409
    assert "协议当前状态为“已备案”，不能退回" in answer.text


def test_reviewing_and_asking_two_changes_takes_at_most_six_actions(client: PageClient) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    client.login(scene.centre, PASSWORD)
    queue = client.get("/agreements")
    # One: open it from the queue. Two and three: tick each clause. Four: return.
    page = client.get(str(queue.one("#queue td a")["href"]))
    assert page.select(".tick #return_funding")
    answer = client.submit(
        page,
        "#return-form",
        return_funding="y",
        remark_funding="请写明食宿由谁承担。",
        return_staff_exchange="y",
        remark_staff_exchange="请写明每年人数。",
    )
    assert answer.status == 303
    db.session.refresh(agreement)
    assert agreement.state is AgreementState.RETURNED
    assert agreement.return_reason == (
        "【人员派驻与进修】请写明每年人数。\n【经费保障】请写明食宿由谁承担。"
    )


def test_the_remark_fields_belong_to_the_form_that_returns(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.centre, PASSWORD)
    page = review(client, submitted_agreement(scene))
    fields = page.select("textarea[name^=remark_]")
    assert len(fields) == 28
    assert {str(field["form"]) for field in fields} == {"return-form"}
    assert page.one("#return-form")


def test_a_return_without_a_word_keeps_nothing_but_says_so(client: PageClient) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    client.login(scene.centre, PASSWORD)
    answer = client.submit(review(client, agreement), "#return-form")
    assert answer.status == 422
    assert "请填写退回的理由" in answer.text


def test_a_remark_that_is_too_long_loses_nothing_typed(client: PageClient) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    client.login(scene.centre, PASSWORD)
    answer = client.submit(
        review(client, agreement),
        "#return-form",
        comment="请修改。",
        return_funding="y",
        remark_funding="长" * 1001,
    )
    assert answer.status == 422
    assert answer.one("#comment").get_text(strip=True) == "请修改。"
    assert answer.one("#remark_funding").get_text(strip=True) == "长" * 1001
    assert answer.select("#return_funding[checked]")
    assert db.session.get_one(Agreement, agreement.id).state is AgreementState.SUBMITTED


def test_the_returned_agreement_says_why_on_top_and_beside_the_clause(client: PageClient) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    client.login(scene.centre, PASSWORD)
    client.submit(
        review(client, agreement),
        "#return-form",
        comment="总体可行。",
        return_funding="y",
        remark_funding="写明承担方。",
    )
    client.logout()
    client.login(scene.supported_coordinator, PASSWORD)
    banner = client.get(address(agreement)).one(".returned").get_text()
    assert "总体可行。" in banner
    assert scene.centre.name in banner
    edit = client.get(address(agreement, "edit"))
    notices = edit.texts("form .asked .text")
    assert notices == ["写明承担方。"]


def test_the_answer_to_a_return_takes_few_actions_and_shows_what_changed(
    client: PageClient,
) -> None:
    scene = make_scene()
    agreement = returned_agreement(scene)
    answer_return(agreement, scene, key="funding", body="甲方开展帮扶工作不收取任何费用。")
    client.login(scene.centre, PASSWORD)
    page = review(client, agreement)
    changed = page.select("#compare > .panel-body > div > .clause")
    assert [str(tag["id"]) for tag in changed] == ["clause-funding"]
    assert "有改动" in changed[0].get_text()
    assert page.select("#clause-funding ins")
    assert page.select("#clause-funding del")
    assert "［新增：" in page.one("#clause-funding").get_text()
    assert "［删除：" in page.one("#clause-funding").get_text()
    assert page.select("#clause-funding textarea[name=remark_funding]")


@pytest.mark.parametrize(("number", "view"), [(1, "text"), (2, "text"), (2, "compare")])
def test_every_revision_stays_readable(client: PageClient, number: int, view: str) -> None:
    scene = make_scene()
    agreement = returned_agreement(scene, reason="请补充经费条款。")
    answer_return(agreement, scene, body="双方经费另行约定。")
    client.login(scene.city, PASSWORD)
    page = client.get(address(agreement), {"revision": number, "view": view})
    assert page.status == 200
    assert ("双方经费另行约定。" in page.text) is (number == 2)
    assert bool(page.select("#compare")) is (view == "compare")
    if number == 1:
        assert "第 1 稿于" in page.text
        assert "请补充经费条款。" in page.text


@pytest.mark.parametrize("number", [0, 3, 99])
def test_a_revision_that_does_not_exist_is_not_found(client: PageClient, number: int) -> None:
    scene = make_scene()
    agreement = returned_agreement(scene)
    client.login(scene.centre, PASSWORD)
    assert client.get(address(agreement), {"revision": number}).status == 404


def test_an_old_revision_is_not_decided_about(client: PageClient) -> None:
    scene = make_scene()
    agreement = answer_return(returned_agreement(scene), scene)
    client.login(scene.centre, PASSWORD)
    assert not client.get(address(agreement), {"revision": 1}).select("#decide")
    assert client.get(address(agreement), {"revision": 2}).select("#decide")


def test_the_filing_check_has_ticks_and_crosses(client: PageClient) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    client.login(scene.centre, PASSWORD)
    page = review(client, agreement)
    verdicts = ["pass"] * 8 + ["look", "fail", "look", "pass"]
    assert [str(li["class"][0]) for li in page.select(".points li")] == [
        f"point-{verdict}" for verdict in verdicts
    ]


def test_bytes_that_were_tampered_with_fail_the_check(client: PageClient) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    file = db.session.query(StoredFile).one()
    path = store().path(file.sha256)
    assert path is not None
    untouched = path.read_bytes()
    client.login(scene.centre, PASSWORD)
    try:
        path.write_bytes(untouched + b"x")
        assert "point-fail" in review(client, agreement).select(".points li")[11]["class"]
        path.unlink()
        assert "point-fail" in review(client, agreement).select(".points li")[11]["class"]
    finally:
        path.write_bytes(untouched)
    assert "point-pass" in review(client, agreement).select(".points li")[11]["class"]


def test_late_is_shown_with_its_days_and_filed_all_the_same(client: PageClient) -> None:
    scene = make_scene()
    with time_machine.travel("2020-06-01T03:00:00+00:00", tick=False):
        agreement = submitted_agreement(scene)
    client.login(scene.centre, PASSWORD)
    page = review(client, agreement)
    assert "逾期报送 10 天" in page.text
    assert client.submit(page, 'form[action$="/file"]', seal="y", legible="y").status == 303
    assert "逾期报送 10 天" in client.get(address(agreement, "receipt")).text


def test_the_receipt_tells_the_whole_way(client: PageClient) -> None:
    scene = make_scene()
    with time_machine.travel("2020-05-20T03:00:00+00:00", tick=False):
        agreement = returned_agreement(scene, reason="请补充经费条款。")
        answer_return(agreement, scene)
        agreements.file_agreement(agreement, checked=BY_EYE, actor=scene.centre)
    assert agreement.current.scan is not None
    digest = agreement.current.scan.sha256
    client.login(scene.city, PASSWORD)
    page = client.get(address(agreement, "receipt"))
    for part in (
        "琼全科帮扶备〔2020〕1号",
        scene.pairing.supporting.name,
        scene.pairing.supported.name,
        "2020年5月22日至2023年5月21日",
        "按期报送",
        digest,
        scene.centre.name,
        scene.supporting_leader.name,
        "请补充经费条款。",
        "准予备案",
    ):
        assert part in page.text
    assert page.select("[data-print]")


@pytest.mark.parametrize("state", ["draft", "submitted", "returned"])
def test_there_is_no_receipt_before_filing(client: PageClient, state: str) -> None:
    scene = make_scene()
    agreement = agreement_in(state, scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    answer = client.get(address(agreement, "receipt"))
    assert answer.status == 409
    assert "还没有备案" in answer.text


def test_the_page_of_an_agreement_keeps_its_budget(client: PageClient) -> None:
    scene = make_scene()
    agreement = answer_return(returned_agreement(scene), scene)
    client.login(scene.centre, PASSWORD)
    with count_queries() as queries:
        review(client, agreement)
    # Plan and task list are read once more: what was signed is held against what stands now.
    queries.at_most(21)


def test_what_only_the_eye_can_judge_is_ticked_and_kept_with_the_filing(
    client: PageClient,
) -> None:
    scene = make_scene()
    with time_machine.travel("2020-05-20T03:00:00+00:00", tick=False):
        agreement = submitted_agreement(scene)
        client.login(scene.centre, PASSWORD)
        refused = client.submit(review(client, agreement), 'form[action$="/file"]', seal="y")
        assert refused.status == 422
        assert "请核对“扫描件清晰可读”并勾选" in refused.one("#decide").get_text()
        assert refused.select("#seal[checked]")
        client.submit(refused, 'form[action$="/file"]', seal="y", legible="y")
        points = review(client, agreement).texts("#check li")
    seen = f"（审核人 {scene.centre.name} 2020-05-20 核对）"
    assert seen in points[8]
    assert seen in points[10]
    assert "2020-05-20 重新计算，SHA-256" in points[11]
    assert "请人工核对" not in "".join(points)


def test_a_filing_from_before_says_that_nothing_was_recorded(session: Session) -> None:
    agreement = filed_agreement(make_scene())
    points = filing_check(
        agreement,
        agreement.current,
        annexes={},
        plan=None,
        task_areas=[],
        group_gaps=[],
        late=0,
        scan_intact=None,
        recorded={},
    )
    assert [points[at].verdict.label for at in (8, 10, 11)] == ["备案时未登记"] * 3


def test_once_mended_the_return_is_a_quiet_line(client: PageClient) -> None:
    scene = make_scene()
    agreement = returned_agreement(scene, reason="请补充经费条款。")
    agreements.open_signing(agreement, actor=scene.supporting_coordinator)
    db.session.commit()
    client.login(scene.supporting_coordinator, PASSWORD)
    page = review(client, agreement)
    assert not page.select(".returned")
    assert "上次退回意见" in page.text
    assert "请补充经费条款。" in page.text


def test_any_two_revisions_are_shown_side_by_side(client: PageClient) -> None:
    scene = make_scene()
    agreement = returned_agreement(scene)
    answer_return(agreement, scene, body="双方经费另行约定。")
    agreements.take_back_agreement(agreement, reason="漏盖章。", actor=scene.supported_leader)
    answer_return(agreement, scene, body="经费由甲方承担。")
    client.login(scene.centre, PASSWORD)
    page = client.get(address(agreement), {"revision": 3, "view": "compare", "against": 2})
    assert "第 2 稿与第 3 稿对照" in page.one("#compare").get_text()
    assert "另行约定" in "".join(page.texts("#clause-funding del"))
