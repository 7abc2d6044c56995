"""Making one derived file, called by its media type and variant.

:mod:`keeping` calls :func:`main` in a process of its own, under limits of time and memory: a
document made up to hurt ends that process and nothing else.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from portal import apart
from portal.documents.previews.limits import MEMORY, SECONDS, TOO_MUCH_WORK, NoPreview

PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

REFUSED = 3
"""Exit status that means: standard output holds the sentence."""


def make(media_type: str, variant: str, number: int, source: Path) -> bytes:
    """Return the bytes of ``variant`` (picture, thumbnail, page, about, body) of a file.

    ``number`` is which page or sheet, from 0. Raises NoPreview.
    """
    maker = _makers().get((media_type, variant))
    if maker is None:
        raise NoPreview("这类文件没有可显示的内容，请下载后查看。")
    made = maker(source, number)
    return made if isinstance(made, bytes) else json.dumps(made, ensure_ascii=False).encode()


def _makers() -> dict[tuple[str, str], Callable[[Path, int], Any]]:
    """Return who makes what. Imported late: no process loads what it does not need."""
    from portal.documents.previews import packages, pdf, pictures, sheets, text, word

    makers: dict[tuple[str, str], Callable[[Path, int], Any]] = {
        (PDF, "thumbnail"): lambda source, _: pdf.thumbnail_of(source),
        (PDF, "about"): lambda source, _: pdf.about_pdf(source),
        (PDF, "page"): pdf.page_of,
        (WORD, "body"): lambda source, _: {"html": word.html_of(source)},
        (SHEET, "body"): sheets.sheet_of,
        ("text/plain", "body"): lambda source, _: text.text_of(source),
        ("text/csv", "body"): lambda source, _: text.table_of(source),
        ("application/zip", "body"): lambda source, _: packages.names_in(source),
    }
    for kind in PICTURES:
        makers[kind, "picture"] = lambda source, _: pictures.picture_of(source)
        makers[kind, "thumbnail"] = lambda source, _: pictures.thumbnail_of(source)
        makers[kind, "about"] = lambda source, _: pictures.about_picture(source)
    return makers


def main(arguments: list[str]) -> int:
    """Make one file: media type, variant, number, source, target. Return the exit status."""
    media_type, variant, number, source, target = arguments
    apart.limit(SECONDS, MEMORY)
    try:
        made = make(media_type, variant, int(number), Path(source))
    except NoPreview as refusal:
        sys.stdout.buffer.write(refusal.sentence.encode())
        return REFUSED
    except MemoryError:
        sys.stdout.buffer.write(TOO_MUCH_WORK.encode())
        return REFUSED
    Path(target).write_bytes(made)
    return 0
