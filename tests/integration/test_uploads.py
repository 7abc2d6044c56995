"""Uploads through the service: what is kept, and what is turned away with which sentence."""

import io
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import storage
from portal.errors import Rejected
from portal.models import StoredFile
from portal.services.files import store_upload
from tests.factories import make_scene, showing
from tests.factories.evidence import office_bytes, ole_bytes, pdf_bytes, png_bytes, zip_bytes

JPEG = showing.photo()
TEXT = "姓名,科室\n甲,全科".encode()
ACCEPTED = [
    ("协议.pdf", pdf_bytes(), "application/pdf"),
    ("协议.PDF", pdf_bytes(), "application/pdf"),
    ("照片.jpg", JPEG, "image/jpeg"),
    ("照片.jpeg", JPEG, "image/jpeg"),
    ("照片.png", png_bytes(), "image/png"),
    ("动图.gif", showing.drawing("GIF", "RGB"), "image/gif"),
    ("照片.webp", showing.drawing("WEBP"), "image/webp"),
    ("通知.doc", ole_bytes("WordDocument"), "application/msword"),
    ("名册.xls", ole_bytes("Workbook"), "application/vnd.ms-excel"),
    ("课件.ppt", ole_bytes("PowerPoint Document"), "application/vnd.ms-powerpoint"),
    ("制度.docx", office_bytes("word"), "wordprocessingml.document"),
    ("名册.xlsx", office_bytes("xl"), "spreadsheetml.sheet"),
    ("课件.pptx", office_bytes("ppt"), "presentationml.presentation"),
    ("说明.txt", "说明".encode("gb18030"), "text/plain"),
    ("名册.csv", TEXT, "text/csv"),
    ("打包.zip", zip_bytes(), "application/zip"),
    ("录像.mp4", b"\x00\x00\x00\x18ftypisom" + bytes(30), "video/mp4"),
]
REFUSED = [
    ("空.pdf", b"", "空文件"),
    ("程序.exe", b"MZ\x90\x00", "不能上传“.exe”文件"),
    ("网页.html", b"<html>", "不能上传“.html”文件"),
    ("图.svg", b"<svg>", "不能上传“.svg”文件"),
    ("宏.docm", office_bytes("word"), "不能上传“.docm”文件"),
    ("照片.heic", b"\x00\x00\x00\x18ftypheic" + bytes(30), "不能上传“.heic”文件"),
    ("没有扩展名", pdf_bytes(), "没有扩展名"),
    ("双重.pdf.exe", pdf_bytes(), "不能上传“.exe”文件"),
    ("程序.pdf", b"MZ\x90\x00" + bytes(60), "内容却是Windows 程序"),
    ("网页.pdf", b"<!doctype html><script>", "内容却是网页"),
    ("网页.txt", b"<html><script>alert(1)</script>", "内容却是网页"),
    ("图.png", b"<svg onload='alert(1)'>", "内容却是矢量图"),
    ("照片.png", JPEG, "内容却是JPEG 图片"),
    ("照片.jpg", b"\x00\x00\x00\x18ftypheic" + bytes(30), "内容却是HEIC 图片"),
    ("制度.pdf", office_bytes("word"), "内容却是Word 文档"),
    ("制度.docx", zip_bytes(), "内容却是ZIP 压缩包"),
    ("制度.docx", office_bytes("xl"), "内容却是Excel 工作簿"),
    ("制度.docx", office_bytes("word", "word/vbaProject.bin"), "带宏的 Office 文件"),
    ("制度.docx", ole_bytes("EncryptedPackage"), "设有打开密码"),
    ("制度.docx", office_bytes("word")[:-40], "已损坏"),
    ("照片.jpg", JPEG[: len(JPEG) // 3], "照片已损坏或过大"),
    ("照片.png", showing.picture_bomb(20_000), "照片已损坏或过大"),
    ("协议.pdf", b"%PDF-1.7\nnothing", "已损坏，打不开"),
    ("名册.zip", office_bytes("xl"), "内容却是Excel 工作簿"),
    ("通知.doc", ole_bytes("Workbook"), "内容却是Excel 97 工作簿"),
    ("通知.doc", ole_bytes("Property"), "容器文件"),
    ("名册.csv", b"a,b\x00c", "无法识别"),
    ("名册.csv", bytes(range(128, 256)), "无法识别"),
    ("视频.mp4", b"\x00\x00\x00\x14ftypqt  " + bytes(30), "内容却是QuickTime 视频"),
    ("打包.zip", b"Rar!\x1a\x07\x00" + bytes(30), "内容却是RAR 压缩包"),
    ("方\x00案.pdf", pdf_bytes(), "控制字符"),
    ("fdp\u202e.pdf", pdf_bytes(), "控制字符"),
    ("一" * 300 + ".pdf", pdf_bytes(), "最多 255 个字"),
]


@pytest.mark.parametrize(("name", "content", "media_type"), ACCEPTED)
def test_coordinator_uploads_an_accepted_file(
    session: Any, name: str, content: bytes, media_type: str
) -> None:
    scene = make_scene()
    file = store_upload(
        name, io.BytesIO(content), pairing=scene.pairing, actor=scene.supported_coordinator
    )
    assert file.media_type.endswith(media_type)
    assert (file.name, file.size) == (name, len(content))
    assert (file.pairing_id, file.uploaded_by) == (scene.pairing_id, scene.supported_coordinator)
    with storage.store().open(file.sha256) as kept:
        assert kept.read() == content


@pytest.mark.parametrize(("name", "content", "said"), REFUSED)
def test_coordinator_is_told_why_a_file_is_refused(
    session: Any, name: str, content: bytes, said: str
) -> None:
    scene = make_scene()
    before = kept_files()
    with pytest.raises(Rejected) as refusal:
        store_upload(
            name, io.BytesIO(content), pairing=scene.pairing, actor=scene.supported_coordinator
        )
    assert list(refusal.value.fields) == ["file"]
    assert said in refusal.value.fields["file"]
    assert session.scalar(sa.select(sa.func.count(StoredFile.id))) == 0
    assert kept_files() == before


def test_coordinator_is_told_how_large_a_file_may_be(app: Flask) -> None:
    scene = make_scene()
    store = storage.store()
    storage.use(store, upload_limit=1024 * 1024)
    try:
        just = pdf_bytes().ljust(1024 * 1024)
        store_upload(
            "刚好.pdf", io.BytesIO(just), pairing=scene.pairing, actor=scene.supported_coordinator
        )
        with pytest.raises(Rejected, match=r"超过了 1 MB 的限制"):
            store_upload(
                "过大.pdf",
                io.BytesIO(just + b" "),
                pairing=scene.pairing,
                actor=scene.supported_coordinator,
            )
    finally:
        storage.use(store, upload_limit=app.config["UPLOAD_LIMIT"])


def test_coordinator_sends_a_path_and_only_its_last_part_is_kept(session: Any) -> None:
    scene = make_scene()
    file = store_upload(
        r"..\..\windows/方案.pdf",
        io.BytesIO(pdf_bytes("path")),
        pairing=None,
        actor=scene.supported_coordinator,
    )
    assert file.name == "方案.pdf"
    path = storage.store().path(file.sha256)
    assert path is not None
    assert path.name == file.sha256


def kept_files() -> set[str]:
    """Return the names of everything in the file store, unfinished uploads included."""
    root = getattr(storage.store(), "root")  # noqa: B009  (the protocol knows no root)
    return {path.name for path in root.rglob("*") if path.is_file()}
