"""The page behind the QR code: one task, one person, half an hour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from flask import Flask

from portal import clock, tokens
from portal.extensions import db
from portal.models import AuditEntry, Event, Task, TaskState, Upload, UploadLink, UploadState
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.evidence import pdf_bytes, png_bytes
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.factories.uploads import asking, live_link, receiving
from tests.integration.test_upload_protocol import call, metadata, send
from tests.support.pages import Page, PageClient, form_values

PNG = png_bytes(5)


@pytest.fixture(autouse=True)
def travel() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel("2021-03-15T09:00:00+08:00") as traveller:
        yield traveller


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


@pytest.fixture
def task(scene: Scene) -> Task:
    return make_task(
        plan_in_force(scene.pairing, scene), title="建立制度", evidence=("制度文件", "照片")
    )


def make_code(client: PageClient, scene: Scene, task: Task) -> Page:
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.post(f"/tasks/{task.id}/phone-link")
    assert page.status == 200
    return page


def secret_in(page: Page) -> str:
    return str(page.one(".phone-link a")["href"]).rpartition("/")[2]


def test_coordinator_shows_a_code_and_the_phone_needs_no_log_in(
    client: PageClient, scene: Scene, task: Task, new_client: Callable[[], PageClient]
) -> None:
    shown = make_code(client, scene, task)
    secret = secret_in(shown)
    assert len(secret) >= 43
    assert str(shown.one("img.phone-code")["src"]).startswith("data:image/svg+xml")
    link = db.session.query(UploadLink).one()
    assert link.token_hash == tokens.fingerprint(secret)
    assert link.expires_at - link.created_at == timedelta(minutes=30)
    page = new_client().get(f"/u/{secret}")
    assert page.h1 == "建立制度"
    assert scene.supported_coordinator.name in page.text
    assert page.texts("#requirement option") == ["制度文件", "照片", "其他材料"]
    assert page.select("input[capture=environment]")
    assert not page.select(".site-nav")


def test_code_is_a_fragment_to_htmx_and_a_new_one_ends_the_old(
    client: PageClient, scene: Scene, task: Task, new_client: Callable[[], PageClient]
) -> None:
    first = secret_in(make_code(client, scene, task))
    second = client.post(f"/tasks/{task.id}/phone-link", htmx=True)
    assert second.one("#phone-link")
    phone = new_client()
    assert phone.get(f"/u/{first}").status == 404
    assert phone.get(f"/u/{secret_in(second)}").status == 200
    client.post(f"/tasks/{task.id}/phone-link/revoke")
    assert phone.get(f"/u/{secret_in(second)}").status == 404


def test_phone_sends_in_pieces_in_the_coordinator_s_name(
    client: PageClient, scene: Scene, task: Task
) -> None:
    _, secret = live_link(task, by=scene.supported_coordinator)
    client.get(f"/u/{secret}")
    need = task.requirements[1]
    headers = {
        "Upload-Length": str(len(PNG)),
        # The task in the metadata counts for nothing: the link knows its own.
        "Upload-Metadata": metadata(filename="现场.png", requirement=need.id, task=999999),
    }
    begun = call(client, "POST", f"/u/{secret}/uploads", headers)
    assert begun.status == 201
    assert begun.location.startswith(f"/u/{secret}/uploads/")
    assert send(client, begun.location, 0, PNG).status == 204
    (use,) = db.session.get(Task, task.id).evidence_uses  # type: ignore[union-attr]
    assert (use.requirement_id, use.evidence.added_by_id) == (
        need.id,
        scene.supported_coordinator.id,
    )
    event = db.session.query(Event).filter_by(action="evidence_added").one()
    assert ["方式", "手机扫码上传"] in event.details
    entries = db.session.query(AuditEntry).filter(AuditEntry.path.like("/u/%")).all()
    assert entries
    assert {entry.actor_id for entry in entries} == {scene.supported_coordinator.id}
    assert not [entry for entry in entries if secret in entry.path]
    page = client.get(f"/u/{secret}")
    assert "现场.png" in page.one("#phone-list").get_text()


def test_desk_is_told_how_many_files_came(client: PageClient, scene: Scene, task: Task) -> None:
    link, _ = live_link(task, by=scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    path = f"/tasks/{task.id}/phone-link"
    before = client.get(path, {"seen": "0-0-0"}, htmx=True)
    assert "手机上传：已保存 0 个 ·" in before.text
    assert "HX-Trigger" not in before.headers
    upload = asking(task, by=scene.supported_coordinator)
    upload.link = link
    after = client.get(path, {"seen": "0-0-0"}, htmx=True)
    assert "手机上传：已保存 0 个，1 个待确认" in after.text
    assert "portal:refresh" in after.headers["HX-Trigger"]
    assert "seen=0-1-0" in str(after.one("#phone-sent")["hx-get"])


def test_code_stays_in_view_and_its_count_survives_a_new_one(
    client: PageClient, scene: Scene, task: Task
) -> None:
    link, _ = live_link(task, by=scene.supported_coordinator)
    asking(task, by=scene.supported_coordinator).link = link
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert "1 个待确认 · 二维码 2021-03-15 09:30 前有效" in page.one("#phone-link").get_text()
    fresh = client.submit(page, f"form[action$='/{task.id}/phone-link']")
    assert "已保存 0 个，1 个待确认" in fresh.one("#phone-sent").get_text()
    client.submit(client.get(f"/tasks/{task.id}"), "form[action$=revoke]")
    page = client.get(f"/tasks/{task.id}")
    assert page.one("#phone-link").get_text(strip=True) == "手机扫码上传"


def test_desk_asks_no_more_once_the_code_has_ended(
    client: PageClient, scene: Scene, task: Task, travel: time_machine.Coordinates
) -> None:
    live_link(task, by=scene.supported_coordinator)
    travel.shift(timedelta(minutes=31))
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}/phone-link", {"seen": "0-0-0"}, htmx=True)
    assert "二维码已失效" in page.text
    assert not page.select("[hx-get]")


@pytest.mark.parametrize(
    "why",
    ["wrong", "cut off", "expired", "revoked", "disabled", "lost", "locked", "another's upload"],
)
def test_dead_link_is_not_found_and_says_what_to_do(
    client: PageClient, scene: Scene, task: Task, why: str, travel: time_machine.Coordinates
) -> None:
    task.supported_owner = scene.supported_contributor
    link, secret = live_link(task, by=scene.supported_contributor)
    upload = receiving(task, by=scene.supported_contributor, content=PNG, arrived=3, link=link)
    if why == "wrong":
        secret = tokens.new_secret()
    elif why == "cut off":
        secret = secret[:-1]
    elif why == "expired":
        travel.shift(timedelta(minutes=30))
    elif why == "revoked":
        link.revoked_at = clock.now()
    elif why == "disabled":
        scene.supported_contributor.is_active = False
    elif why == "lost":
        task.supported_owner = None
    elif why == "locked":
        task.state = TaskState.CLOSURE_REQUESTED
    else:
        _, secret = live_link(task, by=scene.supported_coordinator)
        assert call(client, "HEAD", f"/u/{secret}/uploads/{upload.token}", {}).status == 404
        assert send(client, f"/u/{secret}/uploads/{upload.token}", 3, PNG[3:]).status == 404
        return
    page = client.get(f"/u/{secret}")
    assert page.status == 404
    assert "重新点“手机扫码上传”" in page.text
    assert "工作台" not in page.one("main").get_text()
    address = f"/u/{secret}/uploads"
    assert client.post(f"/u/{secret}", {"requirement": "0"}).status == 404
    headers = {"Upload-Length": "9", "Upload-Metadata": metadata(filename="a.png")}
    assert call(client, "POST", address, headers).status == 404
    assert send(client, f"{address}/{upload.token}", 3, PNG[3:]).status == 404
    assert call(client, "DELETE", f"{address}/{upload.token}", {}).status == 404
    assert client.post(f"{address}/{upload.token}/answer", {"answer": "cancel"}).status == 404
    assert db.session.query(Upload).one().state is UploadState.RECEIVING


def test_phone_without_script_sends_by_the_plain_form(
    client: PageClient, scene: Scene, task: Task
) -> None:
    _, secret = live_link(task, by=scene.supported_coordinator)
    page = client.get(f"/u/{secret}")
    files = [
        (BytesIO(pdf_bytes("手机")), "通知.pdf"),
        (BytesIO("电话 13812345678".encode()), "名册.txt"),
    ]
    answer = client.submit(page, "main form[enctype]", files=files)
    assert answer.status == 303
    page = client.get(answer.location)
    assert "已上传 1 个文件。" in page.text
    keep, cancel = page.select("#uploads-open form")
    assert "仍然保存" in keep.get_text()
    assert "取消" in cancel.get_text()
    assert str(keep["action"]).startswith(f"/u/{secret}/uploads/")
    answer = client.post(str(keep["action"]), form_values(keep))
    assert answer.location == f"/u/{secret}"
    titles = [u.evidence.title for u in db.session.get(Task, task.id).evidence_uses]  # type: ignore[union-attr]
    assert titles == ["通知", "名册"]


def test_phone_that_sends_no_file_is_told(client: PageClient, scene: Scene, task: Task) -> None:
    _, secret = live_link(task, by=scene.supported_coordinator)
    answer = client.submit(client.get(f"/u/{secret}"), "main form[enctype]")
    assert answer.status == 422
    assert "请先选择要上传的文件" in answer.one("#files-error").get_text()


def test_phone_s_bad_file_is_told_and_the_good_one_is_kept(
    client: PageClient, scene: Scene, task: Task
) -> None:
    _, secret = live_link(task, by=scene.supported_coordinator)
    page = client.get(f"/u/{secret}")
    files = [(BytesIO(b"MZ"), "木马.exe"), (BytesIO(PNG), "现场.png")]
    answer = client.submit(page, "main form[enctype]", files=files)
    assert answer.status == 422
    assert "不能上传“.exe”文件" in answer.one("#files-error").get_text()
    assert "现场.png" in answer.one("#phone-list").get_text()


def test_nobody_makes_a_code_for_a_locked_task(
    client: PageClient, scene: Scene, task: Task
) -> None:
    task.state = TaskState.CONFIRMED
    client.login(scene.supported_coordinator, PASSWORD)
    assert client.post(f"/tasks/{task.id}/phone-link").status == 409
    assert db.session.query(UploadLink).count() == 0
