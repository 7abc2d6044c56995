"""Uploads through the services: what is stored, refused, asked about, and what an answer does."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from PIL import Image

from portal import clock, scanner, storage
from portal.errors import Forbidden, PortalError, Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Event,
    Evidence,
    EvidenceStatus,
    EvidenceUse,
    Meeting,
    MeetingState,
    ScanState,
    StoredFile,
    Task,
    TaskState,
    Upload,
    UploadState,
)
from portal.services import uploads as services
from portal.services.upload_forms import look_at, take_in
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.evidence import (
    evidence_for,
    evidence_in,
    locked_pdf_bytes,
    ole_bytes,
    pdf_bytes,
    png_bytes,
    withdrawn,
    zip_bytes,
)
from tests.factories.meetings import planned_meeting
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.factories.uploads import asking, live_link, receiving, settled
from tests.support.pages import PageClient

PHONE = "联系电话 13812345678".encode()


@pytest.fixture(autouse=True)
def _ten_months_into_the_programme() -> Iterator[None]:
    with time_machine.travel("2021-03-15T09:00:00+08:00"):
        yield


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


@pytest.fixture
def task(scene: Scene) -> Task:
    return make_task(plan_in_force(scene.pairing, scene), title="建立制度", code="B-02")


class Says:
    """A scanner with one answer."""

    def __init__(self, answer: ScanState) -> None:
        self.answer = answer

    def scan(self, stream: Any) -> ScanState:
        stream.read()
        return self.answer


@pytest.fixture
def scanner_that(request: pytest.FixtureRequest) -> Iterator[Any]:
    before = scanner.at("")
    yield lambda answer: scanner.use(Says(answer))
    scanner.use(before)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("空白.pdf", b"   ", "内容却是纯文本"),
        ("程序.pdf", b"MZ\x90\x00" + bytes(60), "请核对是否选错了文件"),
        ("制度.docx", ole_bytes("EncryptedPackage"), "请去掉打开密码后再上传"),
        ("加密.pdf", locked_pdf_bytes(), "设有打开密码，审核人员无法查看"),
        ("照片.jpg", b"\x00\x00\x00\x18ftypheic" + bytes(30), "另存为 JPEG"),
        ("损坏.zip", zip_bytes()[:-30], "请在本机确认文件能打开"),
    ],
)
def test_bad_file_is_refused_with_what_to_do_and_its_bytes_are_forgotten(
    scene: Scene, task: Task, name: str, content: bytes, said: str
) -> None:
    upload = settled(task, by=scene.supported_coordinator, content=content, name=name)
    assert upload.state is UploadState.REFUSED
    assert said in upload.answer
    assert storage.store().received(upload.token) == 0
    assert db.session.query(StoredFile).count() == 0


@pytest.mark.parametrize(
    ("answer", "state", "scan"),
    [
        (ScanState.CLEAN, UploadState.STORED, ScanState.CLEAN),
        (ScanState.WAITING, UploadState.STORED, ScanState.WAITING),
        (ScanState.NOT_SCANNED, UploadState.STORED, ScanState.NOT_SCANNED),
        (ScanState.INFECTED, UploadState.REFUSED, None),
    ],
)
def test_scanner_decides_what_is_kept(
    scene: Scene,
    task: Task,
    scanner_that: Any,
    answer: ScanState,
    state: UploadState,
    scan: ScanState | None,
) -> None:
    scanner_that(answer)
    upload = settled(task, by=scene.supported_coordinator, content=pdf_bytes("毒"), name="a.pdf")
    assert upload.state is state
    if upload.evidence is None:
        assert "查出病毒" in upload.answer
    else:
        assert upload.evidence.file.scan is scan
        assert (upload.evidence.file.scanned_at is not None) is (scan is ScanState.CLEAN)


@pytest.mark.parametrize(
    ("name", "content", "question", "noted"),
    [
        ("名册.txt", PHONE, "内容中有手机号 1 处（138****5678）", "内容：手机号 1 处"),
        ("13812345678.txt", b"ok", "文件名中有手机号 1 处", "文件名：手机号 1 处"),
        (
            "13812345678.txt",
            "身份证 11010519491231002X".encode(),
            "文件名中有手机号 1 处（138****5678），内容中有身份证号 1 处（110***********002X）",
            "文件名：手机号 1 处；内容：身份证号 1 处",
        ),
    ],
)
def test_file_with_numbers_of_people_waits_for_an_answer(
    scene: Scene, task: Task, name: str, content: bytes, question: str, noted: str
) -> None:
    upload = settled(task, by=scene.supported_coordinator, content=content, name=name)
    assert upload.state is UploadState.ASKING
    assert question in upload.answer
    assert "是否仍要保存" in upload.answer
    assert db.session.query(Evidence).count() == 0
    services.keep(upload, services.inspect_received(upload))
    assert upload.state is UploadState.STORED
    assert upload.evidence
    assert upload.evidence.file.warned_of == noted
    with pytest.raises(StepRefused, match="已经处理"):
        services.cancel(upload)


def test_answer_that_could_not_be_written_down_can_be_given_again(scene: Scene, task: Task) -> None:
    upload = asking(task, by=scene.supported_coordinator)
    found = services.inspect_received(upload)
    with db.session.begin_nested() as lost:
        services.keep(upload, found)
        lost.rollback()
    assert upload.state is UploadState.ASKING
    services.keep(upload, services.inspect_received(upload))
    assert upload.state is UploadState.STORED
    assert storage.store().exists(found.sha256)
    db.session.commit()
    assert storage.store().received(upload.token) == 0


@pytest.mark.parametrize("left", [b"", b"half"])
def test_upload_whose_bytes_are_gone_begins_anew(
    client: PageClient, scene: Scene, task: Task, left: bytes
) -> None:
    upload = asking(task, by=scene.supported_coordinator)
    storage.store().discard(upload.token)
    if left:
        storage.store().append(upload.token, 0, io.BytesIO(left))
    client.login(scene.supported_coordinator, PASSWORD)
    said = client.post(f"/uploads/{upload.token}/answer", {"answer": "keep"})
    assert said.status == 409
    assert "从头上传" in said.text
    db.session.refresh(upload)
    assert (upload.state, upload.received) == (UploadState.RECEIVING, 0)
    assert storage.store().received(upload.token) == 0


@pytest.mark.parametrize("answer", ["dismiss", "date", "keep", "reuse", "check"])
def test_forged_answer_to_what_was_never_asked_is_refused(
    client: PageClient, scene: Scene, task: Task, answer: str
) -> None:
    upload = receiving(task, by=scene.supported_coordinator, arrived=3)
    client.login(scene.supported_coordinator, PASSWORD)
    assert client.post(f"/uploads/{upload.token}/answer", {"answer": answer}).status == 409
    db.session.refresh(upload)
    assert upload.state is UploadState.RECEIVING


def test_late_note_of_arrived_bytes_changes_no_decided_upload(scene: Scene, task: Task) -> None:
    upload = asking(task, by=scene.supported_coordinator)
    services.note_received(upload, 1)
    assert upload.received == upload.size


def test_cancelled_question_leaves_nothing(scene: Scene, task: Task) -> None:
    upload = asking(task, by=scene.supported_coordinator)
    services.cancel(upload)
    assert upload.state is UploadState.CANCELLED
    assert storage.store().received(upload.token) == 0
    assert db.session.query(StoredFile).count() == 0
    for late in (services.reuse, lambda one: services.keep(one, services.Findings())):
        with pytest.raises(StepRefused):
            late(upload)


def test_known_file_is_offered_and_used_for_the_requirement(scene: Scene, task: Task) -> None:
    other = make_task(task.plan, title="开展培训", code="D-07")
    known = evidence_for(
        other, by=scene.supporting_coordinator, name="培训通知.pdf", content=pdf_bytes("同")
    ).evidence
    upload = receiving(
        task,
        by=scene.supported_coordinator,
        content=pdf_bytes("同"),
        arrived=len(pdf_bytes("同")),
        requirement=task.requirements[0],
    )
    services.settle(upload, services.inspect_received(upload))
    assert upload.same_as is known
    assert "与佐证库中的“培训通知”内容相同（已用于D-07 开展培训）" in upload.answer
    with pytest.raises(StepRefused, match="直接选用"):
        services.keep(upload, services.inspect_received(upload))
    services.reuse(upload)
    assert (upload.state, upload.evidence) == (UploadState.STORED, known)
    uses = db.session.query(EvidenceUse).filter_by(task_id=task.id).all()
    assert [(use.evidence, use.requirement) for use in uses] == [(known, task.requirements[0])]
    assert db.session.query(StoredFile).count() == 1
    assert storage.store().received(upload.token) == 0


@pytest.mark.parametrize("again", ["same place", "other requirement"])
def test_same_file_twice_for_one_requirement_asks_nothing(
    scene: Scene, task: Task, again: str
) -> None:
    content = pdf_bytes("同")
    known = evidence_for(
        task, task.requirements[0], by=scene.supported_coordinator, content=content
    ).evidence
    upload = receiving(
        task,
        by=scene.supported_coordinator,
        content=content,
        arrived=len(content),
        requirement=task.requirements[0] if again == "same place" else None,
    )
    services.settle(upload, services.inspect_received(upload))
    if again == "other requirement":
        assert upload.state is UploadState.ASKING
        return
    assert (upload.state, upload.evidence) == (UploadState.STORED, known)
    assert upload.answer.startswith(f"本项已有这份文件（“{known.title}”）")
    assert storage.store().received(upload.token) == 0
    assert db.session.query(EvidenceUse).count() == 1
    with pytest.raises(StepRefused):
        services.take_date(upload, clock.today())


def test_withdrawn_piece_is_not_offered_but_a_rejected_one_says_why(
    scene: Scene, task: Task
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator, content=pdf_bytes("同"))
    withdrawn(piece, by=scene.supported_coordinator)
    again = settled(task, by=scene.supported_coordinator, content=pdf_bytes("同"), name="a.pdf")
    assert again.state is UploadState.STORED
    assert again.evidence
    again.evidence.status = EvidenceStatus.REJECTED
    again.evidence.review_reason = "缺少公章。"
    again.evidence.reviewed_by_id, again.evidence.reviewed_at = scene.centre.id, clock.now()
    db.session.flush()
    third = settled(task, by=scene.supported_coordinator, content=pdf_bytes("同"), name="b.pdf")
    assert third.state is UploadState.REFUSED
    assert "未获认可：缺少公章。" in third.answer


def test_same_bytes_in_another_pairing_are_nobody_s_business(scene: Scene, task: Task) -> None:
    evidence_in(scene.foreign, by=scene.foreign_coordinator, content=pdf_bytes("同"))
    upload = settled(task, by=scene.supported_coordinator, content=pdf_bytes("同"), name="a.pdf")
    assert upload.state is UploadState.STORED


def test_second_settling_changes_nothing(scene: Scene, task: Task) -> None:
    upload = receiving(
        task, by=scene.supported_coordinator, content=pdf_bytes(), arrived=len(pdf_bytes())
    )
    found = services.inspect_received(upload)
    services.settle(upload, found)
    services.settle(upload, found)
    assert db.session.query(Evidence).count() == 1


@pytest.mark.parametrize("lost", ["owner", "state"])
def test_who_lost_the_task_meanwhile_stores_nothing_and_loses_no_byte(
    scene: Scene, task: Task, lost: str
) -> None:
    task.supported_owner = scene.supported_contributor
    db.session.flush()
    content = pdf_bytes("途中")
    upload = receiving(task, by=scene.supported_contributor, content=content, arrived=len(content))
    found = services.inspect_received(upload)
    if lost == "owner":
        task.supported_owner = None
    else:
        task.state = TaskState.CONFIRMED
    db.session.flush()
    with pytest.raises(Forbidden if lost == "owner" else StepRefused):
        services.settle(upload, found)
    assert upload.state is UploadState.RECEIVING
    assert storage.store().received(upload.token) == len(content)


def photo(taken: str) -> bytes:
    exif = Image.Exif()
    exif[0x8769] = {0x9003: taken}
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("taken", "offered"),
    [("2021:03:10 08:00:00", True), ("2021:03:15 08:00:00", False), ("2031:01:01 0", False)],
)
def test_photograph_s_own_day_is_offered(
    scene: Scene, task: Task, taken: str, offered: bool
) -> None:
    upload = settled(task, by=scene.supported_coordinator, content=photo(taken), name="现场.jpg")
    assert upload.state is UploadState.STORED
    assert bool(upload.answer) is offered
    if offered:
        assert "拍摄于 2021-03-10，材料日期记为 2021-03-15" in upload.answer
        services.take_date(upload, date(2021, 3, 10))
        assert upload.evidence
        assert (upload.evidence.evidence_on, upload.answer) == (date(2021, 3, 10), "")
    else:
        with pytest.raises(StepRefused):
            services.take_date(upload, None)


def test_all_photographs_are_dated_at_once(client: PageClient, scene: Scene, task: Task) -> None:
    by = scene.supported_coordinator
    days = ("2021:03:10 10:00:00", "2021:03:11 10:00:00")
    sent = [settled(task, by=by, content=photo(day), name=f"{day[8:10]}.jpg") for day in days]
    client.login(by, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert "全部改为拍摄日期（2 张）" in page.text
    path = f"/uploads/{sent[0].token}/answer"
    answer = client.post(path, {"answer": "date-all"}, htmx=True)
    news = json.loads(answer.headers["HX-Trigger"])
    assert news["portal:message"]["text"] == "2 张照片的材料日期已改为拍摄日期。"
    assert [one.evidence.evidence_on.day for one in sent if one.evidence] == [10, 11]
    assert not client.get(f"/tasks/{task.id}").select("#uploads-open li")


def test_file_for_a_meeting_backs_it_and_one_for_the_library_backs_nothing(scene: Scene) -> None:
    meeting = planned_meeting(scene)
    for where, uses in ((meeting, [meeting.id]), (scene.pairing, [])):
        upload = settled(
            where, by=scene.supported_coordinator, content=pdf_bytes(str(uses)), name="签到表.pdf"
        )
        assert upload.evidence
        assert [use.meeting_id for use in upload.evidence.uses] == uses
        assert upload.evidence.title == "签到表"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"state": MeetingState.CANCELLED, "cancel_reason": "改期"}, StepRefused),
        ({}, None),
    ],
)
def test_meeting_that_is_over_takes_no_more_files(
    scene: Scene, change: dict[str, Any], error: type[PortalError] | None
) -> None:
    meeting: Meeting = planned_meeting(scene)
    for name, value in change.items():
        setattr(meeting, name, value)
    place = services.Destination(scene.pairing, meeting=meeting)
    if error is None:
        services.require_open(place, scene.supported_leader)
    else:
        with pytest.raises(error):
            services.require_open(place, scene.supported_leader)


def test_record_says_that_a_phone_sent_it(scene: Scene, task: Task) -> None:
    link, _ = live_link(task, by=scene.supported_coordinator)
    content = png_bytes(9)
    upload = receiving(
        task,
        by=scene.supported_coordinator,
        content=content,
        arrived=len(content),
        name="现场.png",
        link=link,
    )
    services.settle(upload, services.inspect_received(upload))
    event = db.session.query(Event).filter_by(object_type="task", action="evidence_added").one()
    assert ["方式", "手机扫码上传"] in event.details
    assert event.actor_id == scene.supported_coordinator.id


class TestPlainForm:
    def test_files_go_the_same_way_each_for_itself(self, scene: Scene, task: Task) -> None:
        (need,) = task.requirements
        taken = take_in(
            task,
            look_at(
                [
                    (need, "制度.pdf", io.BytesIO(pdf_bytes())),
                    (need, "名册.txt", io.BytesIO(PHONE)),
                    (None, "木马.exe", io.BytesIO(b"MZ")),
                    (need, "空.pdf", io.BytesIO()),
                    (need, "程序.pdf", io.BytesIO(b"MZ" + bytes(90))),
                ]
            ),
            evidence_on=clock.today() - timedelta(days=3),
            actor=scene.supported_coordinator,
        )
        assert [one.name for one in taken.stored] == ["制度.pdf"]
        assert [one.name for one in taken.asking] == ["名册.txt"]
        assert set(taken.faults) == {f"file-{need.id}", "file-other"}
        assert "空文件" in taken.faults[f"file-{need.id}"]
        assert "Windows 程序" in taken.faults[f"file-{need.id}"]
        assert not taken.is_whole
        assert db.session.query(Upload).count() == 2
        (waiting,) = taken.asking
        assert waiting.answer
        services.keep(waiting, services.inspect_received(waiting))
        pieces = db.session.query(Evidence).order_by(Evidence.id)
        assert [piece.title for piece in pieces] == ["制度", "名册"]

    @pytest.mark.parametrize(
        ("role", "day", "error"),
        [
            ("centre", 0, Forbidden),
            ("foreign_coordinator", 0, Forbidden),
            ("supported_contributor", 0, Forbidden),
            ("supported_coordinator", 1, Rejected),
        ],
    )
    def test_nothing_is_taken_from_the_wrong_person_or_for_a_day_to_come(
        self, scene: Scene, task: Task, role: str, day: int, error: type[PortalError]
    ) -> None:
        with pytest.raises(error):
            take_in(
                task,
                look_at([(None, "a.pdf", io.BytesIO(pdf_bytes()))]),
                evidence_on=clock.today() + timedelta(days=day),
                actor=getattr(scene, role),
            )
        assert db.session.query(Upload).count() == 0


def test_new_version_with_numbers_of_people_needs_a_tick(client: PageClient, scene: Scene) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/evidence/{piece.id}/revise"
    sent = {"note": "补充联系方式", "version": piece.version}
    refused = client.post(address, {**sent, "file": (io.BytesIO(PHONE), "名册.txt")})
    assert refused.status == 422
    assert "手机号 1 处（138****5678）" in refused.text
    assert refused.one("[name=despite_warning]")
    ticked = {**sent, "despite_warning": "y", "file": (io.BytesIO(PHONE), "名册.txt")}
    assert client.post(address, ticked).status == 303
    kept = db.session.get(Evidence, piece.id)
    assert kept
    assert (kept.file.name, kept.file.warned_of) == ("名册.txt", "内容：手机号 1 处")


def test_library_page_shows_what_waits_there(client: PageClient, scene: Scene) -> None:
    asking(scene.pairing, by=scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/evidence")
    assert page.status == 200
    assert "仍然保存" in page.one("#uploads-open").get_text()
