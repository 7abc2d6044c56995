"""Uploading evidence, using it again, and the library of a pairing."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from portal import clock, storage
from portal.extensions import db
from portal.models import Evidence, EvidenceUse, StoredFile, Task, TaskState
from portal.queries.evidence_library import PAGE_SIZE
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.closures import closed, closure_requested
from tests.factories.evidence import (
    evidence_for,
    evidence_in,
    ole_bytes,
    pdf_bytes,
    png_bytes,
    withdrawn,
)
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import Page, PageClient, form_values
from tests.support.queries import count_queries


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


@pytest.fixture
def task(scene: Scene) -> Task:
    return make_task(
        plan_in_force(scene.pairing, scene), title="建立制度", evidence=("制度文件", "签到表")
    )


def upload(client: PageClient, task: Task, **fields: Any) -> Page:
    """Send the form of the task page with files."""
    data: dict[str, Any] = {"evidence_on": clock.today().isoformat(), **fields}
    return client.post(f"/tasks/{task.id}/evidence", data, content_type="multipart/form-data")


def test_coordinator_uploads_files_for_two_requirements_in_one_form(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    first, second = task.requirements
    day = clock.today() - timedelta(days=9)
    answer = upload(
        client,
        task,
        evidence_on=day.isoformat(),
        **{
            f"file-{first.id}": (BytesIO(pdf_bytes("一")), "培训制度.pdf"),
            f"file-{second.id}": [
                (BytesIO(png_bytes(1)), "签到 1.png"),
                (BytesIO(png_bytes(2)), "签到 2.png"),
            ],
            "file-other": (BytesIO(pdf_bytes("二")), "说明.pdf"),
        },
    )
    assert answer.status == 303
    page = client.get(answer.location)
    assert "已上传 4 件佐证材料。" in page.text
    assert "已有 2/2 项" in page.text
    assert page.texts(".requirement .file-name") == ["培训制度", "签到 1", "签到 2", "说明"]
    assert {piece.evidence_on for piece in db.session.query(Evidence)} == {day}
    assert db.session.get(Task, task.id).state is TaskState.IN_PROGRESS  # type: ignore[union-attr]


def test_coordinator_presses_the_button_without_a_file(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    answer = upload(client, task, statement="写好的说明")
    assert answer.status == 422
    assert "请先选择要上传的文件" in answer.one("#materials").get_text()
    assert db.session.get(Task, task.id).state is TaskState.NOT_STARTED  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("空.pdf", b"", "空文件"),
        ("程序.exe", b"MZ", "不能上传“.exe”文件"),
        ("照片.pdf", png_bytes(), "内容却是PNG 图片"),
    ],
)
def test_coordinator_sees_why_a_file_is_refused_beside_its_field(
    client: PageClient, scene: Scene, task: Task, name: str, content: bytes, said: str
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    bad, good = (f"file-{one.id}" for one in task.requirements)
    day = (clock.today() - timedelta(days=5)).isoformat()
    answer = upload(
        client,
        task,
        evidence_on=day,
        **{bad: (BytesIO(content), name), good: (BytesIO(pdf_bytes("好")), "好.pdf")},
    )
    assert answer.status == 422
    assert said in answer.one(f"#{bad}-error").get_text()
    assert not answer.select(f"#{good}-error")
    assert answer.one("input[name=evidence_on]")["value"] == day
    # The good one need not be chosen again.
    assert [piece.title for piece in db.session.query(Evidence)] == ["好"]
    assert "已上传 1 件佐证材料。" in answer.text


def test_coordinator_sees_that_a_file_is_too_large_and_keeps_the_form(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    store, limit = storage.store(), storage.upload_limit()
    storage.use(store, upload_limit=1000)
    try:
        field = f"file-{task.requirements[0].id}"
        content = pdf_bytes().ljust(1001)
        answer = upload(client, task, **{field: (BytesIO(content), "大.pdf")})
    finally:
        storage.use(store, upload_limit=limit)
    assert answer.status == 422
    assert "超过了" in answer.one(f"#{field}-error").get_text()


@pytest.mark.parametrize(
    ("evidence_on", "said"),
    [
        ("2999-01-01", "不能晚于今天"),
        ("1021-01-01", "早于 2000 年"),
        ("昨天", "日期"),
        ("", "请填写材料日期"),
    ],
)
def test_coordinator_gives_a_wrong_date(
    client: PageClient, scene: Scene, task: Task, evidence_on: str, said: str
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    field = f"file-{task.requirements[0].id}"
    answer = upload(
        client, task, evidence_on=evidence_on, **{field: (BytesIO(pdf_bytes()), "好.pdf")}
    )
    assert answer.status == 422
    assert said in answer.one("#evidence_on-error").get_text()
    assert db.session.query(Evidence).count() == 0


def test_double_click_uploads_once(client: PageClient, scene: Scene, task: Task) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    for _ in range(2):
        answer = upload(
            client,
            task,
            _once="the same form",
            **{f"file-{task.requirements[0].id}": (BytesIO(pdf_bytes()), "好.pdf")},
        )
        assert answer.status == 303
    assert db.session.query(EvidenceUse).count() == db.session.query(StoredFile).count() == 1


def test_coordinator_uploads_a_known_file_and_is_told_where_it_stands(
    client: PageClient, scene: Scene, task: Task
) -> None:
    other = make_task(task.plan, title="开展培训", code="D-07")
    known = evidence_for(
        other, by=scene.supporting_coordinator, name="培训通知.pdf", content=pdf_bytes("同")
    )
    client.login(scene.supported_coordinator, PASSWORD)
    field = f"file-{task.requirements[0].id}"
    answer = upload(client, task, **{field: (BytesIO(pdf_bytes("同")), "又一份.pdf")})
    assert answer.status == 422
    told = answer.one("#uploads-open").get_text()
    assert "与佐证库中的“培训通知”内容相同（已用于D-07 开展培训）" in told
    answer = press(client, answer, "直接选用")
    page = client.get(answer.location)
    need = task.requirements[0].name
    assert f"已选用佐证库中的“培训通知”，用于“{need}”，没有重复保存。" in page.text
    assert page.texts(".requirement .file-name") == ["培训通知"]
    assert not page.select("#uploads-open li")
    assert [use.evidence_id for use in db.session.get(Task, task.id).evidence_uses] == [  # type: ignore[union-attr]
        known.evidence_id
    ]
    assert db.session.query(StoredFile).count() == 1


def press(client: PageClient, page: Page, label: str) -> Page:
    """Press a button of the one upload that waits on the page."""
    (form,) = [one for one in page.select("#uploads-open form") if label in one.get_text()]
    return client.post(str(form["action"]), form_values(form))


def test_contributor_is_not_told_of_tasks_they_do_not_see(
    client: PageClient, scene: Scene, task: Task
) -> None:
    evidence_for(
        make_task(task.plan, title="收入分配方案"),
        by=scene.supporting_coordinator,
        name="方案.pdf",
        content=pdf_bytes("同"),
    )
    task.supported_owner = scene.supported_contributor
    client.login(scene.supported_contributor, PASSWORD)
    field = f"file-{task.requirements[0].id}"
    answer = upload(client, task, **{field: (BytesIO(pdf_bytes("同")), "方案.pdf")})
    assert "与佐证库中的一份材料内容相同" in answer.text
    assert "收入分配方案" not in answer.text
    assert "方案”内容相同" not in answer.text


# Using a piece again


def test_coordinator_searches_ticks_and_uses_a_piece_again(
    client: PageClient, scene: Scene, task: Task
) -> None:
    wanted = evidence_in(scene.pairing, by=scene.supporting_coordinator, name="培训方案.pdf")
    evidence_in(scene.pairing, by=scene.supported_coordinator, name="其他.pdf")
    evidence_in(scene.foreign, by=scene.foreign_coordinator, name="外单位培训方案.pdf")
    gone = evidence_in(scene.pairing, by=scene.supported_coordinator, name="旧培训方案.pdf")
    withdrawn(gone, by=scene.supported_coordinator)
    requirement = task.requirements[1].id
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}/evidence/use", {"q": "培训方", "requirement": requirement})
    assert [str(box["value"]) for box in page.select("input[name=evidence]")] == [str(wanted.id)]
    assert page.select(f"tbody a[href*='/files/{wanted.file_id}']")
    assert "培训方案.pdf" in page.one("tbody th").get_text()
    assert page.one("#requirement option[selected]")["value"] == str(requirement)
    answer = client.submit(page, "main form[method=post]", evidence=str(wanted.id))
    assert answer.status == 303
    (use,) = db.session.get(Task, task.id).evidence_uses  # type: ignore[union-attr]
    assert (use.evidence_id, use.requirement_id) == (wanted.id, requirement)


def test_coordinator_ticks_nothing_and_is_told(
    client: PageClient, scene: Scene, task: Task
) -> None:
    evidence_in(scene.pairing, by=scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    answer = client.post(f"/tasks/{task.id}/evidence/use", {"requirement": "0"})
    assert answer.status == 422
    assert "请至少勾选一件" in answer.text


def test_nobody_uses_a_piece_they_were_not_offered(
    client: PageClient, scene: Scene, task: Task
) -> None:
    foreign = evidence_in(scene.foreign, by=scene.foreign_coordinator)
    hidden = evidence_in(scene.pairing, by=scene.supported_coordinator)
    task.supported_owner = scene.supported_contributor
    client.login(scene.supported_contributor, PASSWORD)
    for piece in (foreign, hidden):
        answer = client.post(
            f"/tasks/{task.id}/evidence/use", {"requirement": "0", "evidence": str(piece.id)}
        )
        assert answer.status == 422
    assert db.session.query(EvidenceUse).count() == 0


def test_pages_that_have_nothing_say_what_belongs_there(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    assert "佐证库还是空的" in client.get(f"/tasks/{task.id}/evidence/use").text
    assert "没有找到" in client.get(f"/tasks/{task.id}/evidence/use", {"q": "甲乙"}).text
    library = client.get(f"/pairings/{scene.pairing_id}/evidence")
    assert "还没有佐证材料" in library.text
    assert library.one(".empty a")["href"] == f"/pairings/{scene.pairing_id}/tasks"
    assert "没有找到" in client.get(f"/pairings/{scene.pairing_id}/evidence", {"q": "甲"}).text


@pytest.mark.parametrize(
    ("role", "status"),
    [("supporting_leader", 200), ("centre", 403), ("city", 403), ("foreign_coordinator", 404)],
)
def test_each_role_is_answered_on_the_page_that_picks(
    client: PageClient, scene: Scene, task: Task, role: str, status: int
) -> None:
    client.login(getattr(scene, role), PASSWORD)
    assert client.get(f"/tasks/{task.id}/evidence/use").status == status


# One piece


def test_coordinator_takes_a_piece_away_from_the_wrong_requirement(
    client: PageClient, scene: Scene, task: Task
) -> None:
    use = evidence_for(task, by=scene.supporting_coordinator)
    piece = use.evidence_id
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/evidence/{piece}")
    assert client.submit(page, "main form[action$=remove]").status == 303
    assert db.session.query(EvidenceUse).count() == 0
    assert "还没有用于任何任务" in client.get(f"/evidence/{piece}").text


def test_coordinator_withdraws_a_piece_and_it_stays_readable(
    client: PageClient, scene: Scene, task: Task
) -> None:
    piece = evidence_for(task, by=scene.supported_coordinator, name="旧制度.pdf").evidence_id
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/evidence/{piece}")
    refused = client.submit(page, "#withdraw form", reason=" ")
    assert refused.status == 422
    assert "请填写撤回的理由" in refused.text
    answer = client.submit(page, "#withdraw form", reason="不是最新版")
    shown = client.get(answer.location)
    assert "这份材料已撤回" in shown.text
    assert "不是最新版" in shown.text
    assert not shown.select("#withdraw")
    assert client.get(f"/files/{db.session.get(Evidence, piece).file_id}").status == 200  # type: ignore[union-attr]


def test_page_of_a_piece_says_why_it_cannot_be_withdrawn(client: PageClient, scene: Scene) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    for made, said in ((closure_requested, "正在审核"), (closed, "已销号任务“")):
        piece = made(scene).evidence_uses[0].evidence_id
        page = client.get(f"/evidence/{piece}")
        assert said in page.one("#change").get_text()
        assert not page.select("#change form")
        assert client.post(f"/evidence/{piece}/withdraw", {"reason": "错"}).status == 409


@pytest.mark.parametrize(
    ("role", "status", "withdraws"),
    [
        ("supported_coordinator", 200, True),
        ("supporting_coordinator", 200, False),
        ("supporting_contributor", 200, False),
        ("supported_contributor", 404, False),
        ("centre", 200, False),
        ("city", 200, False),
        ("expert", 404, False),
        ("foreign_leader", 404, False),
        ("administrator", 404, False),
    ],
)
def test_each_role_is_answered_on_the_page_of_a_piece(
    client: PageClient, scene: Scene, task: Task, role: str, status: int, withdraws: bool
) -> None:
    task.supporting_owner = scene.supporting_contributor
    piece = evidence_for(task, by=scene.supported_coordinator).evidence_id
    client.login(getattr(scene, role), PASSWORD)
    page = client.get(f"/evidence/{piece}")
    assert page.status == status
    assert bool(page.select("#withdraw form")) == withdraws
    answer = client.post(f"/evidence/{piece}/withdraw", {"reason": "错"})
    assert answer.status == (303 if withdraws else 404 if status == 404 else 403)


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        ("方案.pdf", pdf_bytes(), "iframe.preview"),
        ("照片.png", png_bytes(), "img.preview-image"),
        ("名单.csv", "姓名".encode(), "iframe.preview"),
        ("旧表.xls", ole_bytes("Workbook"), ""),
    ],
)
def test_page_of_a_piece_previews_what_a_browser_can_show(
    client: PageClient, scene: Scene, name: str, content: bytes, shown: str
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator, name=name, content=content)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/evidence/{piece.id}")
    if shown:
        assert str(page.one(shown)["src"]).startswith(f"/files/{piece.file_id}")
    else:
        assert not page.select("iframe, main img")
        assert "请下载后查看" in page.text


# The library


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("commission", 200),
        ("centre", 200),
        ("city", 200),
        ("supporting_coordinator", 200),
        ("supported_leader", 200),
        ("supported_contributor", 404),
        ("foreign_coordinator", 404),
        ("expert", 404),
        ("administrator", 404),
        ("auditor", 404),
    ],
)
def test_each_role_is_answered_at_the_library(
    client: PageClient, scene: Scene, task: Task, role: str, status: int
) -> None:
    task.supported_owner = scene.supported_contributor
    client.login(getattr(scene, role), PASSWORD)
    assert client.get(f"/pairings/{scene.pairing_id}/evidence").status == status


def test_library_says_where_each_piece_is_used(
    client: PageClient, scene: Scene, task: Task
) -> None:
    use = evidence_for(task, by=scene.supported_coordinator, name="制度.pdf")
    gone = evidence_in(scene.pairing, by=scene.supported_coordinator, name="旧.pdf")
    withdrawn(gone, by=scene.supported_coordinator, reason="重复")
    evidence_in(scene.foreign, by=scene.foreign_coordinator, name="外单位.pdf")
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/evidence")
    old, new = page.select("tbody tr")
    assert "撤回理由：重复" in old.get_text()
    assert old.select_one("s")
    assert f"{use.task.code} 建立制度（制度文件）" in new.get_text()
    assert "外单位" not in page.text
    found = client.get(f"/pairings/{scene.pairing_id}/evidence", {"q": "制度"})
    assert len(found.select("tbody tr")) == 1
    assert len(client.get(f"/pairings/{scene.pairing_id}/evidence", {"q": "%"}).select("tr")) == 0


def test_library_turns_its_pages_there_and_back(client: PageClient, scene: Scene) -> None:
    titles = [f"材料{number:03d}" for number in range(2 * PAGE_SIZE + 5)]
    for title in titles:
        evidence_in(scene.pairing, by=scene.supported_coordinator, name=f"{title}.pdf")
    client.login(scene.supported_coordinator, PASSWORD)
    newest = titles[::-1]
    first = client.get(f"/pairings/{scene.pairing_id}/evidence", {"q": "材料"})
    second = client.get(str(first.one("a[rel=next]")["href"]))
    third = client.get(str(second.one("a[rel=next]")["href"]))
    back = client.get(str(third.one("a[rel=prev]")["href"]))
    home = client.get(str(back.one("a[rel=prev]")["href"]))
    pages = [first, second, third, back, home]
    shown = [page.texts("tbody th a") for page in pages]
    size = PAGE_SIZE
    assert shown[:3] == [newest[:size], newest[size : 2 * size], newest[2 * size :]]
    assert shown[3:] == [shown[1], shown[0]]
    assert not first.select("a[rel=prev]")
    assert not third.select("a[rel=next]")
    assert not home.select("a[rel=prev]")


def test_library_asks_a_fixed_number_of_questions(
    client: PageClient, scene: Scene, task: Task
) -> None:
    address = f"/pairings/{scene.pairing_id}/evidence"
    client.login(scene.supported_coordinator, PASSWORD)
    evidence_for(task, by=scene.supported_coordinator)
    with count_queries() as few:
        client.get(address)
    for _ in range(PAGE_SIZE):
        evidence_for(make_task(task.plan), by=scene.supported_leader)
    with count_queries() as many:
        client.get(address)
    many.at_most(6)
    assert len(many) == len(few), str(many)
