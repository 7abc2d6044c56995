"""Files on their way, in a real browser: many at once, cut off and gone on with, asked about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, Route, expect

from portal import storage
from portal.demo.people import PASSWORD
from portal.extensions import db
from portal.models import (
    Evidence,
    Meeting,
    MeetingState,
    Plan,
    PlanState,
    Role,
    Task,
    TaskState,
    Upload,
    User,
)
from tests.factories.evidence import pdf_bytes, png_bytes
from tests.support.browser import LiveServer, at_width, axe

pytestmark = pytest.mark.browser

PIECE = 8 * 1024 * 1024
PHONE = {"width": 360, "height": 740}


@dataclass(frozen=True)
class Job:
    """A task that nobody has begun, and the coordinator who works on it."""

    id: int
    username: str
    requirements: list[int]

    @property
    def address(self) -> str:
        return f"/tasks/{self.id}"


@pytest.fixture
def job(live_server: LiveServer, request: pytest.FixtureRequest) -> Job:
    """Each test has a task of its own: they share the module's database."""
    with live_server.app.app_context():
        tasks = db.session.scalars(
            sa.select(Task)
            .join(Plan)
            .where(
                Plan.state == PlanState.IN_FORCE,
                Task.state == TaskState.NOT_STARTED,
                ~Task.evidence_uses.any(),
                Task.id.not_in(sa.select(Upload.task_id).where(Upload.task_id.is_not(None))),
            )
            .order_by(Task.id)
        )
        task = next(one for one in tasks if len(one.requirements) >= 2)
        username = db.session.scalar(
            sa.select(User.username).where(
                User.organisation_id == task.pairing.supported_id,
                User.role == Role.BASE_COORDINATOR,
            )
        )
        assert username
        return Job(task.id, username, [one.id for one in task.requirements])


@pytest.fixture
def work(page: Page, job: Job) -> Page:
    """The task's page, open at the coordinator's desk."""
    log_in(page, job.username)
    page.goto(job.address)
    return page


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, content: bytes = b"") -> Path:
        path = tmp_path / name
        path.write_bytes(content or pdf_bytes(name))
        return path

    return make


