"""The words inside files, as far as a short look finds them."""

import io
import zipfile
from datetime import date

import pytest
from PIL import Image

from portal import file_text
from portal.demo.papers import paper
from portal.personal_data import find
from tests.factories.evidence import (
    locked_pdf_bytes,
    office_bytes,
    ole_bytes,
    pdf_bytes,
    png_bytes,
    zip_bytes,
)

PHONE = "13812345678"


def office(**parts: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), text)
    return buffer.getvalue()


SPLIT = (
    '<w:document rsid="13912345678"><w:p><w:r><w:t>电话138</w:t></w:r><w:r><w:t>12345678'
    "</w:t></w:r></w:p><w:p><w:t>9</w:t></w:p></w:document>"
)
SHEET = '<row r="13712345678"><c><v>13812345678</v></c><c><v>1</v></c></row>'
STRINGS = "<sst><si><r><t>138</t></r><r><t>12345678</t></r></si><si><t>9</t></si></sst>"
PDF = paper("名册", [f"电话：{PHONE}"], unit="海口市人民医院", date="2021年3月15日").getvalue()


@pytest.mark.parametrize(
    ("content", "raw"),
    [
        ("text", f"电话{PHONE}".encode()),
        ("text", f"电话{PHONE}".encode("gb18030")),
        ("docx", office(word__document_xml=SPLIT)),
        ("docx", office(word__header1_xml=SPLIT)),
        ("xlsx", office(xl__worksheets__sheet1_xml=SHEET)),
        ("xlsx", office(xl__sharedStrings_xml=STRINGS)),
        ("pptx", office(ppt__slides__slide1_xml=f"<a:p><a:t>{PHONE}</a:t></a:p>")),
        ("doc", ole_bytes("WordDocument") + PHONE.encode("utf-16-le")),
        ("xls", ole_bytes("Workbook") + PHONE.encode()),
        ("pdf", PDF),
    ],
)
def test_number_is_found_whatever_the_file_is(content: str, raw: bytes) -> None:
    stream = io.BytesIO(raw)
    assert find(file_text.text_of(stream, content)).phones == {"138****5678"}
    assert stream.tell() == 0


@pytest.mark.parametrize(
    ("content", "raw"),
    [
        ("pdf", b"%PDF-1.4 broken"),
        ("pdf", pdf_bytes()),
        ("docx", office_bytes()[:-30]),
        ("docx", b"no archive"),
        ("png", png_bytes()),
        ("zip", zip_bytes(f"{PHONE}.txt")),
        ("mp4", PHONE.encode()),
    ],
)
def test_nothing_is_found_and_nothing_breaks(content: str, raw: bytes) -> None:
    assert not find(file_text.text_of(io.BytesIO(raw), content))


def test_only_the_beginning_of_a_large_text_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_text, "MAX_BYTES", 1000)
    bomb = office(word__document_xml="<w:p>" + " " * 5000 + PHONE + "</w:p>")
    assert len(file_text.text_of(io.BytesIO(b"x" * 5000), "text")) == 1000
    assert not find(file_text.text_of(io.BytesIO(bomb), "docx"))


def encrypted_zip() -> bytes:
    """An archive whose one member says that it is encrypted."""
    raw = bytearray(zip_bytes("名册.txt"))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.find(mark) + offset] |= 1
    return bytes(raw)


@pytest.mark.parametrize(
    ("content", "raw", "locked"),
    [
        ("zip", encrypted_zip(), True),
        ("pdf", locked_pdf_bytes(), True),
        ("zip", zip_bytes(), False),
        ("zip", b"PK broken", False),
        ("pdf", pdf_bytes(), False),
        ("pdf", b"%PDF-1.4 broken", False),
        ("docx", office_bytes(), False),
    ],
)
def test_archive_that_needs_a_password_is_recognised(
    content: str, raw: bytes, locked: bool
) -> None:
    assert file_text.is_locked(io.BytesIO(raw), content) is locked


def photo(taken: str = "") -> bytes:
    exif = Image.Exif()
    if taken:
        exif[0x8769] = {0x9003: taken}
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        (photo("2021:03:10 09:30:00"), date(2021, 3, 10)),
        (photo("0000:00:00 00:00:00"), None),
        (photo("somewhere"), None),
        (photo(), None),
        (png_bytes(), None),
        (b"\xff\xd8\xff broken", None),
    ],
)
def test_day_of_a_photograph_is_read_where_the_camera_wrote_it(
    raw: bytes, day: date | None
) -> None:
    assert file_text.taken_on(io.BytesIO(raw)) == day
