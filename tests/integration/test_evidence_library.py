"""The library of evidence: what each role finds in it, and the page of one piece."""

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest

from portal import clock
from portal.extensions import db
from portal.models import Area, Evidence, EvidenceKind, EvidenceStatus, Task, TaskState, User
from portal.queries.evidence_library import PAGE_SIZE
from portal.queries.workbench import bench_of
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.closures import closed, confirmed
from tests.factories.evidence import (
    accepted,
    evidence_for,
    evidence_in,
    pdf_bytes,
    rejected,
    replaced,
    used_at,
    withdrawn,
)
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries

PENDING, ACCEPTED = EvidenceStatus.PENDING, EvidenceStatus.ACCEPTED


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


@pytest.fixture
def task(scene: Scene) -> Task:
    return make_task(plan_in_force(scene.pairing, scene), area=Area.FACULTY)


def titles(page: Page) -> set[str]:
    return set(page.texts("tbody th a"))


# Who finds what


@pytest.mark.parametrize(
    ("role", "plain", "everything"),
    [
        ("commission", {"帮", "受", "外"}, {"帮", "受", "外"}),
        ("centre", {"帮", "受", "外"}, {"帮", "受", "外"}),
        ("city", {"帮", "受"}, {"帮", "受"}),
        ("supporting_coordinator", {"帮"}, {"帮", "受"}),
        ("supporting_leader", {"帮"}, {"帮", "受"}),
        ("supported_coordinator", {"受"}, {"帮", "受"}),
        ("supported_contributor", set(), set()),
        ("foreign_coordinator", {"外"}, {"外"}),
    ],
)
def test_each_role_finds_its_hospitals_pieces_and_no_others(
    client: PageClient, scene: Scene, role: str, plain: set[str], everything: set[str]
) -> None:
    for name, pairing, person in (
        ("帮", scene.pairing, scene.supporting_coordinator),
        ("受", scene.pairing, scene.supported_coordinator),
        ("外", scene.foreign, scene.foreign_coordinator),
    ):
        evidence_in(pairing, by=person, name=f"{name}.pdf")
    client.login(getattr(scene, role), PASSWORD)
    assert titles(client.get("/evidence")) == plain
    assert titles(client.get("/evidence", {"organisation": "all"})) == everything
    for organisation, name in (
        (scene.pairing.supporting_id, "帮"),
        (scene.pairing.supported_id, "受"),
        (scene.foreign.supporting_id, "外"),
    ):
        found = titles(client.get("/evidence", {"organisation": str(organisation)}))
        assert found == everything & {name}
    chosen = client.get("/evidence").select("select[name=organisation] option")
    assert (f"{scene.foreign.supporting_id}" in {str(one["value"]) for one in chosen}) == (
        role in ("commission", "centre")
    )


def test_contributor_finds_what_they_added_and_what_their_tasks_show(
    client: PageClient, scene: Scene, task: Task
) -> None:
    task.supported_owner = scene.supported_contributor
    evidence_for(task, by=scene.supporting_coordinator, name="任务的.pdf")
    evidence_in(scene.pairing, by=scene.supported_contributor, name="自己的.pdf")
    evidence_in(scene.pairing, by=scene.supported_coordinator, name="别人的.pdf")
    client.login(scene.supported_contributor, PASSWORD)
    assert titles(client.get("/evidence", {"organisation": "all"})) == {"任务的", "自己的"}
    assert titles(client.get("/evidence")) == {"自己的"}


@pytest.mark.parametrize("role", ["expert", "administrator", "security_administrator", "auditor"])
def test_those_without_pairings_have_no_library(
    client: PageClient, scene: Scene, role: str
) -> None:
    client.login(getattr(scene, role), PASSWORD)
    assert client.get("/evidence").status == 404
    assert client.post("/evidence/accept").status == 404


# Filters


