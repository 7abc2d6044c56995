"""What a file really is, and which uploads are turned away."""

import io
import struct

import pytest

from portal import file_types
from portal.errors import Rejected
from portal.services.files import checked_name, title_of
from tests.factories.evidence import office_bytes, ole_bytes, pdf_bytes, png_bytes, zip_bytes

HUGE_DIRECTORY = (
    zip_bytes()[:-22]
    + b"PK\x05\x06"
    + struct.pack("<HHHHLLH", 0, 0, 65535, 65535, 64 * 1024 * 1024, 0, 0)
)
CONTENTS = [
    ("pdf", pdf_bytes(), {"pdf"}),
    ("png", png_bytes(), {"png"}),
    ("jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(40), {"jpg"}),
    ("gif", b"GIF89a" + bytes(30), {"gif"}),
    ("webp", b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(30), {"webp"}),
    ("mp4", b"\x00\x00\x00\x18ftypisom" + bytes(30), {"mp4"}),
    ("QuickTime", b"\x00\x00\x00\x14ftypqt  " + bytes(30), {"mov"}),
    ("HEIC", b"\x00\x00\x00\x18ftypheic" + bytes(30), {"heic"}),
    ("docx", office_bytes("word"), {"docx"}),
    ("xlsx", office_bytes("xl"), {"xlsx"}),
    ("pptx", office_bytes("ppt"), {"pptx"}),
    ("document with macros", office_bytes("word", "word/vbaProject.bin"), {"macro"}),
    ("archive", zip_bytes(), {"zip"}),
    ("archive that only names an office part", zip_bytes("word/document.xml"), {"zip"}),
    ("empty archive", b"PK\x05\x06" + bytes(18), {"zip"}),
    ("cut archive", zip_bytes()[:-30], {"broken-zip"}),
    ("archive with a giant directory", HUGE_DIRECTORY, {"huge-zip"}),
    ("old Word", ole_bytes("WordDocument"), {"doc"}),
    ("old Word with a sheet in it", ole_bytes("WordDocument", "Workbook"), {"doc", "xls"}),
    ("old Excel", ole_bytes("Workbook"), {"xls"}),
    ("old PowerPoint", ole_bytes("PowerPoint Document"), {"ppt"}),
    ("document with a password", ole_bytes("EncryptedPackage"), {"encrypted"}),
    ("installer", ole_bytes("Property"), {"ole"}),
    ("text", "全科医学科设置文件".encode(), {"text"}),
    ("text of an older Windows", "全科医学科设置文件".encode("gb18030"), {"text"}),
    ("text that begins like a bitmap", b"BMI, 22.5", {"text"}),
    ("text cut in the middle of a character", "设".encode()[:1], {"unknown"}),
    ("text with a zero byte", b"abc\x00def", {"unknown"}),
    ("page", b"<!DOCTYPE html><script>alert(1)</script>", {"html"}),
    ("page behind a byte order mark", b"\xef\xbb\xbf \n<html>", {"html"}),
    ("page as XML", b"<?xml version='1.0'?><html>", {"html"}),
    ("drawing", b"<svg onload='alert(1)'>", {"svg"}),
    ("drawing as XML", b"<?xml version='1.0'?>\n<svg>", {"svg"}),
    ("script", b"#!/bin/sh\nrm -rf /", {"script"}),
    ("program", b"MZ\x90\x00" + bytes(60), {"exe"}),
    ("Rar", b"Rar!\x1a\x07\x00" + bytes(30), {"rar"}),
    ("noise", bytes(range(256)), {"unknown"}),
]


@pytest.mark.parametrize(
    ("content", "found"), [row[1:] for row in CONTENTS], ids=[row[0] for row in CONTENTS]
)
def test_sniff_tells_what_the_bytes_are(content: bytes, found: set[str]) -> None:
    stream = io.BytesIO(content)
    stream.seek(3)
    assert file_types.sniff(stream) == found
    assert stream.tell() == 0
    assert all(file_types.content_label(one) for one in found)


def test_sniff_finds_a_stream_name_that_crosses_two_blocks() -> None:
    container = ole_bytes() + bytes(file_types.CHUNK - 1210) + "Workbook".encode("utf-16-le")
    assert file_types.sniff(io.BytesIO(container)) == {"xls"}


def test_sniff_reads_text_to_its_end() -> None:
    long = ("全" * file_types.CHUNK).encode() + b"\x00"
    assert file_types.sniff(io.BytesIO(long)) == {"unknown"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("方案.pdf", "方案.pdf"),
        (r"C:\Users\tea\方案.pdf", "方案.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("  方案.pdf ", "方案.pdf"),
        ("e\u0301.pdf", "é.pdf"),
        ("一" * 251 + ".pdf", "一" * 251 + ".pdf"),
        ("名单", "名单"),
    ],
)
def test_checked_name_keeps_the_last_part(given: str, kept: str) -> None:
    assert checked_name(given) == kept


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "没有名字"),
        ("folder/", "没有名字"),
        ("..", "没有名字"),
        (".pdf", "没有名字"),
        ("方\x00案.pdf", "控制字符"),
        ("方\n案.pdf", "控制字符"),
        ("fdp\u202eexe.pdf", "控制字符"),
        ("一" * 252 + ".pdf", "现有 256 个字"),
    ],
)
def test_checked_name_refuses(given: str, said: str) -> None:
    with pytest.raises(Rejected, match=said):
        checked_name(given)


def test_title_is_the_name_without_its_extension() -> None:
    assert title_of("全科门诊.照片.jpg") == "全科门诊.照片"
    assert title_of("名单") == "名单"
    assert len(title_of("一" * 250 + ".pdf")) == 200
