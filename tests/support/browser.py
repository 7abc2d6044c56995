"""Drive the portal in Debian's Chromium, on a copy of the demonstration database.

pytest-playwright brings `page` and `context`; the fixtures here tell it which browser to start and
where the portal is, so that a test says `page.goto("/login")`.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page
from werkzeug.serving import make_server

from portal import clock
from tests.support.apps import ROOT, build_app, dispose, migrate

AXE = ROOT / "tests" / ".vendor" / "axe.min.js"
WCAG_22_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CHROMIUM_SWITCHES = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DATABASE = "portal.sqlite3"
CLOCK = "demo-clock"


@dataclass(frozen=True)
class LiveServer:
    url: str
    app: Flask


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    # Its sandbox does not work for root; for everyone else it stays on.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {
        **browser_type_launch_args,
        "executable_path": chromium,
        "args": [*CHROMIUM_SWITCHES, *sandbox],
    }


@pytest.fixture(scope="session")
def demo_instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Database and files of the demonstration, made once; nobody works in it."""
    folder = tmp_path_factory.mktemp("demo")
    app = build_app(f"sqlite:///{folder / DATABASE}", folder)
    migrate(app)
    result = app.test_cli_runner().invoke(args=["seed-demo"])
    assert result.exit_code == 0, result.output
    # The last connection to close leaves everything in the one file.
    dispose(app)
    return folder


@pytest.fixture(scope="module")
def live_server(
    demo_instance: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """The portal on a free port, with the demonstration data, anew for each test module."""
    folder = tmp_path_factory.mktemp("live") / "instance"
    shutil.copytree(demo_instance, folder)
    clock_file = folder / CLOCK
    days = int(clock_file.read_text()) if clock_file.is_file() else 0
    # The clock belongs to the process: the next module of this worker gets it back as it was.
    days_before = clock.offset_days()
    app = build_app(f"sqlite:///{folder / DATABASE}", folder, CLOCK_OFFSET_DAYS=days)
    clock.set_offset(days)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield LiveServer(f"http://127.0.0.1:{server.server_port}", app)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        clock.set_offset(days_before)
        dispose(app)


@pytest.fixture(scope="module")
def browser_context_args(live_server: LiveServer) -> dict[str, Any]:
    """Each test has a fresh context: a Chinese desktop that starts at the module's portal."""
    return {
        "base_url": live_server.url,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": {"width": 1280, "height": 800},
    }


def axe(page: Page, within: str | None = None) -> list[str]:
    """What axe-core finds wrong by WCAG 2.2 AA, one line for each element."""
    if not AXE.is_file():
        pytest.skip("axe-core is missing (script/assets.py fetches it)")
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    result = page.evaluate(
        """([within, tags]) => axe.run(
            within || document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]}
        )""",
        [within, WCAG_22_AA],
    )
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def at_width(page: Page, width: int = 360) -> None:
    """Fail when the document is wider than a window of this width, naming what sticks out."""
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 740})
    overflow = page.evaluate(
        """width => document.documentElement.scrollWidth <= width ? [] :
            [...document.querySelectorAll("body *")]
                .filter(e => e.getBoundingClientRect().right > width + 1)
                .map(e => e.outerHTML.slice(0, 120)).slice(0, 5)
                .concat([`document: ${document.documentElement.scrollWidth} px`])""",
        width,
    )
    if before:
        page.set_viewport_size(before)
    assert not overflow, f"wider than {width} px at {page.url}:\n" + "\n".join(overflow)
