"""The people of the programme at their browsers: each has a window of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from portal.demo.papers import paper, picture
from portal.demo.people import PASSWORD
from tests.support.browser import LiveServer


class Player:
    """One person, logged in. ``page`` is where they are now."""

    def __init__(self, context: BrowserContext, username: str) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.goto("/login")
        self.page.get_by_label("用户名").fill(username)
        self.page.get_by_label("密码").fill(PASSWORD)
        self.press("登录")
        expect(self.page.get_by_role("heading", level=1)).not_to_have_text("登录")

    def open(self, path: str) -> Page:
        """Go to an address of the portal."""
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status < 500, (path, answer.status)
        return self.page

    def press(self, name: str, within: Locator | None = None, *, exact: bool = True) -> None:
        """Press the one button of that name and wait for the next page."""
        place = within or self.page.locator("main")
        place.get_by_role("button", name=name, exact=exact).click()
        self.page.wait_for_load_state()

    def agree(self, name: str, within: Locator | None = None) -> None:
        """Press a button that asks back, and say yes."""
        self.press(name, within)
        # The form leaves a moment after the answer: the old page is still loaded until then.
        with self.page.expect_navigation():
            self.page.locator("#confirm-dialog").get_by_role("button", name="确定").click()

    def sees(self, text: str) -> None:
        """Insist that the page says so."""
        expect(self.page.locator("main")).to_contain_text(text)

    def reads_flash(self, text: str) -> None:
        """Insist on the message of the last step."""
        expect(self.page.locator("#flash")).to_contain_text(text)

    def todo(self, kind: str) -> Locator:
        """Return the first line of that kind on the workbench."""
        self.open("/")
        return self.page.locator(".work").filter(has_text=kind).first


class Cast:
    """Opens a window for whoever is asked for, once."""

    def __init__(self, browser: Browser, url: str, stack: ExitStack) -> None:
        self._browser, self._url, self._stack = browser, url, stack
        self._players: dict[str, Player] = {}

    def __getitem__(self, username: str) -> Player:
        if username not in self._players:
            context: Any = self._browser.new_context(
                base_url=self._url, locale="zh-CN", timezone_id="Asia/Shanghai"
            )
            self._stack.callback(context.close)
            self._players[username] = Player(context, username)
        return self._players[username]


@pytest.fixture
def cast(browser: Browser, live_server: LiveServer) -> Iterator[Cast]:
    """Everybody of the demonstration, by user name."""
    with ExitStack() as stack:
        yield Cast(browser, live_server.url, stack)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A signed agreement as it comes from the scanner."""
    path = tmp_path / "协议签字扫描件.pdf"
    lines = ["甲方：海口市人民医院", "乙方：儋州市人民医院", "（签字盖章页）"]
    path.write_bytes(
        paper("帮扶协议", lines, unit="海口市人民医院", date="2021年3月15日").getvalue()
    )
    return path


@pytest.fixture
def proof(tmp_path: Path) -> Any:
    """Return a maker of evidence files: ``proof("成立文件", 1)`` is a path to a new PDF."""

    def make(name: str, number: int, *, kind: str = "pdf") -> Path:
        path = tmp_path / f"{name}{number}.{kind}"
        if kind == "png":
            path.write_bytes(picture(number).getvalue())
        else:
            lines = [f"第 {number} 份材料", "内容属实。"]
            path.write_bytes(
                paper(name, lines, unit="儋州市人民医院", date="2021年3月15日").getvalue()
            )
        return path

    return make
