"""The words inside files, as far as a short look finds them."""

import io
import sys
import time
import zipfile
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from portal import apart, file_text, look_in
from portal.demo.papers import paper
from portal.personal_data import find
from portal.services import uploads
from tests.factories import showing
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


PICTURES = {
    kind: showing.drawing(kind.upper(), "RGB", (300, 200))
    for kind in ("jpeg", "png", "gif", "webp")
}
BROKEN = [
    *((kind, raw, False) for kind, raw in PICTURES.items()),
    *((kind, raw[: len(raw) // 3], True) for kind, raw in PICTURES.items()),
    ("jpeg", PICTURES["png"], True),
    ("png", showing.picture_bomb(20_000), True),
    ("png", showing.picture_bomb(12_000), True),
    ("pdf", pdf_bytes(), False),
    ("pdf", locked_pdf_bytes(), False),
    ("pdf", b"%PDF-1.4 broken", True),
    ("text", b"", False),
    ("docx", b"no archive", False),
]


@pytest.mark.parametrize(("kind", "raw", "broken"), BROKEN)
def test_damaged_and_giant_pictures_and_damaged_papers_are_told(
    kind: str, raw: bytes, broken: bool
) -> None:
    content = "jpg" if kind == "jpeg" else kind
    stream = io.BytesIO(raw)
    assert file_text.is_broken(stream, content) is broken
    assert stream.tell() == 0


@pytest.mark.parametrize("text", ["<" * 400_000, "<br" * 150_000, "</aaaa" * 70_000])
def test_markup_that_never_ends_takes_no_longer_than_any_other(text: str) -> None:
    begun = time.process_time()
    file_text.text_of(io.BytesIO(office(word__document_xml=text)), "docx")
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_part_packed_as_no_office_program_does_is_not_unpacked(method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", f"<w:p>{PHONE}</w:p>" * 50)
    raw = bytearray(buffer.getvalue())
    assert file_text.text_of(io.BytesIO(raw), "docx") == ""
    # The packed bytes begin with their method's properties.
    place = raw.find(b"word/document.xml") + len("word/document.xml")
    raw[place : place + 9] = b"\xff" * 9
    assert uploads.inspect("名册.docx", io.BytesIO(raw)).checked


def test_day_of_a_large_png_is_not_looked_for() -> None:
    assert file_text.taken_on(io.BytesIO(png_bytes())) is None
    assert look_in.look(io.BytesIO(png_bytes()), "png") == look_in.Seen()


@pytest.mark.parametrize(
    ("content", "raw", "seen"),
    [
        ("text", PHONE.encode(), look_in.Seen(found=find(PHONE))),
        ("pdf", PDF, look_in.Seen(found=find(PHONE))),
        ("pdf", locked_pdf_bytes(), look_in.Seen(locked=True)),
        ("jpg", photo("2021:03:10 09:30:00"), look_in.Seen(taken_on=date(2021, 3, 10))),
        ("zip", encrypted_zip(), look_in.Seen(locked=True)),
        ("docx", b"no archive", look_in.Seen()),
        ("jpg", photo()[:200], look_in.Seen(broken=True)),
        ("pdf", b"%PDF-1.4 broken", look_in.Seen(broken=True)),
    ],
)
def test_look_in_a_process_of_its_own_finds_the_same(
    content: str, raw: bytes, seen: look_in.Seen, tmp_path: Path
) -> None:
    (tmp_path / "sent").write_bytes(raw)
    with (tmp_path / "sent").open("rb") as stream:
        stream.read(3)
        assert look_in.look(stream, content) == seen
        assert stream.read() == raw
    assert look_in.look(io.BytesIO(raw), content) == seen
    with look_in.drawn_here():
        assert look_in.look(io.BytesIO(raw), content) == seen


def test_file_that_wants_too_much_ends_its_process_only(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "from portal import look_in; import sys;"
        "look_in.MEMORY = 1024 * 1024; sys.exit(look_in.main(sys.argv[2:]))"
    )
    root = str(Path(__file__).resolve().parents[2])
    start = f"import sys; sys.path.insert(0, {root!r}); {program}"
    monkeypatch.setattr(apart, "PROGRAM", [sys.executable, "-c", start])
    assert look_in.look(io.BytesIO(PHONE.encode() * 100_000), "text") == look_in.Seen()
    # Nobody could look at such a picture either.
    assert look_in.look(io.BytesIO(png_bytes()), "png").broken
