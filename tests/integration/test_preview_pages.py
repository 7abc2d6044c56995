"""Preview pages, pictures and thumbnails: what is shown to whom, under which policy."""

from __future__ import annotations

import io
import re
import shutil
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from portal import storage
from portal.documents.previews import keeping
from portal.extensions import db
from portal.file_types import ACCEPTED
from portal.models import AuditEntry, Evidence, ScanState
from tests.factories import PASSWORD, Scene, make_scene, showing
from tests.factories.evidence import evidence_in, ole_bytes, pdf_bytes, png_bytes
from tests.support.pages import PageClient

DERIVED = ("preview", "picture", "thumbnail", "page")


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


@pytest.fixture
def reader(client: PageClient, scene: Scene) -> PageClient:
    client.login(scene.supported_coordinator, PASSWORD)
    return client


def piece(scene: Scene, name: str, content: bytes) -> Evidence:
    """A piece with these bytes, also those that no upload lets in any more."""
    made = evidence_in(scene.pairing, by=scene.supported_coordinator)
    stored = storage.store().save(io.BytesIO(content))
    made.file.sha256, made.file.size, made.file.name = stored.sha256, stored.size, name
    made.file.media_type = ACCEPTED[name.rpartition(".")[2]].media_type
    return made


SHOWN = {
    "方案.pdf": (pdf_bytes(), "object[type='application/pdf']", ""),
    "照片.jpg": (showing.photo(), "img.shown-picture", ""),
    "制度.docx": (showing.word("全科", heading="制度"), "article.shown-word > h2", "制度"),
    "名单.xlsx": (showing.workbook([["姓名", "分"], ["甲", 1]]), ".shown-cells td", "甲"),
    "名单.csv": ("姓名,单位\n乙,医院".encode("gb18030"), ".shown-cells td", "乙"),
    "说明.txt": ("说明 <b>文字</b>".encode("gb18030"), ".shown-text", "<b>文字</b>"),
    "打包.zip": (showing.archive_of("材料/一.txt"), ".shown-names li", "材料/一.txt"),
    "录像.mp4": (b"\0\0\0\x18ftypmp42" + bytes(64), "video[controls]", ""),
    "旧表.xls": (ole_bytes("Workbook"), ".shown-none", "请下载后查看"),
    "空壳.docx": (
        showing.archive_of("[Content_Types].xml", "word/document.xml"),
        ".shown-none",
        "可能已损坏",
    ),
    "坏图.jpg": (showing.photo()[:300], ".shown-none", "可能已损坏"),
    "坏件.pdf": (b"%PDF-1.7\nnothing", ".shown-none", "可能已损坏"),
    "锁.pdf": (showing.locked_pdf(), ".shown-none", "打开密码"),
}


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("framed", [False, True], ids=["whole", "framed"])
def test_every_kind_of_file_is_shown_or_told_of_in_words(
    reader: PageClient, scene: Scene, name: str, framed: bool
) -> None:
    content, css, said = SHOWN[name]
    file = piece(scene, name, content).file
    page = reader.get(f"/files/{file.id}/preview", {"framed": 1} if framed else None)
    assert page.status == 200
    assert page.select(css), page.text
    assert said in page.text
    assert page.h1 == name
    assert bool(page.select("a[href$='download=1']")) is not framed
    assert not page.select("script")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy
    shut_in = not page.select("object, video, img.shown-picture")
    assert ("sandbox" in policy) is shut_in or "shown-picture" in css
    assert page.headers["Cache-Control"] == "private, no-store"


def test_document_is_shut_in_and_may_load_nothing(reader: PageClient, scene: Scene) -> None:
    file = piece(scene, "制度.docx", showing.HOSTILE_LINK).file
    page = reader.get(f"/files/{file.id}/preview")
    policy = page.headers["Content-Security-Policy"]
    assert re.search(r"sandbox(?!.*allow-scripts)(?!.*allow-forms)(?!.*allow-popups)", policy)
    assert "connect-src" not in policy
    assert not page.select(".shown-word a, .shown-word img, .shown-word [onerror]")
    assert "点这里" in page.text


