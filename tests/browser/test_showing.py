"""Looking at evidence in a browser: previews in their frames, and the gallery by keys."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect

from portal.extensions import db
from portal.models import Evidence, Task, User
from tests.browser.players import Cast
from tests.factories import showing
from tests.factories.evidence import evidence_for
from tests.support.browser import LiveServer, at_width, axe

pytestmark = pytest.mark.browser

WHO = "wenchang-coordinator"
FILES = {
    "管理办法.docx": showing.word("第一条　规范带教。", heading="办法", picture=showing.photo()),
    "师资名单.xlsx": showing.workbook([["甲"]], [["乙"]], titles=("名单", "汇总")),
    "说明.txt": "活动说明".encode("gb18030"),
    "照片一.jpg": showing.photo(size=(400, 300), orientation=showing.TURNED, place=True),
    "照片二.jpg": showing.photo(size=(400, 300), mark=9),
    "三页.pdf": showing.pages(3, side=500),
}


@pytest.fixture(scope="module")
def shown(live_server: LiveServer) -> dict[str, int]:
    """Evidence of every kind in a task of the demonstration: name → id, as they were added."""
    app: Flask = live_server.app
    with app.app_context():
        user = db.session.query(User).filter_by(username=WHO).one()
        task = db.session.query(Task).filter_by(pairing_id=2).order_by(Task.id).first()
        assert task is not None
        ids = {"task": task.id}
        for name, content in FILES.items():
            ids[name] = evidence_for(task, by=user, name=name, content=content).evidence_id
        db.session.commit()
    return ids


@pytest.fixture
def page(cast: Cast, shown: dict[str, int]) -> Page:
    return cast[WHO].page


def test_document_is_read_in_its_frame(page: Page, shown: dict[str, int]) -> None:
    """No script runs where a document is shut in, the driver's neither: pixels must do."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    with page.expect_response("**/preview?framed=1") as framed:
        page.goto(f"/evidence/{shown['管理办法.docx']}")
    answer = framed.value
    assert "<h2>办法</h2>" in answer.text()
    assert "sandbox" in answer.headers["content-security-policy"]
    page.wait_for_load_state("networkidle")
    with Image.open(io.BytesIO(page.locator("iframe.preview").screenshot())) as seen:
        colours = {colour for count, colour in seen.convert("RGB").getcolors(1 << 24) if count > 50}
    assert any(red > 200 and max(green, blue) < 60 for red, green, blue in colours), "its picture"
    assert complaints == []
    assert axe(page) == []


def test_sheets_are_turned_inside_the_frame(page: Page, shown: dict[str, int]) -> None:
    page.goto(f"/evidence/{shown['师资名单.xlsx']}")
    page.wait_for_load_state("networkidle")
    frame = page.locator("iframe.preview")
    frame.scroll_into_view_if_needed()
    with page.expect_response("**/preview?*sheet=2*") as turned:
        # The second of two tabs, whose place the style sheet gives.
        frame.click(position={"x": 98, "y": 24})
    assert turned.value.status == 200
    assert "<td>乙</td>" in turned.value.text()


def test_pdf_is_in_the_viewer_of_the_browser(page: Page, shown: dict[str, int]) -> None:
    page.goto(f"/evidence/{shown['三页.pdf']}")
    frame = page.frame_locator("iframe.preview")
    expect(frame.locator("object[type='application/pdf']")).to_be_visible()
    # The pictures are for browsers without a viewer.
    expect(frame.locator(".shown-pages img").first).to_be_hidden()


def test_gallery_is_looked_through_by_keys(page: Page, shown: dict[str, int]) -> None:
    here = f"/tasks/{shown['task']}/gallery"
    page.goto(here)
    picture = page.locator(".gallery img").first
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("e => e.naturalWidth") > 0
    assert axe(page) == []
    at_width(page, 360)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".gallery a").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".gallery a").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{here}?item={shown['照片二.jpg']}")
    expect(page.locator("h1")).to_have_text("照片二")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**?item={shown['照片一.jpg']}")
    expect(page.locator("main")).to_contain_text("原件含拍摄位置")
    picture = page.locator("img.preview-image")
    expect(picture).to_be_visible()
    assert picture.evaluate("e => e.naturalHeight > e.naturalWidth"), "it stands upright"
    assert axe(page) == []
    at_width(page, 360)
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**?item={shown['照片二.jpg']}")
    page.keyboard.press("Escape")
    # Back to the page of the gallery that the piece stands on, at the piece itself.
    page.wait_for_url(f"**{here}#item-{shown['照片二.jpg']}")
    expect(page.locator(f"#item-{shown['照片二.jpg']} a")).to_be_focused()


def test_gallery_works_by_links_without_script(
    browser: object, live_server: LiveServer, page: Page, shown: dict[str, int]
) -> None:
    context = browser.new_context(  # type: ignore[attr-defined]
        base_url=live_server.url,
        java_script_enabled=False,
        storage_state=page.context.storage_state(),
    )
    try:
        plain = context.new_page()
        plain.goto(f"/tasks/{shown['task']}/gallery")
        plain.get_by_role("link", name="照片二").click()
        plain.get_by_role("link", name="下一件").click()
        expect(plain.locator("h1")).to_have_text("照片一")
        plain.get_by_role("link", name="全部").click()
        expect(plain.locator(".gallery a").first).to_be_visible()
    finally:
        context.close()


@pytest.mark.parametrize("name", FILES)
def test_preview_page_fits_a_phone(
    page: Page, shown: dict[str, int], name: str, live_server: LiveServer
) -> None:
    with live_server.app.app_context():
        piece = db.session.get(Evidence, shown[name])
        assert piece is not None
        file_id = piece.file_id
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/files/{file_id}/preview")
    # Measured from outside: where a document is shut in, the driver's script does not run either.
    measured = page.context.new_cdp_session(page).send("Page.getLayoutMetrics")
    assert measured["cssContentSize"]["width"] <= 360


def test_preview_page_is_accessible(
    page: Page, shown: dict[str, int], live_server: LiveServer
) -> None:
    with live_server.app.app_context():
        piece = db.session.get(Evidence, shown["三页.pdf"])
        assert piece is not None
        file_id = piece.file_id
    page.goto(f"/files/{file_id}/preview")
    assert axe(page) == []