def test_every_filter_of_the_address_bar_narrows(
    client: PageClient, scene: Scene, task: Task
) -> None:
    today = clock.today()

    def add(name: str, **values: object) -> Evidence:
        piece = evidence_in(scene.pairing, by=scene.supported_coordinator, name=f"{name}.pdf")
        for key, value in values.items():
            setattr(piece, key, value)
        return piece

    add("病房照片", kind=EvidenceKind.PHOTO)
    add("证明", proves="全科医学科独立病房")
    add("旧材料", evidence_on=date(2020, 3, 1))
    add("过期证书", expires_on=today - timedelta(days=1))
    add("将到期证书", expires_on=today + timedelta(days=30))
    accepted(add("认可的"), by=scene.centre)
    rejected(add("不认可的"), by=scene.centre)
    withdrawn(add("撤回的"), by=scene.supported_coordinator)
    used_at(task, add("师资材料"), by=scene.supported_coordinator)
    foreign = evidence_in(scene.foreign, by=scene.foreign_coordinator, name="外.pdf")
    db.session.flush()
    client.login(scene.centre, PASSWORD)
    everything = titles(client.get("/evidence"))
    assert len(everything) == 10
    cases: list[tuple[dict[str, str], set[str]]] = [
        ({"q": "病房"}, {"病房照片", "证明"}),
        ({"q": "旧材料.pd"}, {"旧材料"}),
        ({"q": "%"}, set()),
        ({"kind": "photo"}, {"病房照片"}),
        ({"status": "accepted"}, {"认可的"}),
        ({"status": "rejected"}, {"不认可的"}),
        ({"status": "withdrawn"}, {"撤回的"}),
        ({"area": "faculty"}, {"师资材料"}),
        ({"area": "teaching_activities"}, set()),
        ({"year": "2020"}, {"旧材料"}),
        ({"expiry": "expired"}, {"过期证书"}),
        ({"expiry": "expiring"}, {"将到期证书"}),
        ({"unused": "1"}, everything - {"师资材料"}),
        ({"pairing": str(scene.foreign.id)}, {"外"}),
        ({"organisation": str(foreign.organisation_id)}, {"外"}),
        ({"review": "1"}, everything - {"认可的", "不认可的", "撤回的"}),
    ]
    for query, expected in cases:
        assert titles(client.get("/evidence", query)) == expected, query
    nonsense = {"kind": "x", "status": "x", "area": "x", "year": "3000", "expiry": "x", "q": " "}
    page = client.get("/evidence", {**nonsense, "pairing": "x", "organisation": "x"})
    assert titles(page) == everything


def test_row_tells_the_whole_state_of_a_piece(client: PageClient, scene: Scene, task: Task) -> None:
    piece = evidence_for(task, by=scene.supported_coordinator, name="聘任证书.pdf").evidence
    piece.proves, piece.kind = "带教资格", EvidenceKind.CERTIFICATE
    replaced(piece, by=scene.supported_coordinator)
    accepted(piece, by=scene.centre)
    piece.expires_on = clock.today() - timedelta(days=1)
    db.session.flush()
    client.login(scene.supported_coordinator, PASSWORD)
    row = client.get("/evidence").one("tbody tr").get_text()
    for said in ("聘任证书", "证明：带教资格", "证书证明", "第 2 版", "已认可", "过期", "1 处"):
        assert said in row, said
    assert f"{task.code} {task.title}" in row


def test_library_asks_the_same_number_of_questions_however_much_it_holds(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.centre, PASSWORD)
    evidence_for(task, by=scene.supported_coordinator)
    client.get("/evidence")
    with count_queries() as few:
        client.get("/evidence")
    for _ in range(PAGE_SIZE + 5):
        piece = evidence_for(make_task(task.plan), by=scene.supported_leader).evidence
        used_at(task, piece, by=scene.supported_leader)
    with count_queries() as many:
        page = client.get("/evidence")
    assert len(page.select("tbody tr")) == PAGE_SIZE
    many.at_most(7)
    assert len(many) == len(few), str(many)


# Accepting many


def test_reviewer_ticks_and_accepts_in_one_click(client: PageClient, scene: Scene) -> None:
    pieces = [evidence_in(scene.pairing, by=scene.supported_coordinator) for _ in range(3)]
    own = evidence_in(scene.pairing, by=scene.supporting_coordinator)
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/evidence", {"status": "pending"})
    boxes = [str(box["value"]) for box in page.select("input[name=piece]")]
    assert boxes == [f"{one.id}-{one.version}" for one in reversed(pieces)]
    replaced(pieces[2], by=scene.supported_coordinator)
    answer = client.submit(page, "form:has(input[name=piece])", piece=boxes)
    assert answer.status == 303
    assert answer.location.endswith(f"/pairings/{scene.pairing_id}/evidence?status=pending")
    told = client.get(answer.location)
    assert "已认可 2 件佐证材料。" in told.text
    assert f"没有办成：“{pieces[2].title}”" in told.text
    assert [one.status for one in (*pieces, own)] == [ACCEPTED, ACCEPTED, PENDING, PENDING]


