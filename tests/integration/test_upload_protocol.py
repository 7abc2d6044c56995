"""The tus protocol, spoken by the test client: begin, send, ask how far, end."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask

from portal import clock, storage
from portal.extensions import db
from portal.models import Evidence, Task, TaskState, Upload, UploadState
from portal.policies.uploads import MAX_UNFINISHED
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.evidence import pdf_bytes
from tests.factories.meetings import planned_meeting
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.factories.uploads import receiving
from tests.support.pages import Page, PageClient

PDF = pdf_bytes("分片")
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(autouse=True)
def _ten_months_into_the_programme() -> Iterator[None]:
    with time_machine.travel("2021-03-15T09:00:00+08:00"):
        yield


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


@pytest.fixture
def task(scene: Scene) -> Task:
    return make_task(plan_in_force(scene.pairing, scene), evidence=("制度文件", "签到表"))


def metadata(**said: Any) -> str:
    return ",".join(
        f"{name} {base64.b64encode(str(value).encode()).decode()}" for name, value in said.items()
    )


def begin(client: PageClient, size: int = len(PDF), **said: Any) -> Page:
    headers = {"Upload-Length": str(size), "Upload-Metadata": metadata(**said)}
    return call(client, "POST", "/uploads", headers)


def call(
    client: PageClient, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> Page:
    token = {"X-CSRFToken": client.csrf_token()}
    return client._open(path, method=method, headers={**TUS, **token, **headers}, data=body)


def send(client: PageClient, address: str, offset: int, body: bytes, **headers: str) -> Page:
    said = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return call(client, "PATCH", address, {**said, **headers}, body)


def offset_of(client: PageClient, address: str) -> int:
    answer = call(client, "HEAD", address, {})
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def sentence(page: Page) -> str:
    return page.response.get_data(as_text=True)


def only_upload() -> Upload:
    return db.session.query(Upload).one()


def test_server_says_what_it_speaks(client: PageClient) -> None:
    answer = client._open("/uploads", method="OPTIONS")
    assert answer.status == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation",
        "expiration",
        "termination",
    }
    assert int(answer.headers["Tus-Max-Size"]) == storage.upload_limit()


def test_coordinator_sends_a_file_in_three_pieces(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    answer = begin(
        client,
        filename="制度.pdf",
        task=task.id,
        requirement=task.requirements[1].id,
        evidence_on="2020-06-30",
    )
    assert answer.status == 201
    assert answer.headers["Upload-Expires"].endswith("GMT")
    address = answer.location
    for start in range(0, len(PDF), 200):
        assert offset_of(client, address) == start
        assert db.session.query(Evidence).count() == 0
        part = PDF[start : start + 200]
        sent = send(client, address, start, part)
        assert (sent.status, sent.headers["Upload-Offset"]) == (204, str(start + len(part)))
    assert offset_of(client, address) == len(PDF)
    (use,) = db.session.get(Task, task.id).evidence_uses  # type: ignore[union-attr]
    assert use.requirement_id == task.requirements[1].id
    assert (use.evidence.title, use.evidence.evidence_on.isoformat()) == ("制度", "2020-06-30")
    with storage.store().open(use.evidence.file.sha256) as kept:
        assert kept.read() == PDF
    assert db.session.get(Task, task.id).state is TaskState.IN_PROGRESS  # type: ignore[union-attr]
    assert json.loads(sentence(client.get(address)))["state"] == "stored"
    assert storage.store().received(only_upload().token) == 0


@pytest.mark.parametrize("offset", [0, 3, 300])
def test_piece_at_a_wrong_place_is_refused_and_nothing_is_written(
    client: PageClient, scene: Scene, task: Task, offset: int
) -> None:
    upload = receiving(task, by=scene.supported_coordinator, content=PDF, arrived=10)
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/uploads/{upload.token}"
    assert send(client, address, offset, b"x").status == 409
    assert offset_of(client, address) == 10


def test_more_than_was_announced_is_refused(client: PageClient, scene: Scene, task: Task) -> None:
    upload = receiving(task, by=scene.supported_coordinator, content=PDF, arrived=10)
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/uploads/{upload.token}"
    assert send(client, address, 10, PDF).status == 413
    assert offset_of(client, address) == 10


@pytest.mark.parametrize(
    "role", ["supported_leader", "supporting_coordinator", "foreign_coordinator", "centre"]
)
def test_nobody_else_touches_an_upload(
    client: PageClient, scene: Scene, task: Task, role: str
) -> None:
    upload = receiving(task, by=scene.supported_coordinator, content=PDF, arrived=10)
    client.login(getattr(scene, role), PASSWORD)
    address = f"/uploads/{upload.token}"
    assert call(client, "HEAD", address, {}).status == 404
    assert client.get(address).status == 404
    assert send(client, address, 10, PDF[10:]).status == 404
    assert call(client, "DELETE", address, {}).status == 404
    assert client.post(f"{address}/answer", {"answer": "cancel"}).status == 404
    assert storage.store().received(upload.token) == 10


def test_guessed_and_deformed_tokens_are_not_found(client: PageClient, scene: Scene) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    for token in ("a" * 32, "..%2f..%2fetc", "x", "%00"):
        assert call(client, "HEAD", f"/uploads/{token}", {}).status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "１２"}, 400),
        ({"Upload-Length": "9" * 30}, 400),
        ({"Upload-Defer-Length": "1"}, 400),
        ({"Upload-Length": "5", "Upload-Metadata": "filename ***"}, 400),
        ({"Upload-Length": "5", "Tus-Resumable": "0.2.2"}, 412),
        ({"Upload-Length": "5", "Upload-Metadata": ""}, 404),
    ],
)
def test_request_that_no_client_sends_is_refused(
    client: PageClient, scene: Scene, task: Task, headers: dict[str, str], status: int
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    encoded = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    answer = call(client, "POST", "/uploads", encoded)
    assert answer.status == status
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert db.session.query(Upload).count() == 0


@pytest.mark.parametrize(
    ("said", "size", "status", "words"),
    [
        ({"filename": "木马.exe"}, 9, 422, "不能上传“.exe”文件"),
        ({"filename": ""}, 9, 422, "没有名字"),
        ({"filename": "空.pdf"}, 0, 422, "空文件"),
        ({"filename": "大.mp4"}, 501 * 1024 * 1024, 413, "超过了 500 MB 的限制"),
        ({"filename": "a.pdf", "evidence_on": "2999-01-01"}, 9, 422, "不能晚于今天"),
        ({"filename": "a.pdf", "evidence_on": "昨天"}, 9, 422, "请填写材料日期"),
        ({"filename": "a.pdf", "requirement": 999999}, 9, 422, "材料要求已变动"),
    ],
)
def test_what_is_wrong_from_the_start_is_refused_before_a_byte_is_sent(
    client: PageClient,
    scene: Scene,
    task: Task,
    said: dict[str, Any],
    size: int,
    status: int,
    words: str,
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    answer = begin(client, size, task=task.id, **said)
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert words in sentence(answer)
    assert db.session.query(Upload).count() == 0


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("supporting_leader", 201),
        ("supported_contributor", 404),
        ("foreign_coordinator", 404),
        ("city", 403),
        ("centre", 403),
        ("auditor", 404),
    ],
)
@pytest.mark.parametrize("where", ["task", "meeting", "pairing"])
def test_each_role_begins_an_upload_where_it_may_work(
    client: PageClient, scene: Scene, task: Task, role: str, status: int, where: str
) -> None:
    ids = {"task": task.id, "meeting": planned_meeting(scene).id, "pairing": scene.pairing_id}
    client.login(getattr(scene, role), PASSWORD)
    answer = begin(client, filename="a.pdf", **{where: ids[where]})
    assert answer.status == status


def test_locked_task_takes_nothing_but_what_arrived_is_kept(
    client: PageClient, scene: Scene, task: Task
) -> None:
    """Closure was applied for while the last piece was on its way; later it goes on."""
    upload = receiving(task, by=scene.supported_coordinator, content=PDF, arrived=len(PDF))
    task.state = TaskState.CLOSURE_REQUESTED
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/uploads/{upload.token}"
    assert begin(client, filename="a.pdf", task=task.id).status == 409
    refused = client.post(f"{address}/answer", {"answer": "check"})
    assert refused.status == 409
    assert "正由" in json.loads(sentence(client.get(address)))["sentence"]
    assert offset_of(client, address) == len(PDF)
    db.session.get(Task, task.id).state = TaskState.IN_PROGRESS  # type: ignore[union-attr]
    assert client.post(f"{address}/answer", {"answer": "check"}).status == 303
    assert only_upload().state is UploadState.STORED


def test_coordinator_gives_an_upload_up_and_its_bytes_are_forgotten(
    client: PageClient, scene: Scene, task: Task
) -> None:
    upload = receiving(task, by=scene.supported_coordinator, content=PDF, arrived=10)
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/uploads/{upload.token}"
    assert call(client, "DELETE", address, {}).status == 204
    assert storage.store().received(upload.token) == 0
    assert call(client, "HEAD", address, {}).status == 410
    assert send(client, address, 0, PDF).status == 410
    assert call(client, "DELETE", address, {}).status == 409


def test_disguised_file_is_refused_at_the_end_and_says_why(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    body = b"MZ\x90\x00" + bytes(60)
    address = begin(client, len(body), filename="程序.pdf", task=task.id).location
    assert send(client, address, 0, body).status == 204
    told = json.loads(sentence(client.get(address)))
    assert told["state"] == "refused"
    assert "内容却是Windows 程序" in told["sentence"]
    assert storage.store().received(only_upload().token) == 0
    assert db.session.query(Evidence).count() == 0


def test_request_without_the_page_s_token_is_refused(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    headers = {**TUS, "Upload-Length": "9", "Upload-Metadata": metadata(task=task.id)}
    assert client._open("/uploads", method="POST", headers=headers).status == 400
    assert db.session.query(Upload).count() == 0


def test_stranger_is_led_to_the_log_in(client: PageClient, task: Task) -> None:
    answer = begin(client, filename="a.pdf", task=task.id)
    assert answer.status == 302
    assert answer.location.startswith("/login")


def test_two_hundred_unfinished_uploads_are_enough(
    client: PageClient, scene: Scene, task: Task
) -> None:
    db.session.add_all(
        Upload(
            token=f"{number:032}",
            user=scene.supported_coordinator,
            pairing=task.pairing,
            task=task,
            name="a.pdf",
            evidence_on=clock.today(),
            size=9,
            created_at=clock.now(),
            touched_at=clock.now(),
        )
        for number in range(MAX_UNFINISHED)
    )
    client.login(scene.supported_coordinator, PASSWORD)
    assert "请先处理后再上传" in sentence(begin(client, filename="a.pdf", task=task.id))
    assert db.session.query(Upload).count() == MAX_UNFINISHED


def test_colleague_is_not_held_up_by_somebody_else_s_uploads(
    scene: Scene, task: Task, new_client: Callable[[], PageClient]
) -> None:
    receiving(task, by=scene.supported_coordinator)
    client = new_client()
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert not page.select("#uploads-open li")