@pytest.fixture
def quiet(page: Page) -> Iterator[None]:
    """Nothing may be complained about in the console, least of all by the security policy."""
    troubles: list[str] = []
    page.on("console", lambda one: troubles.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    yield
    assert troubles == []


def log_in(page: Page, username: str) -> None:
    page.goto("/login")
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("登录")


def large(mark: str, size: int) -> bytes:
    """A text of ``size`` bytes that a browser sends in several pieces."""
    line = f"{mark} 全科培训基地结对帮扶 会议记录\n".encode()
    return (line * (size // len(line) + 1))[: size - size % len(line)]


def titles(live_server: LiveServer, task_id: int) -> list[str]:
    with live_server.app.app_context():
        task = db.session.get(Task, task_id)
        assert task
        return [use.evidence.title for use in task.evidence_uses]


def test_coordinator_sends_twenty_files_at_once_and_sees_each_one_s_progress(
    work: Page, job: Job, file: Callable[..., Path], live_server: LiveServer, quiet: None
) -> None:
    seen: list[list[Any]] = []
    at_once: list[int] = []

    def slow(route: Route) -> None:
        at_once.append(work.locator('.upload-row[data-state="sending"]').count())
        seen.append(
            work.locator(".upload-row progress").evaluate_all("all => all.map(one => one.value)")
        )
        route.continue_()

    work.fill("[name=statement]", "正在写的说明")
    work.route("**/uploads/*", slow)
    paths = [file(f"材料{number:02}.pdf") for number in range(20)]
    work.set_input_files(f"#file-{job.requirements[0]}", paths)
    expect(work.locator(".requirement").first.locator(".file-name")).to_have_count(
        20, timeout=60_000
    )
    assert sorted(titles(live_server, job.id)) == [f"材料{number:02}" for number in range(20)]
    assert 0 < max(at_once) <= 3
    assert max(len(row) for row in seen) == 20
    expect(work.locator("#upload-summary")).to_contain_text("已保存 20 个文件")
    expect(work.locator("#materials-count")).to_contain_text("已有 1/")
    expect(work.locator("#task-lead")).to_contain_text("进行中")
    expect(work.locator("[name=statement]")).to_have_value("正在写的说明")
    expect(work.locator(".upload-row")).to_have_count(0)


def test_upload_that_is_cut_in_the_middle_goes_on_where_it_was(
    work: Page, job: Job, file: Callable[..., Path], live_server: LiveServer
) -> None:
    sent: list[tuple[str, str]] = []

    def cut(route: Route) -> None:
        if route.request.method == "PATCH":
            offset = route.request.headers["upload-offset"]
            sent.append((route.request.method, offset))
            if offset == str(PIECE) and sent.count(("PATCH", offset)) == 1:
                return route.abort("connectionreset")
        return route.continue_()

    work.route("**/uploads/*", cut)
    work.set_input_files("#file-other", file("会议记录.txt", large("甲", 2 * PIECE + 5000)))
    expect(work.locator(".requirement").last.locator(".file-name")).to_have_text(
        "会议记录", timeout=60_000
    )
    offsets = [int(offset) for _, offset in sent]
    assert offsets == [0, PIECE, PIECE, 2 * PIECE]


def test_page_is_reloaded_and_the_same_file_goes_on_where_it_was(
    work: Page, job: Job, file: Callable[..., Path], live_server: LiveServer
) -> None:
    path = file("录音整理.txt", large("乙", 2 * PIECE + 5000))
    offsets: list[int] = []
    holding = True

    def hold(route: Route) -> None:
        if route.request.method == "PATCH":
            offset = int(route.request.headers["upload-offset"])
            if holding and offset:
                return route.abort("internetdisconnected")
            offsets.append(offset)
        return route.continue_()

    work.route("**/uploads/*", hold)
    work.set_input_files("#file-other", path)
    progress = work.locator(".upload-row [data-part=percent]")
    expect(progress).to_have_text(re.compile("[4-9][0-9]%"), timeout=30_000)
    work.reload()
    left = work.locator("#uploads-open li")
    expect(left).to_contain_text("录音整理.txt")
    expect(left).to_contain_text("已收到 8.0 MB / 16.0 MB")
    assert axe(work) == []
    at_width(work, 360)
    holding = False
    work.set_input_files("#file-other", path)
    expect(work.locator(".requirement").last.locator(".file-name")).to_have_text(
        "录音整理", timeout=60_000
    )
    assert offsets == [0, PIECE, 2 * PIECE]
    expect(left).to_have_count(0)


def test_half_sent_file_is_gone_on_with_from_another_browser(
    work: Page, job: Job, file: Callable[..., Path], live_server: LiveServer
) -> None:
    """Nothing is remembered there: the server's own list knows where it was."""
    path = file("课件.txt", large("丙", PIECE + 5000))
    other = file("别的.txt", large("丁", 5000))
    work.route(
        "**/uploads/*",
        lambda route: (
            route.abort()
            if route.request.headers.get("upload-offset") == str(PIECE)
            else route.continue_()
        ),
    )
    work.set_input_files("#file-other", path)
    expect(work.locator(".upload-row [data-part=percent]")).to_have_text("99%", timeout=30_000)
    work.evaluate("localStorage.clear()")
    work.unroute("**/uploads/*")
    work.reload()
    choose = work.locator("#uploads-open input[type=file]")
    choose.set_input_files(other)
    expect(work.locator("#messages")).to_contain_text("请选择同一个文件")
    choose.set_input_files(path)
    expect(work.locator(".requirement").last.locator(".file-name")).to_have_text(
        "课件", timeout=60_000
    )
    with live_server.app.app_context():
        piece = db.session.scalars(sa.select(Evidence).where(Evidence.title == "课件")).one()
        with storage.store().open(piece.file.sha256) as kept:
            assert kept.read() == path.read_bytes()


def test_coordinator_pauses_goes_on_and_gives_up(
    work: Page, job: Job, file: Callable[..., Path], live_server: LiveServer
) -> None:
    work.route(
        "**/uploads/*",
        lambda route: (
            None if route.request.headers.get("upload-offset") == str(PIECE) else route.continue_()
        ),
    )
    work.set_input_files("#file-other", file("长录音.txt", large("戊", PIECE + 5000)))
    row = work.locator(".upload-row")
    expect(row.locator("[data-part=percent]")).to_have_text("99%", timeout=30_000)
    row.get_by_role("button", name="暂停").click()
    expect(row).to_contain_text("已暂停")
    row.get_by_role("button", name="继续").click()
    expect(row).to_have_attribute("data-state", "sending")
    row.get_by_role("button", name="取消").click()
    expect(row).to_have_count(0)
    work.unroute("**/uploads/*")
    with live_server.app.app_context():
        expected = sa.select(Upload.state).where(Upload.name == "长录音.txt")
        work.wait_for_timeout(300)
        assert db.session.scalar(expected) == "cancelled"


def test_same_file_is_recognised_and_reused_with_one_click(
    work: Page, job: Job, file: Callable[..., Path], live_server: LiveServer, quiet: None
) -> None:
    first, second = (work.locator(f"#file-{one}") for one in job.requirements[:2])
    first.set_input_files(file("培训通知.pdf"))
    expect(work.locator(".requirement").first.locator(".file-name")).to_have_text("培训通知")
    again = file("又一份.pdf", pdf_bytes("培训通知.pdf"))
    second.set_input_files(again)
    question = work.locator("#uploads-open li")
    expect(question).to_contain_text("与佐证库中的“培训通知”内容相同（已用于")
    work.fill("[name=statement]", "写了一半")
    question.get_by_role("button", name="直接选用").click()
    expect(work.locator(".requirement").nth(1).locator(".file-name")).to_have_text("培训通知")
    expect(question).to_have_count(0)
    expect(work.locator("[name=statement]")).to_have_value("写了一半")
    assert titles(live_server, job.id) == ["培训通知", "培训通知"]


def test_file_with_numbers_of_people_is_asked_about_before_it_is_kept(
    work: Page, job: Job, file: Callable[..., Path], live_server: LiveServer
) -> None:
    for name, button in (("名册甲.txt", "取消"), ("名册乙.txt", "仍然保存")):
        work.set_input_files("#file-other", file(name, f"{name} 电话 13812345678".encode()))
        question = work.locator("#uploads-open li")
        expect(question).to_contain_text("手机号 1 处（138****5678）")
        assert "13812345678" not in work.content()
        question.get_by_role("button", name=button).click()
        expect(question).to_have_count(0)
    expect(work.locator(".requirement").last.locator(".file-name")).to_have_text("名册乙")
    assert titles(live_server, job.id) == ["名册乙"]


def test_refused_file_says_why_in_its_row_and_the_others_go_on(
    work: Page, job: Job, file: Callable[..., Path]
) -> None:
    work.set_input_files(
        "#file-other",
        [file("程序.pdf", b"MZ\x90\x00" + bytes(90)), file("木马.exe", b"MZ"), file("好.pdf")],
    )
    expect(work.locator(".requirement").last.locator(".file-name")).to_have_text("好")
    rows = work.locator('.upload-row[data-state="refused"]')
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("内容却是Windows 程序")
    expect(rows.last).to_contain_text("不能上传“.exe”文件")
    expect(work.locator("#upload-summary")).to_contain_text("2 个未通过检查")
    assert axe(work) == []
    rows.first.get_by_role("button", name="移除").click()
    expect(rows).to_have_count(1)


def test_application_waits_for_the_files_that_are_on_their_way(
    work: Page, job: Job, file: Callable[..., Path]
) -> None:
    loads: list[str] = []
    held: list[Route] = []
    holding = {"PATCH"}
    work.on(
        "request", lambda one: loads.append(one.method) if one.is_navigation_request() else None
    )
    work.route(
        "**/uploads/*",
        lambda route: held.append(route) if route.request.method in holding else route.continue_(),
    )
    for requirement in job.requirements:
        work.set_input_files(f"#file-{requirement}", file(f"材料{requirement}.pdf"))
    work.fill("[name=statement]", "对照验收标准逐项完成。")
    work.get_by_role("button", name="提交材料并申请销号").click()
    expect(work.locator("#messages")).to_contain_text("文件传完后自动提交")
    assert loads == []
    holding.clear()
    for route in held:
        route.continue_()
    expect(work.locator("#flash")).to_contain_text("已提交销号申请")
    expect(work.locator(".lead")).to_contain_text("待帮扶方确认")
    assert loads == ["POST", "GET"]


def test_screenshot_is_pasted_and_a_file_is_dropped(
    work: Page, job: Job, live_server: LiveServer, quiet: None
) -> None:
    picture = list(png_bytes(77))
    work.evaluate(
        """bytes => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(bytes)], "image.png", {type: "image/png"}));
            const said = {clipboardData: files, bubbles: true};
            document.dispatchEvent(new ClipboardEvent("paste", said));
        }""",
        picture,
    )
    pasted = work.locator(".requirement").last.locator(".file-name")
    expect(pasted).to_have_text(re.compile(r"^截图-\d{8}-\d{4}$"))
    work.evaluate(
        """([id, text]) => {
            const files = new DataTransfer();
            files.items.add(new File([text], "说明.txt", {type: "text/plain"}));
            const zone = document.getElementById(id).closest("[data-zone]");
            for (const kind of ["dragover", "drop"])
                zone.dispatchEvent(
                    new DragEvent(kind, {dataTransfer: files, bubbles: true, cancelable: true})
                );
        }""",
        [f"file-{job.requirements[0]}", "拖放的说明"],
    )
    expect(work.locator(".requirement").first.locator(".file-name")).to_have_text("说明")


def test_phone_scans_the_code_and_the_desk_sees_what_it_sent(
    work: Page, job: Job, file: Callable[..., Path], live_server: LiveServer, browser: Browser
) -> None:
    work.get_by_role("button", name="手机扫码上传").click()
    expect(work.locator(".phone-code")).to_be_visible()
    assert work.locator(".phone-code").evaluate("image => image.naturalWidth") > 80
    assert axe(work) == []
    address = work.get_by_role("link", name="在本机打开手机上传页").get_attribute("href")
    work.fill("[name=statement]", "边写边拍")
    context = browser.new_context(
        base_url=live_server.url, viewport=PHONE, has_touch=True, is_mobile=True, locale="zh-CN"
    )
    try:
        phone = context.new_page()
        phone.goto(str(address))
        expect(phone.locator(".upload-camera")).to_be_visible()
        phone.select_option("[name=requirement]", str(job.requirements[1]))
        phone.set_input_files("#files-camera", file("现场照片.png", png_bytes(99)))
        expect(phone.locator("#phone-list")).to_contain_text("现场照片.png")
        assert axe(phone) == []
        at_width(phone, 360)
        expect(work.locator("#phone-sent")).to_contain_text("手机上传：已保存 1 个", timeout=10_000)
        shown = work.locator(".requirement").nth(1).locator(".file-name")
        expect(shown).to_have_text("现场照片", timeout=10_000)
        expect(work.locator("[name=statement]")).to_have_value("边写边拍")
        expect(work.locator("#history-list")).to_contain_text("手机扫码上传")
        work.get_by_role("button", name="立即作废二维码").click()
        work.wait_for_load_state()
        answer = phone.reload()
        assert answer
        assert answer.status == 404
        expect(phone.locator("main")).to_contain_text("这个上传码已失效")
    finally:
        context.close()


def test_everything_is_reached_on_a_phone_of_360_pixels(
    live_server: LiveServer, job: Job, browser: Browser, file: Callable[..., Path]
) -> None:
    context = browser.new_context(
        base_url=live_server.url, viewport=PHONE, has_touch=True, is_mobile=True
    )
    try:
        page = context.new_page()
        log_in(page, job.username)
        page.goto(job.address)
        page.set_input_files(
            "#file-other",
            [
                file("名字很长很长很长很长很长很长很长的一份会议签到表.exe", b"MZ"),
                file("名册.txt", b"tel 13912345678"),
            ],
        )
        expect(page.locator('.upload-row[data-state="refused"]')).to_be_visible()
        expect(page.locator("#uploads-open li")).to_contain_text("139****5678")
        at_width(page, 360)
        assert axe(page) == []
    finally:
        context.close()


def test_without_script_the_plain_form_sends_and_asks(
    browser: Browser, live_server: LiveServer, job: Job, file: Callable[..., Path]
) -> None:
    context = browser.new_context(
        base_url=live_server.url, locale="zh-CN", java_script_enabled=False
    )
    try:
        page = context.new_page()
        log_in(page, job.username)
        page.goto(job.address)
        page.set_input_files(
            "#file-other", [file("名册.txt", "没有脚本 13712345678".encode()), file("好的.pdf")]
        )
        page.fill("[name=statement]", "写好的说明")
        page.get_by_role("button", name="只上传材料").click()
        expect(page.locator("[name=statement]")).to_have_value("写好的说明")
        expect(page.locator(".requirement").last.locator(".file-name")).to_have_text("好的")
        page.locator("#uploads-open").get_by_role("button", name="仍然保存").click()
        expect(page.locator(".requirement").last.locator(".file-name")).to_have_text(
            ["好的", "名册"]
        )
    finally:
        context.close()


def test_meeting_and_library_take_files_in_the_page(
    page: Page, live_server: LiveServer, file: Callable[..., Path]
) -> None:
    with live_server.app.app_context():
        meeting = db.session.scalars(
            sa.select(Meeting)
            .where(Meeting.state.in_([MeetingState.PLANNED, MeetingState.HELD]))
            .order_by(Meeting.id)
        ).first()
        assert meeting
        pairing, number = meeting.pairing, meeting.id
        username = db.session.scalar(
            sa.select(User.username).where(
                User.organisation_id == pairing.supported_id, User.role == Role.BASE_COORDINATOR
            )
        )
    log_in(page, str(username))
    page.goto(f"/meetings/{number}")
    page.set_input_files("#files", file("会议签到表.pdf"))
    expect(page.locator("#attachment-list")).to_contain_text("会议签到表")
    assert axe(page) == []
    at_width(page, 360)
    page.goto(f"/pairings/{pairing.id}/evidence")
    page.locator("#upload summary").click()
    page.set_input_files("#files", file("制度汇编.pdf"))
    expect(page.locator("#library-list")).to_contain_text("制度汇编")
    assert axe(page) == []
    at_width(page, 360)
