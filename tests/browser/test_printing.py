"""Every main page of every role on A4: nothing cut, no navigation, said whose page and of when."""

from __future__ import annotations

from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Page

from tests.browser.players import Cast

pytestmark = pytest.mark.browser

# 210 mm less the margins of 16 mm, at 96 dots per inch.
A4_TEXT = 673
A4_POINTS = (595.0, 842.0)
FOR_HANDS = "nav, button, .button, .masthead, .filter-bar, .skip-link, input[type=file]"

PAGES = {
    "shengwei-officer": (
        "/overview",
        "/tasks",
        "/programmes",
        "/programmes/1",
        "/library",
        "/library/editions",
        "/library/editions/2",
        "/library/editions/2/changes",
        "/library/tasks/2",
        "/assessments",
        "/amendments/1",
        "/plans/1/versions/1",
        "/standards",
    ),
    "zhongxin-reviewer": (
        "/changes",
        "/agreements",
        "/agreements/6",
        "/assessments/3",
        "/closure",
        "/pairings/1/plan",
        "/tasks/130",
    ),
    "haiyi-coordinator": (
        "/",
        "/pairings",
        "/pairings/2",
        "/pairings/2/tasks",
        "/pairings/2/plan",
        "/pairings/2/surveys",
        "/surveys/2",
        "/surveys/2/sheet/2",
        "/surveys/2/report",
        "/surveys/2/gaps",
        "/pairings/2/problems",
        "/problems/8",
        "/pairings/2/lists/problems",
        "/pairings/2/lists/tasks",
        "/pairings/2/lists/duties",
        "/pairings/2/lists/measures",
        "/pairings/2/lists/deadlines",
        "/pairings/2/agreement",
        "/pairings/2/meetings",
        "/pairings/2/evidence",
        "/pairings/2/events",
        "/pairings/2/gallery",
        "/meetings/7",
    ),
    "wenchang-coordinator": ("/tasks/132", "/evidence", "/assessments/2"),
    "anquan-admin": ("/admin/users",),
    "anquan-auditor": ("/admin/audit",),
}


def sticking_out(page: Page) -> list[str]:
    """What is wider than the paper's text block."""
    return page.evaluate(  # type: ignore[no-any-return]
        """width => document.documentElement.scrollWidth <= width ? [] :
            [...document.querySelectorAll("main *")]
                .filter(e => e.getBoundingClientRect().right > width + 1)
                .map(e => e.outerHTML.slice(0, 120)).slice(0, 4)
                .concat([`document: ${document.documentElement.scrollWidth} px`])""",
        A4_TEXT,
    )


def shown(page: Page, css: str) -> list[str]:
    """What of ``css`` would be on paper."""
    return page.evaluate(  # type: ignore[no-any-return]
        """css => [...document.querySelectorAll(css)].filter(e => e.checkVisibility())
            .map(e => e.outerHTML.slice(0, 120))""",
        css,
    )


def addresses_shown(page: Page) -> list[str]:
    """Links that would print where they lead to."""
    return page.evaluate(  # type: ignore[no-any-return]
        """() => [...document.querySelectorAll("main a")].filter(e => e.checkVisibility()
            && !["none", "normal", '""'].includes(getComputedStyle(e, "::after").content))
            .map(e => e.outerHTML.slice(0, 120))"""
    )


def printed(page: Page) -> tuple[list[tuple[float, float]], str]:
    """The sizes of the sheets, and what stands on the first."""
    document: Any = pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True))
    try:
        sizes = [sheet.get_size() for sheet in document]
        return sizes, document[0].get_textpage().get_text_range()
    finally:
        document.close()


@pytest.mark.parametrize("username", PAGES)
def test_pages_of_a_role_print_well_on_a4(cast: Cast, username: str) -> None:
    page = cast[username].page
    page.set_viewport_size({"width": A4_TEXT, "height": 950})
    wrong = {}
    for path in PAGES[username]:
        page.emulate_media(media="screen")
        answer = page.goto(path)
        assert answer is not None
        assert answer.ok, (path, answer.status)
        heading = page.locator("h1").inner_text()
        page.emulate_media(media="print")
        faults = sticking_out(page) + shown(page, FOR_HANDS) + addresses_shown(page)
        sizes, text = printed(page)
        words = "".join(text.split())
        faults += [f"a sheet of {size}" for size in sizes if not is_a4(size)]
        faults += [
            f"the first sheet does not say {said}"
            for said in ("".join(heading.split()), "打印日期：2021年3月15日")
            if said not in words
        ]
        if faults:
            wrong[path] = faults
    assert not wrong


def is_a4(size: tuple[float, float]) -> bool:
    """Whether a sheet is A4, upright or lying."""
    return all(abs(a - b) < 2 for a, b in zip(sorted(size), A4_POINTS, strict=True))


def test_head_of_a_table_is_repeated_on_every_sheet(cast: Cast) -> None:
    page = cast["shengwei-officer"].open("/tasks")
    document: Any = pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True))
    heads = [sheet.get_textpage().get_text_range().count("完成时限") for sheet in document]
    document.close()
    assert len(heads) > 2
    assert all(heads)
