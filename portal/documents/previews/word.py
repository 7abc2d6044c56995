"""Word documents as HTML that can do nothing: mammoth reads, nh3 lets through what is listed."""

import base64
import re
from pathlib import Path
from typing import Any

from markupsafe import Markup

from portal.documents.previews.limits import (
    DAMAGED,
    TOO_LARGE,
    WORD_HTML,
    WORD_PICTURE_BYTES,
    WORD_PICTURES,
    WORD_XML,
    NoPreview,
)
from portal.documents.previews.packages import check_package
from portal.documents.previews.pictures import cleaned

# No links and no ids: the text of a link stays, where it led does not.
TAGS = frozenset(
    {"p", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "sub", "sup", "br", "img"}
    | {"ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"}
)
ATTRIBUTES = {"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "img": {"src", "alt"}}
PICTURE = "data:image/jpeg;base64,"
PICTURE_PIXELS = 1200
LEFT_OUT = "（此处图片未显示）"


def html_of(source: Path) -> str:
    """Return the document as harmless HTML without a single address in it.

    Raises NoPreview for anything that is not a readable document within the limits.
    """
    check_package(source, xml_limit=WORD_XML)
    try:
        html = _converted(source)
    except NoPreview:
        raise
    except Exception as error:
        # The library raises whatever a damaged part makes it stumble over.
        raise NoPreview(DAMAGED) from error
    if len(html) > WORD_HTML:
        raise NoPreview(TOO_LARGE)
    # The page has its h1: the document's headings come below.
    lowered = re.sub(r"<(/?)h([1-5])>", lambda m: f"<{m[1]}h{int(m[2]) + 1}>", html)
    return harmless(lowered)


def harmless(html: str) -> str:
    """Return ``html`` with nothing but the listed tags, and pictures that are in it."""
    import nh3

    return nh3.clean(
        html,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_kept,
        url_schemes={"data"},
        link_rel=None,
    )


def markup_of(html: str) -> Markup:
    """Return kept ``html`` for a page, let through the list once more: lists may grow stricter."""
    return Markup(harmless(html))


def _kept(tag: str, name: str, value: str) -> str | None:
    if (tag, name) == ("img", "src"):
        return value if value.startswith(PICTURE) else None
    return value


def _converted(source: Path) -> str:
    import mammoth

    with source.open("rb") as stream:
        result = mammoth.convert_to_html(
            stream,
            convert_image=_Pictures(),
            include_embedded_style_map=False,
            external_file_access=False,
            ignore_empty_paragraphs=True,
        )
    return str(result.value)


class _Pictures:
    """Draws each embedded picture anew, as many as a page can bear."""

    def __init__(self) -> None:
        self.left = WORD_PICTURES
        self.bytes = WORD_PICTURE_BYTES

    def __call__(self, image: Any) -> list[Any]:
        from mammoth import html

        try:
            if self.left <= 0 or self.bytes <= 0:
                raise NoPreview(TOO_LARGE)
            with image.open() as stream:
                drawn = cleaned(stream, PICTURE_PIXELS)
        except Exception:
            # One that lies elsewhere, or is none: the text around it still counts.
            return [html.text(LEFT_OUT)]
        self.left -= 1
        self.bytes -= len(drawn)
        source = PICTURE + base64.b64encode(drawn).decode("ascii")
        return [html.element("img", {"src": source, "alt": image.alt_text or ""})]
