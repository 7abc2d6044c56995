"""Files that are not what they say, or that want to hurt whoever opens them."""

from __future__ import annotations

import io
import struct
import zipfile

import openpyxl
import sqlalchemy as sa
from PIL import Image

from portal.extensions import db
from portal.models import StoredFile
from tests.factories import showing
from tests.factories.evidence import office_bytes, ole_bytes, pdf_bytes, png_bytes, zip_bytes
from tests.factories.office import bomb, docx_with, with_part, xlsx
from tests.integration.hostile.table import Attack, Row, upload
from tests.support.pages import Page

EXE = b"MZ\x90\x00\x03" + bytes(200)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
HTML = b"<!doctype html><script>alert(document.cookie)</script>"
GIF_SCRIPT = b"GIF89a/*" + bytes(40) + b"*/=1;alert(1)//"
SCRIPT = "<script>alert(1)</script>"
DOCUMENT = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    "<w:body><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:body></w:document>"
)


def laughing() -> bytes:
    """A docx whose few entities would unfold to gigabytes (billion laughs)."""
    entities = '<!ENTITY l0 "ha">' + "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)
    )
    return _document(f'<?xml version="1.0"?><!DOCTYPE d [{entities}]>', "&l9;")


def reaching_out() -> bytes:
    """A docx whose entity is a file of the server."""
    return _document(
        '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]>', "&f;"
    )


def _document(head: str, text: str) -> bytes:
    xml = (head + DOCUMENT.format(text)).encode()
    return with_part(docx_with(paragraphs=["甲"]), "word/document.xml", xml).getvalue()


def nested_bomb() -> bytes:
    """An archive in an archive in an archive, of which each unpacks to a hundred times more."""
    content = bytes(10_000_000)
    for depth in range(3):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for copy in range(10):
                archive.writestr(f"{depth}-{copy}.zip", content)
        content = stream.getvalue()
    return content


def locked_zip() -> bytes:
    """An archive whose members say that they are encrypted."""
    content = bytearray(zip_bytes("机密.txt"))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    return bytes(content)


def photo_that_speaks() -> bytes:
    """A photograph whose camera is called like a script."""
    target, exif = io.BytesIO(), Image.Exif()
    exif[0x010F] = exif[0x010E] = SCRIPT
    Image.new("RGB", (32, 32)).save(target, "JPEG", exif=exif, comment=SCRIPT.encode())
    return target.getvalue()


def active_pdf() -> bytes:
    """A PDF that runs a script when it is opened."""
    return pdf_bytes().replace(
        b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"
    )


def many_entries() -> bytes:
    """An archive that says its directory is larger than any honest one."""
    content = bytearray(zip_bytes("一.txt"))
    end = content.index(b"PK\x05\x06")
    struct.pack_into("<L", content, end + 12, 400_000_000)
    return bytes(content)


def newest_file() -> StoredFile:
    return db.session.scalars(sa.select(StoredFile).order_by(StoredFile.id.desc())).first()  # type: ignore[return-value]


def is_only_saved(attack: Attack, _page: Page) -> None:
    """The file is never shown as it is: only sent to be saved, and into a shut box."""
    file = newest_file()
    saved = attack.get(f"/files/{file.id}?download=1")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert saved.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in saved.headers["Content-Security-Policy"]
    assert saved.headers["Content-Type"].partition(";")[0] not in {"text/html", "image/svg+xml"}


def is_not_previewed(attack: Attack, page: Page) -> None:
    """The preview says in words that there is none, and soon."""
    is_only_saved(attack, page)
    shown = attack.get(f"/files/{newest_file().id}/preview")
    assert shown.status == 200
    assert shown.select(".shown-none"), shown.text
    assert "root:" not in shown.html
    assert "haha" not in shown.html


def shows_names_alone(attack: Attack, page: Page) -> None:
    """An archive's names are listed; nothing of it is unpacked."""
    is_only_saved(attack, page)
    shown = attack.get(f"/files/{newest_file().id}/preview")
    assert (shown.status, len(shown.select(".shown-names li"))) == (200, 10)


def picture_is_drawn_anew(attack: Attack, page: Page) -> None:
    """What others see was drawn by us, without a word of the original."""
    is_only_saved(attack, page)
    for variant in ("picture", "thumbnail"):
        drawn = attack.get(f"/files/{newest_file().id}/{variant}")
        assert drawn.headers["Content-Type"] == "image/jpeg"
        assert b"script" not in drawn.response.get_data()


def runs_nothing(attack: Attack, _page: Page) -> None:
    """A PDF may be shown in a page, but no script runs by our policy, and no other origin."""
    shown = attack.get(f"/files/{newest_file().id}")
    policy = shown.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Content-Type"] == "application/pdf"


def has_the_name(name: str) -> object:
    def check(attack: Attack, page: Page) -> None:
        is_only_saved(attack, page)
        assert newest_file().name == name

    return check


def formulas_are_text(attack: Attack, _page: Page) -> None:
    """The index of a pack names the file, and calculates nothing."""
    pack = attack.get("/tasks/{task_id}/pack.zip").response.get_data()
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        index = openpyxl.load_workbook(io.BytesIO(archive.read(_member(archive, "目录.xlsx"))))
        assert not any(name.startswith(("/", "..")) for name in archive.namelist())
    cells = [cell for row in index.active.iter_rows() for cell in row]
    assert any("HYPERLINK" in str(cell.value) for cell in cells)
    assert {cell.data_type for cell in cells if "HYPERLINK" in str(cell.value)} == {"s"}


