"""The task page in a real browser: its main job counted in actions, on a desktop and a phone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from portal.demo.people import PASSWORD
from portal.extensions import db
from portal.models import Plan, PlanState, Role, Task, TaskState, User
from tests.factories.evidence import pdf_bytes, png_bytes
from tests.support.browser import LiveServer, at_width, axe

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Job:
    """A task with two requirements or more that nobody has proved, and whoever applies for it."""

    address: str
    username: str
    requirements: list[int]


@pytest.fixture
def job(live_server: LiveServer) -> Job:
    with live_server.app.app_context():
        tasks = db.session.scalars(
            sa.select(Task)
            .join(Plan)
            .where(
                Plan.state == PlanState.IN_FORCE,
                Task.state == TaskState.NOT_STARTED,
                ~Task.evidence_uses.any(),
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
        return Job(f"/tasks/{task.id}", username, [one.id for one in task.requirements])


def log_in(page: Page, username: str) -> None:
    page.goto("/login")
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")


def test_coordinator_applies_for_closure_with_files_and_a_note_in_one_page_load(
    page: Page, job: Job, tmp_path: Path
) -> None:
    log_in(page, job.username)
    page.goto(job.address)
    loads: list[str] = []
    page.on(
        "request", lambda one: loads.append(one.method) if one.is_navigation_request() else None
    )
    for number, requirement in enumerate(job.requirements):
        file = tmp_path / f"材料 {number}.pdf"
        file.write_bytes(pdf_bytes(f"浏览器 {requirement}"))
        page.set_input_files(f"#file-{requirement}", file)
    page.fill("[name=statement]", "对照验收标准逐项完成。")
    page.get_by_role("button", name="提交材料并申请销号").click()
    expect(page.locator("#flash")).to_contain_text("已提交销号申请")
    expect(page.locator(".lead")).to_contain_text("待帮扶方确认")
    expect(page.locator(".requirement .file-name")).to_have_count(len(job.requirements))
    assert loads == ["POST", "GET"]


def test_coordinator_finds_the_camera_on_a_phone_and_nothing_sticks_out(
    browser: Browser, live_server: LiveServer, job: Job
) -> None:
    context = browser.new_context(
        base_url=live_server.url,
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
    )
    try:
        page = context.new_page()
        log_in(page, job.username)
        page.goto(job.address)
        camera = page.locator("input[type=file][capture=environment]").first
        expect(camera).to_have_attribute("accept", "image/*")
        expect(page.locator(".upload-camera").first).to_be_visible()
        at_width(page, 360)
    finally:
        context.close()


def test_task_page_and_library_are_accessible(page: Page, job: Job) -> None:
    log_in(page, job.username)
    page.goto(job.address)
    assert axe(page) == []
    page.get_by_role("link", name="佐证", exact=True).click()
    assert axe(page) == []
    at_width(page, 360)


def test_reader_previews_a_pdf_and_a_picture_in_the_page(
    page: Page, live_server: LiveServer, job: Job, tmp_path: Path
) -> None:
    troubles: list[str] = []
    page.on("console", lambda one: troubles.append(one.text) if one.type == "error" else None)
    log_in(page, job.username)
    page.goto(job.address)
    for name, content in (("预览.pdf", pdf_bytes("预览")), ("预览.png", png_bytes(7))):
        file = tmp_path / name
        file.write_bytes(content)
        page.set_input_files("#file-other", file)
        expect(page.locator(".requirement").last.locator(".file-meta").last).to_contain_text(name)
        page.locator(".requirement .file-actions a").last.click()
        shown = page.locator("iframe.preview" if name.endswith("pdf") else "img.preview-image")
        expect(shown).to_be_visible()
        if name.endswith("png"):
            assert shown.evaluate("image => image.naturalWidth") == 1
        assert axe(page) == []
        page.goto(job.address)
    assert troubles == []
