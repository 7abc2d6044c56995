"""Access in a real browser: typed text that survives the log-in, and the second factor set up."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from portal import clock
from portal.demo.people import PASSWORD
from portal.extensions import db
from portal.models import ParkedForm, ProgressNote, User, UserSession
from tests.browser.players import Cast
from tests.support.browser import LiveServer, at_width, axe

pytestmark = pytest.mark.browser

USERNAME = "wenchang-coordinator"
TASK = "/tasks/132"
NOTE = "浏览器里写的进展：第一段。\n\n第二段还没有提交，登录就超时了。"


def run_out(live_server: LiveServer, username: str) -> None:
    """Let every session of the account have been idle too long."""
    with live_server.app.app_context():
        mine = sa.select(User.id).where(User.username == username).scalar_subquery()
        long_ago = clock.now() - timedelta(days=3 * 366)
        db.session.execute(
            sa.update(UserSession).where(UserSession.user_id == mine).values(seen_at=long_ago)
        )
        db.session.commit()


def log_in(page: Page, username: str) -> None:
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


def notes_like(live_server: LiveServer, start: str) -> int:
    with live_server.app.app_context():
        notes = db.session.scalars(sa.select(ProgressNote.body))
        return sum(body.startswith(start) for body in notes)


def parked(live_server: LiveServer) -> int:
    with live_server.app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(ParkedForm)) or 0


def go_through(page: Page, live_server: LiveServer, note: str) -> None:
    page.goto("/login")
    log_in(page, USERNAME)
    page.goto(TASK)
    form = page.locator("form[action='/tasks/132/notes']")
    if not form.locator("textarea").is_visible():
        page.locator("details", has=form).locator("summary").first.click()
    form.locator("textarea").fill(note)
    run_out(live_server, USERNAME)
    form.locator("button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")
    expect(page.locator("#flash")).to_contain_text("已经暂存")
    assert notes_like(live_server, note[:12]) == 0
    log_in(page, USERNAME)
    expect(page.get_by_role("heading", level=1)).to_have_text("继续提交登录超时前的内容")
    expect(page.locator(".typed")).to_contain_text("第二段还没有提交")
    page.get_by_role("button", name="继续提交").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("继续提交登录超时前的内容")
    assert notes_like(live_server, note[:12]) == 1
    assert parked(live_server) == 0


def test_note_typed_before_the_log_in_ran_out_is_sent_after_the_next(
    page: Page, live_server: LiveServer
) -> None:
    go_through(page, live_server, f"甲：{NOTE}")


def test_note_survives_without_javascript_as_well(
    browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    try:
        go_through(context.new_page(), live_server, f"乙：{NOTE}")
    finally:
        context.close()


def test_page_that_gives_the_form_back_is_accessible_and_fits_a_phone(
    page: Page, live_server: LiveServer
) -> None:
    page.goto("/login")
    log_in(page, USERNAME)
    page.goto(TASK)
    form = page.locator("form[action='/tasks/132/notes']")
    if not form.locator("textarea").is_visible():
        page.locator("details", has=form).locator("summary").first.click()
    form.locator("textarea").fill("丙" * 400)
    run_out(live_server, USERNAME)
    form.locator("button[type=submit]").click()
    log_in(page, USERNAME)
    expect(page.locator(".typed")).to_contain_text("丙丙丙")
    assert axe(page) == []
    at_width(page, 360)
    page.get_by_role("button", name="放弃这些内容").click()
    page.locator("#confirm-dialog").get_by_role("button", name="确定").click()
    expect(page.locator("#flash")).to_contain_text("已放弃")


def test_owner_sets_up_the_second_factor_and_logs_in_with_it(
    cast: Cast, browser: Browser, live_server: LiveServer
) -> None:
    player = cast["expert-quanke"]
    page = player.open("/account")
    assert axe(page) == []
    at_width(page, 360)
    page.get_by_role("link", name="开启两步验证").click()
    player.press("手机已准备好，取得密钥")
    expect(page.locator("img.qr")).to_be_visible()
    assert page.locator("img.qr").evaluate("one => one.complete && one.naturalWidth > 0")
    assert axe(page) == []
    at_width(page, 360)
    key = page.locator("#key-text").inner_text().replace(" ", "")
    page.get_by_role("textbox", name="验证码").fill(pyotp.TOTP(key).now())
    page.get_by_label("当前密码").fill(PASSWORD)
    player.press("开启两步验证")
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    assert axe(page) == []
    at_width(page, 360)
    code = page.locator(".recovery-codes li").first.inner_text()

    context = browser.new_context(base_url=live_server.url)
    try:
        other = context.new_page()
        other.goto("/login")
        log_in(other, "expert-quanke")
        expect(other.get_by_role("heading", level=1)).to_have_text("两步验证")
        assert axe(other) == []
        other.get_by_role("textbox", name="验证码").fill(code)
        other.get_by_role("button", name="验证并登录").click()
        expect(other.locator(".account-name")).to_be_visible()
    finally:
        context.close()

    player.open("/account")
    expect(page.locator("#second-factor")).to_contain_text("剩余恢复码 9 个")
    expect(page.locator("#sessions tbody tr")).to_have_count(2)
    player.agree("退出其他全部")
    expect(page.locator("#sessions tbody tr")).to_have_count(1)