def test_sheets_of_a_workbook_are_turned_by_plain_links(reader: PageClient, scene: Scene) -> None:
    content = showing.workbook([["一"]], [["二"]], titles=("甲表", "乙表"))
    file = piece(scene, "表.xlsx", content).file
    page = reader.get(f"/files/{file.id}/preview", {"framed": 1})
    assert page.texts(".shown-sheets a") == ["甲表", "乙表"]
    assert page.texts(".shown-sheets [aria-current]") == ["甲表"]
    second = reader.get(str(page.select(".shown-sheets a")[1]["href"]))
    assert second.texts(".shown-cells td") == ["二"]
    assert second.select(".shown-page.shown-framed")
    for nonsense in ("0", "-1", "99999999999", "x"):
        assert reader.get(f"/files/{file.id}/preview", {"sheet": nonsense}).status == 200


def test_table_that_is_cut_says_so(reader: PageClient, scene: Scene) -> None:
    file = piece(scene, "长.csv", b"a,b\n" * 300).file
    page = reader.get(f"/files/{file.id}/preview")
    assert "只显示前 200 行" in page.text
    assert len(page.select(".shown-cells tr")) == 200


def test_picture_shown_to_others_is_never_the_original(reader: PageClient, scene: Scene) -> None:
    original = showing.photo(orientation=showing.TURNED, place=True)
    file = piece(scene, "照片.jpg", original).file
    shown = reader.get(f"/files/{file.id}")
    assert (shown.status, shown.location) == (302, f"/files/{file.id}/preview")
    for variant in ("picture", "thumbnail"):
        answer = reader.get(f"/files/{file.id}/{variant}")
        made = answer.response.get_data()
        assert answer.headers["Content-Type"] == "image/jpeg"
        for left in (b"SECRET", b"Exif", b"GPS"):
            assert left not in made
        with Image.open(io.BytesIO(made)) as drawn:
            assert drawn.size == (32, 64)
    saved = reader.get(f"/files/{file.id}", {"download": 1})
    assert saved.response.get_data() == original
    assert saved.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("place", [True, False])
def test_page_of_a_picture_says_when_its_original_carries_a_place(
    reader: PageClient, scene: Scene, place: bool
) -> None:
    evidence = piece(scene, "照片.jpg", showing.photo(place=place))
    for address in (
        f"/files/{evidence.file_id}/preview",
        f"/pairings/{scene.pairing_id}/gallery?item={evidence.id}",
        f"/evidence/{evidence.id}",
    ):
        assert ("原件含拍摄位置" in reader.get(address).text) is place, address


@pytest.mark.parametrize("variant", ["picture", "thumbnail", "page"])
def test_browser_that_has_a_derived_picture_is_told_it_is_unchanged(
    reader: PageClient, scene: Scene, variant: str
) -> None:
    name, content = ("图.pdf", pdf_bytes()) if variant == "page" else ("图.png", png_bytes())
    file = piece(scene, name, content).file
    first = reader.get(f"/files/{file.id}/{variant}")
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in first.headers["Content-Security-Policy"]
    again = reader.get(f"/files/{file.id}/{variant}", headers={"If-None-Match": tag})
    assert (again.status, again.response.get_data()) == (304, b"")
    other = reader.get(f"/files/{file.id}/{variant}", headers={"If-None-Match": '"other"'})
    assert other.status == 200
    reader.logout()
    reader.login(scene.foreign_coordinator, PASSWORD)
    hidden = reader.get(f"/files/{file.id}/{variant}", headers={"If-None-Match": tag})
    assert hidden.status == 404


@pytest.mark.parametrize("role", ["foreign_coordinator", "expert", "administrator", "auditor"])
def test_nothing_is_derived_for_those_who_may_not_open_the_file(
    client: PageClient, scene: Scene, role: str
) -> None:
    file = piece(scene, "照片.png", png_bytes()).file
    client.login(getattr(scene, role), PASSWORD)
    for variant in DERIVED:
        assert client.get(f"/files/{file.id}/{variant}").status == 404


@pytest.mark.parametrize(
    ("name", "content", "answers"),
    [
        ("照片.png", png_bytes(), {"picture": 200, "thumbnail": 200, "page": 404}),
        ("方案.pdf", pdf_bytes(), {"picture": 404, "thumbnail": 200, "page": 200}),
        ("说明.txt", "说明".encode(), {"picture": 404, "thumbnail": 404, "page": 404}),
        ("坏图.jpg", showing.photo()[:300], {"picture": 404, "thumbnail": 404, "page": 404}),
    ],
)
def test_what_a_file_has_no_picture_of_is_not_found(
    reader: PageClient, scene: Scene, name: str, content: bytes, answers: dict[str, int]
) -> None:
    file = piece(scene, name, content).file
    assert {one: reader.get(f"/files/{file.id}/{one}").status for one in answers} == answers


