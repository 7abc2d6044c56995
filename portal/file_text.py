"""The words inside an uploaded file, as far as a short look finds them.

Only for judging a file before it is kept (numbers of people); showing one is another matter.
Every step is bounded: so many bytes, so many pages. What libraries make of hostile bytes is not:
portal.look_in calls this in a process of its own.
"""

import re
import warnings
import zipfile
from datetime import date, datetime
from typing import BinaryIO

from PIL import Image

from portal import pdfium
from portal.file_types import MOST_PIXELS

MAX_BYTES = 8 * 1024 * 1024
MAX_PAGES = 30
_OFFICE_PARTS = re.compile(
    r"word/(document|header\d*|footer\d*|footnotes|comments)\.xml"
    r"|xl/(sharedStrings|worksheets/[^/]+)\.xml|ppt/slides/[^/]+\.xml"
)
# One word may be cut into several runs; what ends here is a paragraph, a cell or a string.
# No tag holds another "<"; looking beyond one would take the square of the length.
_ENDS = re.compile(r"</(?:\w+:)?(?:p|tc|si|is|v|c)>|<(?:\w+:)?(?:br|tab)\b[^<>]*>")
_TAG = re.compile(r"<[^<>]*>")
# What office programs write. Others unpack by megabytes for one byte, or need much memory.
_PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_WITH_EXIF = ("JPEG", "WEBP")
PICTURES = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP"}
"""The kinds of pictures that are kept, with their names among the decoders."""
# Exif: the block of the camera's own fields, the moment of the shot in it, the file's own date.
_EXIF_BLOCK, _EXIF_TAKEN, _EXIF_DATE = 0x8769, 0x9003, 0x0132


def text_of(stream: BinaryIO, content: str) -> str:
    """Return the beginning of the text in ``stream``, whose kind file_types.sniff() named.

    Empty for pictures, films, archives, and for whatever cannot be read. Leaves the stream,
    which must be seekable, at its start.
    """
    try:
        stream.seek(0)
        if content == "text":
            return _decoded(stream.read(MAX_BYTES))
        if content == "pdf":
            return _pdf_text(stream)
        if content in ("docx", "xlsx", "pptx"):
            return _office_text(stream)
        if content in ("doc", "xls", "ppt"):
            # Both ways of writing in these files put the digits of a number next to each other.
            return stream.read(MAX_BYTES).replace(b"\0", b"").decode("latin-1")
        return ""
    finally:
        stream.seek(0)


def is_locked(stream: BinaryIO, content: str) -> bool:
    """Whether a PDF or an archive opens with a password only."""
    try:
        if content == "pdf":
            with pdfium.opened(stream):
                return False
        if content == "zip":
            with zipfile.ZipFile(stream) as archive:
                return any(member.flag_bits & 1 for member in archive.infolist())
    except pdfium.PdfLocked:
        return True
    except Exception:
        # Libraries raise whatever a hostile file makes them stumble over.
        return False
    finally:
        stream.seek(0)
    return False


def is_broken(stream: BinaryIO, content: str) -> bool:
    """Whether a picture or a PDF cannot be shown to anybody: damaged, cut off, or far too large.

    A PDF that only asks for a password is not. Leaves ``stream`` at its start.
    """
    try:
        stream.seek(0)
        if content in PICTURES:
            return _is_broken_picture(stream, content)
        if content == "pdf":
            with pdfium.opened(stream) as document:
                return not len(document)
    except pdfium.PdfLocked:
        return False
    except Exception:
        # As above.
        return True
    finally:
        stream.seek(0)
    return False


def _is_broken_picture(stream: BinaryIO, content: str) -> bool:
    """Go through a whole picture, decoding as little as its kind allows. Pillow may raise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image = Image.open(stream, formats=[PICTURES[content]])
    with image:
        if image.width * image.height > MOST_PIXELS:
            return True
        if content == "png":
            # Every chunk carries its own check sum.
            image.verify()
        else:
            # The smallest scale there is: every byte is read all the same.
            image.draft("RGB", (1, 1))
            image.load()
    return False


def taken_on(stream: BinaryIO) -> date | None:
    """Return the day a photograph was taken, from its EXIF data; None where it says nothing."""
    try:
        stream.seek(0)
        with Image.open(stream, formats=_WITH_EXIF) as image:
            exif = image.getexif()
            said = exif.get_ifd(_EXIF_BLOCK).get(_EXIF_TAKEN) or exif.get(_EXIF_DATE)
        return datetime.strptime(str(said)[:10], "%Y:%m:%d").date() if said else None  # noqa: DTZ007
    except Exception:
        # Pillow raises whatever a hostile picture makes it stumble over.
        return None
    finally:
        stream.seek(0)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def _pdf_text(stream: BinaryIO) -> str:
    pages: list[str] = []
    left = MAX_BYTES
    try:
        with pdfium.opened(stream) as document:
            for number in range(min(len(document), MAX_PAGES)):
                page = document[number]
                text = page.get_textpage()
                pages.append(text.get_text_bounded()[:left])
                text.close()
                page.close()
                left -= len(pages[-1])
                if left <= 0:
                    break
    except Exception:
        # As above: what was found until then is enough.
        return "\n".join(pages)
    return "\n".join(pages)


def _office_text(stream: BinaryIO) -> str:
    """Return the text of the parts that hold any, until MAX_BYTES are unpacked."""
    found: list[str] = []
    left = MAX_BYTES
    try:
        with zipfile.ZipFile(stream) as archive:
            for member in archive.infolist():
                known = _OFFICE_PARTS.fullmatch(member.filename)
                if not known or member.compress_type not in _PACKED:
                    continue
                with archive.open(member) as part:
                    raw = part.read(left)
                left -= len(raw)
                found.append(_TAG.sub("", _ENDS.sub("\n", raw.decode("utf-8", "replace"))))
                if left <= 0:
                    break
    except Exception:
        # As above.
        return "\n".join(found)
    return "\n".join(found)
