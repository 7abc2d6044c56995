"""What a file is, told by its content; what is no workbook is refused with what to do."""

import io
import zipfile

from portal.documents.workbooks import limits
from portal.documents.workbooks.limits import Unreadable

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
BEGINNINGS = (
    (b"%PDF", limits.PDF),
    (b"\x89PNG", limits.PICTURE),
    (b"\xff\xd8\xff", limits.PICTURE),
    (b"GIF8", limits.PICTURE),
    (b"Rar!", limits.WRONG_KIND),
    (b"7z\xbc\xaf", limits.WRONG_KIND),
)
# Part of an OOXML package, and what a package with it is.
OTHER_PACKAGES = (
    ("xl/vbaProject.bin", limits.MACROS),
    ("xl/workbook.bin", limits.BINARY),
    ("word/document.xml", limits.WORD),
    ("ppt/presentation.xml", limits.SLIDES),
    ("content.xml", limits.OPEN_DOCUMENT),
)


def kind_of(data: bytes) -> str:
    """Return xlsx, xls or text. Raises Unreadable for everything else."""
    if not data.strip(b"\0\r\n\t "):
        raise Unreadable(limits.EMPTY)
    if len(data) > limits.MAX_BYTES:
        raise Unreadable(limits.TOO_LARGE)
    if data.startswith(OLE):
        if ENCRYPTED in data:
            raise Unreadable(limits.LOCKED)
        return "xls"
    if data.startswith(b"PK"):
        _check_package(data)
        return "xlsx"
    # Excel 4.0 and older; xlrd reads them.
    if data[:2] == b"\x09\x08" or data[:4] in (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00"):
        return "xls"
    for beginning, sentence in BEGINNINGS:
        if data.startswith(beginning):
            raise Unreadable(sentence)
    start = data[:2000].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<?xml", b"<workbook")):
        raise Unreadable(limits.XML_SHEET)
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<meta")):
        raise Unreadable(limits.WEB_PAGE)
    return "text"


def _check_package(data: bytes) -> None:
    """Refuse a package that is no workbook, is locked, or unpacks to too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise Unreadable(limits.DAMAGED) from error
    names = {part.filename.replace("\\", "/") for part in parts}
    for name, sentence in OTHER_PACKAGES:
        if name in names:
            raise Unreadable(sentence)
    if not any(name.lower().endswith("workbook.xml") for name in names):
        raise Unreadable(limits.WRONG_KIND)
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable(limits.LOCKED)
    # Nothing unpacks to more than its declared size: the reader stops there.
    if len(parts) > limits.MAX_PARTS or sum(p.file_size for p in parts) > limits.MAX_UNPACKED:
        raise Unreadable(limits.BOMB)