def test_missing_thumbnail_leaves_no_refusal_in_the_audit_log(
    reader: PageClient, scene: Scene
) -> None:
    files = [
        piece(scene, "说明.txt", b"abc").file,
        piece(scene, "坏图.jpg", showing.photo()[:300]).file,
    ]
    db.session.commit()
    before = db.session.scalar(sa.select(sa.func.count(AuditEntry.position)))
    for file in files:
        assert reader.get(f"/files/{file.id}/thumbnail").status == 404
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(AuditEntry.position))) == before


def test_busy_server_asks_the_browser_to_come_back_for_the_picture(
    reader: PageClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = piece(scene, "照片.jpg", showing.photo(mark=77, place=True))
    monkeypatch.setattr(keeping, "PATIENCE", 0)
    monkeypatch.setattr(keeping, "AT_ONCE", threading.BoundedSemaphore(1))
    keeping.AT_ONCE.acquire()
    answer = reader.get(f"/files/{evidence.file_id}/thumbnail")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert "暂时无法确认原件是否含拍摄位置" in reader.get(f"/evidence/{evidence.id}").text
    keeping.AT_ONCE.release()
    assert reader.get(f"/files/{evidence.file_id}/thumbnail").status == 200
    assert "原件含拍摄位置" in reader.get(f"/evidence/{evidence.id}").text


def test_no_transaction_is_open_while_a_preview_is_made(
    reader: PageClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = piece(scene, "照片.jpg", showing.photo(mark=78))
    open_ones: list[bool] = []
    made = keeping._made

    def watched(*args: Any) -> bytes:
        open_ones.append(db.session().in_transaction())
        return made(*args)

    monkeypatch.setattr(keeping, "_made", watched)
    for address in (
        f"/evidence/{evidence.id}",
        f"/pairings/{scene.pairing_id}/gallery?item={evidence.id}",
        f"/files/{evidence.file_id}/preview",
        f"/files/{evidence.file_id}/thumbnail",
    ):
        shutil.rmtree(keeping._root())
        assert reader.get(address).status == 200
    assert open_ones == [False] * len(open_ones)
    assert len(open_ones) >= 4


def test_sheet_number_of_what_has_no_sheets_makes_nothing_anew(
    reader: PageClient, scene: Scene
) -> None:
    file = piece(scene, "长.csv", b"x,y\n").file
    for sheet in (1, 2, 40):
        assert reader.get(f"/files/{file.id}/preview", {"sheet": sheet}).status == 200
    folder = keeping._place(file.sha256, "").parent / file.sha256
    assert [path.name for path in folder.iterdir()] == ["body-0"]


def test_page_a_document_lacks_is_not_found(reader: PageClient, scene: Scene) -> None:
    file = piece(scene, "方案.pdf", showing.pages(2)).file
    found = [reader.get(f"/files/{file.id}/page", {"number": n}).status for n in (1, 2, 3, 9999)]
    assert found == [200, 200, 404, 404]


@pytest.mark.parametrize(
    ("scan", "said"), [(ScanState.WAITING, "待扫描"), (ScanState.INFECTED, "病毒")]
)
def test_file_that_is_not_scanned_clean_is_never_shown(
    reader: PageClient, scene: Scene, scan: ScanState, said: str
) -> None:
    evidence = piece(scene, "照片.png", png_bytes())
    reader.get(f"/files/{evidence.file_id}/thumbnail")
    evidence.file.scan = scan
    page = reader.get(f"/files/{evidence.file_id}/preview")
    assert said in page.one(".shown-none").get_text()
    assert not page.select("main img, a[href$='download=1']")
    for variant in ("picture", "thumbnail"):
        assert reader.get(f"/files/{evidence.file_id}/{variant}").status == 404
    assert reader.get(f"/files/{evidence.file_id}").status == 423
    for address in (
        f"/evidence/{evidence.id}",
        f"/pairings/{scene.pairing_id}/evidence",
        f"/pairings/{scene.pairing_id}/gallery",
        f"/pairings/{scene.pairing_id}/gallery?item={evidence.id}",
    ):
        assert not reader.get(address).select("main img, main iframe"), address


def test_file_missing_on_disk_is_told_of_in_words(reader: PageClient, scene: Scene) -> None:
    file = piece(scene, "丢失.txt", "丢失的文字".encode()).file
    storage.store().delete(file.sha256)
    page = reader.get(f"/files/{file.id}/preview")
    assert page.status == 200
    assert "找不到这个文件" in page.text