@pytest.mark.parametrize(
    ("role", "boxes"),
    [("centre", 1), ("supporting_coordinator", 1), ("supported_leader", 0), ("city", 0)],
)
def test_only_reviewers_get_boxes_to_tick(
    client: PageClient, scene: Scene, role: str, boxes: int
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    client.login(getattr(scene, role), PASSWORD)
    page = client.get("/evidence", {"organisation": "all"})
    assert len(page.select("input[name=piece]")) == boxes
    client.post("/evidence/accept", {"piece": f"{piece.id}-{piece.version}"})
    assert db.session.get(Evidence, piece.id).status is (ACCEPTED if boxes else PENDING)  # type: ignore[union-attr]


@pytest.mark.parametrize("ticked", [[], ["x"], ["-1"], ["1-"], ["999999-1"], ["1-x", "²-1"]])
def test_nothing_ticked_is_said_and_changes_nothing(
    client: PageClient, scene: Scene, ticked: list[str]
) -> None:
    evidence_in(scene.pairing, by=scene.supported_coordinator)
    client.login(scene.centre, PASSWORD)
    answer = client.post("/evidence/accept", {"piece": ticked})
    assert answer.status == 303
    assert "请先勾选" in client.get(answer.location).text
    assert db.session.query(Evidence).filter_by(status=ACCEPTED).count() == 0


def test_foreign_piece_is_not_accepted_by_a_made_up_tick(client: PageClient, scene: Scene) -> None:
    piece = evidence_in(scene.foreign, by=scene.foreign_coordinator)
    client.login(scene.supporting_leader, PASSWORD)
    client.post("/evidence/accept", {"piece": f"{piece.id}-{piece.version}"})
    assert piece.status is PENDING


# One piece


def details_of(piece: Evidence, **changes: str) -> dict[str, str]:
    return {
        "title": piece.title,
        "kind": piece.kind.value,
        "proves": piece.proves,
        "evidence_on": piece.evidence_on.isoformat(),
        "expires_on": "",
        "version": str(piece.version),
        **changes,
    }


def test_coordinator_edits_the_details_and_the_history_tells(
    client: PageClient, scene: Scene
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_contributor, name="旧.pdf")
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/evidence/{piece.id}")
    form = "form[action$='/details']"
    answer = client.submit(
        page, form, title="新", kind="certificate", proves="资格", expires_on="2090-01-01"
    )
    shown = client.get(answer.location)
    assert shown.h1 == "新"
    assert "2090年1月1日" in shown.one("#facts").get_text()
    assert "旧 → 新" in shown.one("#history").get_text()


def test_wrong_details_come_back_with_everything_typed(client: PageClient, scene: Scene) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/evidence/{piece.id}/details"
    for changes, field in (
        ({"title": " "}, "title"),
        ({"evidence_on": "昨天"}, "evidence_on"),
        ({"evidence_on": "2999-01-01"}, "evidence_on"),
        ({"expires_on": "2001-01-01"}, "expires_on"),
    ):
        answer = client.post(address, details_of(piece, proves="写好的证明事项", **changes))
        assert answer.status == 422
        assert answer.one(f"#{field}-error").get_text()
        assert answer.one("#proves")["value"] == "写好的证明事项"
    assert piece.version == 1


def test_later_editor_gets_both_texts_and_saves_after_reading(
    client: PageClient, scene: Scene
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/evidence/{piece.id}/details"
    stale = details_of(piece, title="我的名称")
    assert client.post(address, details_of(piece, title="别人的名称")).status == 303
    answer = client.post(address, stale)
    assert answer.status == 409
    mine, theirs = (part.get_text() for part in answer.select(".conflict-sides section"))
    assert "我的名称" in mine
    assert "别人的名称" in theirs
    assert answer.one("#title")["value"] == "我的名称"
    assert client.submit(answer, "form[action$='/details']").status == 303
    assert db.session.get(Evidence, piece.id).title == "我的名称"  # type: ignore[union-attr]


def test_new_version_is_uploaded_and_the_old_one_stays_readable(
    client: PageClient, scene: Scene
) -> None:
    piece = rejected(
        evidence_in(scene.pairing, by=scene.supported_coordinator), by=scene.supporting_leader
    )
    old = piece.file_id
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/evidence/{piece.id}/revise"
    banner = client.get(f"/evidence/{piece.id}")
    assert "缺少印章" in banner.one(".returned").get_text()
    assert client.post(address, {"note": "补盖公章"}).status == 422
    nothing = client.post(
        address,
        {"note": "", "file": (BytesIO(pdf_bytes("新")), "新.pdf")},
        content_type="multipart/form-data",
    )
    assert nothing.status == 422
    for _ in range(2):
        answer = client.post(
            address,
            {
                "note": "补盖公章",
                "_once": "one form",
                "file": (BytesIO(pdf_bytes("新")), "新.pdf"),
            },
            content_type="multipart/form-data",
        )
        assert answer.status == 303
    page = client.get(answer.location)
    assert "待审核" in page.text
    assert len(page.select("#revisions li")) == 2
    assert "换版说明：补盖公章" in page.one("#revisions").get_text()
    assert client.get(f"/files/{old}").status == 200


@pytest.mark.parametrize(
    ("step", "fields"),
    [
        ("withdraw", {"reason": "写好的理由"}),
        ("reject", {"review_reason": "写好的理由"}),
    ],
)
@pytest.mark.parametrize("why", ["frozen", "stale"])
def test_refused_step_gives_the_words_back(
    client: PageClient, scene: Scene, step: str, fields: dict[str, str], why: str
) -> None:
    if why == "frozen":
        piece = closed(scene).evidence_uses[0].evidence
    else:
        piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
        replaced(piece, by=scene.supported_coordinator)
    before = piece.status
    client.login(scene.supported_coordinator if step == "withdraw" else scene.centre, PASSWORD)
    seen = str(piece.version - (why == "stale"))
    answer = client.post(f"/evidence/{piece.id}/{step}", {**fields, "version": seen})
    assert answer.status == 409
    assert "写好的理由" in answer.text
    assert piece.status is before


def test_reviewer_accepts_or_gives_a_reason_on_the_page_of_the_piece(
    client: PageClient, scene: Scene, task: Task
) -> None:
    piece = evidence_for(task, by=scene.supported_coordinator).evidence
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/evidence/{piece.id}")
    refused = client.submit(page, "form[action$='/reject']", review_reason=" ")
    assert refused.status == 422
    assert "请写明不予认可的理由" in refused.one("#review_reason-error").get_text()
    assert client.submit(page, "form[action$='/accept']").status == 303
    page = client.get(f"/evidence/{piece.id}")
    assert not page.select("form[action$='/accept']")
    assert client.submit(page, "form[action$='/reject']", review_reason="日期不符").status == 303
    assert not client.get(f"/evidence/{piece.id}").select("#review")
    shown = client.get(f"/tasks/{task.id}")
    assert "日期不符" in shown.one(".returned").get_text()
    assert "不予认可" in shown.select(".requirement")[0].get_text()
    assert "已有 0/1 项" in shown.text


def test_review_page_of_a_closure_offers_only_the_return_of_a_rejected_round(
    client: PageClient, scene: Scene
) -> None:
    task = confirmed(scene)
    piece = task.evidence_uses[0].evidence
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/closure/{task.id}")
    assert page.select("form[action$='/verify']")
    assert page.select(f"figure a[href='/evidence/{piece.id}']")
    rejected(piece, by=scene.other_centre)
    page = client.get(f"/closure/{task.id}")
    assert not page.select("form[action$='/verify']")
    assert page.select("form[action$='/return']")
    assert "不予认可，请退回本次申请" in page.text
    assert client.post(f"/tasks/{task.id}/closure/verify").status in (404, 409)
    assert db.session.get(Task, task.id).state is TaskState.CONFIRMED  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("role", "offered"),
    [("supporting_coordinator", False), ("supporting_leader", False), ("centre", True)],
)
def test_rejecting_is_offered_to_who_decides_about_the_round_only(
    client: PageClient, scene: Scene, role: str, offered: bool
) -> None:
    piece = evidence_for(confirmed(scene), by=scene.supported_coordinator).evidence
    client.login(getattr(scene, role), PASSWORD)
    page = client.get(f"/evidence/{piece.id}")
    assert page.select("form[action$='/accept']")
    assert bool(page.select("form[action$='/reject']")) is offered
    assert ("只有省中心可以不予认可" in page.text) is not offered
    assert "不能变动" not in page.text


# The workbench


def lines(viewer: User, kind: str) -> list[str]:
    return [item.title for item in bench_of(viewer).to_do if item.kind == kind]


@pytest.mark.parametrize(
    "role", ["supported_coordinator", "supported_leader", "supported_contributor"]
)
def test_uploader_finds_what_was_not_accepted_until_it_is_mended(
    scene: Scene, task: Task, role: str
) -> None:
    uploader = getattr(scene, role)
    piece = evidence_for(task, by=uploader, name="制度.pdf").evidence
    unused = evidence_in(scene.pairing, by=uploader)
    rejected(unused, by=scene.centre)
    assert lines(uploader, "佐证未获认可") == []
    rejected(piece, by=scene.centre)
    assert lines(uploader, "佐证未获认可") == ["制度"]
    for stranger in ("supporting_coordinator", "foreign_coordinator", "centre"):
        assert lines(getattr(scene, stranger), "佐证未获认可") == []
    replaced(piece, by=uploader)
    assert lines(uploader, "佐证未获认可") == []


def test_rejected_piece_is_no_work_once_another_meets_the_requirement(
    client: PageClient, scene: Scene, task: Task
) -> None:
    uploader = scene.supported_coordinator
    rejected(evidence_for(task, by=uploader).evidence, by=scene.centre, reason="看不清")
    client.login(uploader, PASSWORD)
    address = f"/tasks/{task.id}"
    assert "不予认可，请换新版本" in client.get(address).text
    assert len(lines(uploader, "佐证未获认可")) == 1
    evidence_for(task, by=uploader)
    assert "不予认可，请换新版本" not in client.get(address).text
    assert lines(uploader, "佐证未获认可") == []


def test_piece_rejected_under_review_says_how_it_goes_on(client: PageClient, scene: Scene) -> None:
    waiting = confirmed(scene)
    piece = evidence_for(waiting, by=scene.supported_coordinator).evidence
    rejected(piece, by=scene.centre)
    assert lines(scene.supported_coordinator, "佐证未获认可") == []
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/evidence/{piece.id}")
    assert "请等对方退回" in page.text
    assert page.select(f"a[href='/tasks/{waiting.id}#closure']")


@pytest.mark.parametrize(("days", "waits"), [(9, False), (11, True)])
def test_pieces_that_wait_long_are_one_line_for_each_pairing(
    client: PageClient, scene: Scene, days: int, waits: bool
) -> None:
    long_ago = clock.now() - timedelta(days=days)
    for _ in range(3):
        piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
        piece.added_at = piece.revisions[0].added_at = long_ago
    fresh = evidence_in(scene.pairing, by=scene.supported_coordinator)
    fresh.added_at = fresh.revisions[0].added_at = long_ago
    replaced(fresh, by=scene.supported_coordinator)
    db.session.flush()
    wanted = ["待审核佐证 4 件"] if waits else []
    assert lines(scene.supporting_coordinator, "佐证待审核") == wanted
    for stranger in ("supported_coordinator", "foreign_coordinator", "centre", "city"):
        assert lines(getattr(scene, stranger), "佐证待审核") == []
    client.login(scene.supporting_coordinator, PASSWORD)
    links = client.get("/").select("a.work-title[href*='evidence']")
    assert [str(link["href"]) for link in links] == (
        [f"/pairings/{scene.pairing_id}/evidence?review=1"] if waits else []
    )
    if waits:
        assert len(client.get(str(links[0]["href"])).select("tbody tr")) == 4
        everywhere = client.get("/evidence?review=1")
        assert len(everywhere.select("tbody tr")) == 4
        assert everywhere.one("select[name=organisation] option[selected]").text == "全部可见单位"


def test_menu_leads_those_with_pairings_to_the_library(
    new_client: Callable[[], PageClient], scene: Scene
) -> None:
    for role, shown in (("city", True), ("supported_contributor", True), ("auditor", False)):
        client = new_client()
        client.login(getattr(scene, role), PASSWORD)
        page = client.get("/pairings" if shown else "/admin/events")
        assert bool(page.select("nav a[href='/evidence']")) is shown, role
