"""Pages of a PDF as pictures. Only in a process of its own: PDFium is not safe across threads."""

from pathlib import Path
from typing import Any

from portal.documents.previews.limits import (
    DAMAGED,
    LOCKED,
    PAGES,
    THUMBNAIL_PIXELS,
    TOO_LARGE,
    NoPreview,
)
from portal.documents.previews.pictures import jpeg_of

PAGE_PIXELS = 1400


def thumbnail_of(source: Path) -> bytes:
    """Return the first page, small, as JPEG."""
    return _drawn(source, 0, THUMBNAIL_PIXELS)


def page_of(source: Path, number: int) -> bytes:
    """Return page ``number`` (from 0) as JPEG, for browsers that cannot show a PDF."""
    return _drawn(source, number, PAGE_PIXELS)


def about_pdf(source: Path) -> dict[str, Any]:
    """Return how many pages there are."""
    document = _open(source)
    try:
        return {"pages": len(document)}
    finally:
        document.close()


def _drawn(source: Path, number: int, longest: int) -> bytes:
    document = _open(source)
    try:
        if not 0 <= number < min(len(document), PAGES):
            raise NoPreview(TOO_LARGE if number >= PAGES else DAMAGED)
        page = document[number]
        # A page may claim any size; the picture has the one we give it.
        scale = min(longest / max(page.get_width(), page.get_height(), 1), 8)
        bitmap = page.render(scale=scale, may_draw_forms=False)
        return jpeg_of(bitmap.to_pil(), longest)
    except NoPreview:
        raise
    except Exception as error:
        raise NoPreview(DAMAGED) from error
    finally:
        document.close()


def _open(source: Path) -> Any:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(source)
    except Exception as error:
        raise NoPreview(LOCKED if "password" in str(error).lower() else DAMAGED) from error
