"""Sending stored files: by the portal itself, by nginx, or from the store's own address.

PORTAL_DELIVERY chooses. Whoever calls has loaded the file in the viewer's scope.
"""

import logging
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO
from urllib.parse import quote

from flask import Response, current_app, request
from werkzeug.http import is_resource_modified

from portal import storage
from portal.errors import FileUnreadable, FileWithheld
from portal.models import ScanState, StoredFile
from portal.models.files import ShownAs
from portal.storage import CHUNK

log = logging.getLogger("portal")

# Chromium's own PDF viewer puts the file into an <embed> of the answer, with a style of its own;
# nothing else may load, and only our own pages may show it in a frame.
PREVIEW_POLICY = (
    "default-src 'none'; object-src 'self'; img-src 'self'; media-src 'self';"
    " style-src 'unsafe-inline'; frame-ancestors 'self'"
)
DOWNLOAD_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
NGINX_PREFIX = "/_files"
"""The internal location that nginx maps to the folder of files (docs/storage.md)."""

SENT_INLINE = (ShownAs.PDF, ShownAs.VIDEO)
Span = tuple[int, int]


def send_stored(file: StoredFile, *, inline: bool) -> Response:
    """Answer with ``file``, whole or the asked range, or with where it is fetched from.

    ``inline`` shows it in the page; only PDF and video may ask for that: of a picture others see
    a cleaned copy (files/previews.py). Raises
    FileWithheld for a file that waits for the scanner or failed it, FileUnreadable where its
    bytes cannot be read.
    """
    refuse_withheld(file)
    inline = inline and file.shown_as in SENT_INLINE
    delivery = current_app.config["STORAGE"].delivery
    if delivery == "nginx":
        return _handed_to_nginx(file, inline)
    # A page shows nothing of another origin, so what is shown in it comes from here.
    if delivery == "redirect" and not inline and request.method == "GET":
        return _sent_to_the_store(file)
    return _sent_by_ourselves(file, inline)


def refuse_withheld(file: StoredFile) -> None:
    """Raise FileWithheld unless the scanner lets ``file`` be opened."""
    if file.usable:
        return
    if file.scan is ScanState.WAITING:
        raise FileWithheld(
            f"“{file.name}”待扫描：查毒程序暂时没有答复。查毒通过后即可打开，在此之前不能作为佐证。"
        )
    raise FileWithheld(f"“{file.name}”查出病毒，不能打开。请上传人换一份干净的文件重新上传。")


def content_disposition(name: str, *, inline: bool) -> str:
    """Return the header that names a file; browsers read the part in UTF-8."""
    kind = "inline" if inline else "attachment"
    plain = name if name.isascii() else f"file{PurePosixPath(name).suffix}"
    plain = "".join(c for c in plain if c.isascii() and c.isprintable() and c not in '"\\%;')
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _answer(file: StoredFile, inline: bool) -> Response:
    """Return an empty answer with the headers of every way of sending."""
    response = Response(content_type=file.media_type)
    headers = response.headers
    headers["Content-Disposition"] = content_disposition(file.name, inline=inline)
    headers["Content-Security-Policy"] = PREVIEW_POLICY if inline else DOWNLOAD_POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cache-Control"] = "private, no-cache"
    return response


def _handed_to_nginx(file: StoredFile, inline: bool) -> Response:
    """Let nginx send the file; it sees to ranges and unchanged files itself."""
    response = _answer(file, inline)
    path = storage.store().path(file.sha256)
    if path is None or not path.is_file():
        raise _unreadable(file, FileNotFoundError(file.sha256))
    below = "/".join(path.parts[-3:])
    response.headers["X-Accel-Redirect"] = f"{NGINX_PREFIX}/{below}"
    return response


def _sent_to_the_store(file: StoredFile) -> Response:
    """Send the browser to an address of the store that works for a few minutes."""
    address = storage.store().address(
        file.sha256, name=file.name, media_type=file.media_type, inline=False
    )
    if address is None:
        return _sent_by_ourselves(file, inline=False)
    response = Response(status=302, headers={"Location": address})
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _sent_by_ourselves(file: StoredFile, inline: bool) -> Response:
    """Stream the file, or say that it is unchanged or has no such range (RFC 9110)."""
    response = _answer(file, inline)
    response.set_etag(file.sha256)
    response.last_modified = file.uploaded_at
    response.accept_ranges = "bytes"
    if not is_resource_modified(request.environ, file.sha256, last_modified=file.uploaded_at):
        response.status_code = 412 if request.if_match else 304
        return response
    span = _asked_span(file)
    if span is None:
        span = (0, file.size)
    elif span[0] >= span[1]:
        response.status_code = 416
        response.headers["Content-Range"] = f"bytes */{file.size}"
        return response
    else:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{file.size}"
    response.content_length = span[1] - span[0]
    if request.method != "HEAD":
        _fill(response, file, span)
    return response


def _asked_span(file: StoredFile) -> Span | None:
    """Return the asked bytes as (first, one after the last), or None for the whole file.

    An empty span cannot be satisfied. What is not understood, or asks for several pieces, is
    answered with the whole, as RFC 9110 §14.2 allows.
    """
    asked = request.range if request.method == "GET" else None
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    condition = request.if_range
    if condition.etag is not None and condition.etag != file.sha256:
        return None
    if condition.date is not None and condition.date != file.uploaded_at.replace(microsecond=0):
        return None
    [(start, stop)] = asked.ranges
    if start < 0:
        return max(0, file.size + start), file.size
    return start, file.size if stop is None else min(stop, file.size)


def _fill(response: Response, file: StoredFile, span: Span) -> None:
    """Open the file before the answer begins, so that a missing one is still an error."""
    try:
        stream = storage.store().open(file.sha256, span[0])
    except OSError as error:
        raise _unreadable(file, error) from error
    response.response = _pieces(stream, span[1] - span[0])
    response.direct_passthrough = True
    # Closed at its end, or here when the reader hangs up before the first byte.
    response.call_on_close(stream.close)


def _pieces(stream: BinaryIO, length: int) -> Iterator[bytes]:
    """Read just ``length`` bytes. Raises EOFError when there are fewer: the connection breaks."""
    with stream:
        while length > 0:
            piece = stream.read(min(CHUNK, length))
            if not piece:
                raise EOFError("a stored file is shorter than it was")
            length -= len(piece)
            yield piece


def _unreadable(file: StoredFile, error: OSError) -> FileUnreadable:
    log.error("file %s (%s) cannot be read", file.id, file.sha256, exc_info=error)
    return FileUnreadable(
        f"“{file.name}”的内容暂时读不到。请稍后再试；"
        f"如果一直如此，请告诉系统管理员（文件编号 {file.id}）。"
    )