def _member(archive: zipfile.ZipFile, name: str) -> str:
    return next(one for one in archive.namelist() if one.endswith(name))


def refused(name: str, file: str, content: object, says: str) -> Row:
    return Row(f"file: {name}", upload(file, content), 422, says)  # type: ignore[arg-type]


def taken(name: str, file: str, content: object, check: object) -> Row:
    send = upload(file, content)  # type: ignore[arg-type]
    return Row(f"file: {name}", send, 303, "/tasks/", stores=True, check=check)  # type: ignore[arg-type]


ROWS = [
    refused("program called a PDF", "方案.pdf", EXE, "内容却是Windows 程序"),
    refused("program behind two extensions", "方案.pdf.exe", EXE, "不能上传“.exe”文件"),
    refused("web page called a picture", "图.png", HTML, "内容却是网页"),
    refused("drawing with script called a picture", "图.png", SVG, "内容却是矢量图"),
    refused("drawing with script", "图.svg", SVG, "不能上传“.svg”文件"),
    refused("web page", "说明.html", HTML, "不能上传“.html”文件"),
    refused("web page called a text", "说明.txt", HTML, "内容却是网页"),
    refused("script called a text", "说明.txt", b"#!/bin/sh\nrm -r /\n", "内容却是脚本程序"),
    refused("shortcut", "方案.lnk", b"L\0\0\0" + bytes(40), "不能上传“.lnk”文件"),
    refused("PDF called an archive", "包.zip", pdf_bytes() + zip_bytes(), "内容却是PDF 文件"),
    refused("locked PDF", "方案.pdf", showing.locked_pdf, "打开密码"),
    refused("locked Office document", "方案.docx", ole_bytes("EncryptedPackage"), "打开密码"),
    refused("locked archive", "包.zip", locked_zip, "打开密码"),
    refused("macros in a docx", "方案.docx", office_bytes("word", "word/vbaProject.bin"), "带宏"),
    refused("macros by extension", "方案.docm", office_bytes("word"), "不能上传“.docm”文件"),
    refused("archive that claims millions of names", "包.zip", many_entries, "条目过多"),
    refused("broken archive", "包.zip", zip_bytes()[:40], "已损坏"),
    refused("nothing in it", "方案.pdf", b"", "是空文件"),
    refused("NUL in its name", "方\x00案.pdf", pdf_bytes(), "控制字符"),
    refused("writing turned around", "方案fdp.\u202eexe.pdf", pdf_bytes(), "控制字符"),
    refused("300 characters", "一" * 300 + ".pdf", pdf_bytes(), "最多 255 个字"),
    refused("no name but dots", "...", pdf_bytes(), "文件没有名字"),
    refused("EXE that begins like text", "名册.csv", b"a,b\n\x00\x01", "无法识别"),
    taken("polyglot of PDF and archive", "方案.pdf", pdf_bytes() + zip_bytes(), runs_nothing),
    refused(
        "script that begins like a GIF", "图.gif", b"GIF89a/*" + b"*/=1;alert(1)//" * 9, "纯文本"
    ),
    refused("polyglot of GIF and script", "图.gif", GIF_SCRIPT, "照片已损坏"),
    taken("PDF with JavaScript", "方案.pdf", active_pdf, runs_nothing),
    taken("name that climbs", "../../../etc/方案.pdf", pdf_bytes(), has_the_name("方案.pdf")),
    taken("name of a Windows device", "CON.pdf", pdf_bytes(), has_the_name("CON.pdf")),
    taken(
        "name that is HTML",
        "<img src=x onerror=alert(1)>.pdf",
        pdf_bytes(),
        has_the_name("<img src=x onerror=alert(1)>.pdf"),
    ),
    taken("name that is a formula", "=HYPERLINK(1).pdf", pdf_bytes("f"), formulas_are_text),
    taken("CSV of formulas", "名册.csv", b"=cmd|' /C calc'!A0,1\n", is_only_saved),
    taken("script in a photograph's EXIF", "照片.jpg", photo_that_speaks, picture_is_drawn_anew),
    refused("picture of gigapixels", "图.png", showing.picture_bomb, "照片已损坏或过大"),
    taken("billion laughs in a docx", "方案.docx", laughing, is_not_previewed),
    taken("entity that is a file of ours", "方案.docx", reaching_out, is_not_previewed),
    taken("link with script in a docx", "方案.docx", showing.HOSTILE_LINK, is_only_saved),
    taken("docx that unpacks to 120 MB", "方案.docx", showing.word_bomb, is_not_previewed),
    taken(
        "xlsx that unpacks to 130 MB",
        "表.xlsx",
        lambda: bomb(130_000_000).getvalue(),
        is_not_previewed,
    ),
    taken("archive of archives of archives", "包.zip", nested_bomb, shows_names_alone),
    taken("tables three thousand deep", "方案.docx", showing.DEEP, is_not_previewed),
    refused("half a picture", "图.png", png_bytes()[:45], "照片已损坏"),
    taken(
        "sheet of formulas", "表.xlsx", lambda: xlsx([["=1+1", SCRIPT]]).getvalue(), is_only_saved
    ),
]
