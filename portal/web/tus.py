"""The tus 1.0.0 protocol of resumable uploads, as far as it is headers (docs/decisions/0009).

Core, creation, expiration and termination. Failures are answered with one sentence of plain
text, which the page shows in the file's own row.
"""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from functools import wraps
from typing import Any, TypeVar

from flask import make_response, request
from werkzeug.wrappers import Response

from portal.errors import PortalError

View = TypeVar("View", bound=Callable[..., Any])
VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination"
BODY_TYPE = "application/offset+octet-stream"


class BadRequest(PortalError):
    """A request that no client of the protocol sends."""


def speaks_tus(view: View) -> View:
    """Answer in the protocol: its version both ways, and refusals as plain sentences."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        if request.headers.get("Tus-Resumable") != VERSION:
            return with_version(refused("上传程序的版本不符，请刷新页面后重试。", 412))
        try:
            response: Response = make_response(view(*args, **kwargs))
        except PortalError as error:
            response = refused(error.sentence, error.status)
        return with_version(response)

    return wrapper  # type: ignore[return-value]


def with_version(response: Response) -> Response:
    """Say which protocol this is."""
    response.headers["Tus-Resumable"] = VERSION
    response.headers["Cache-Control"] = "no-store"
    if response.status_code == 412:
        response.headers["Tus-Version"] = VERSION
    return response


def refused(sentence: str, status: int) -> Response:
    """Return one sentence as plain text."""
    response: Response = make_response(sentence, status)
    response.mimetype = "text/plain"
    return response


def expires(response: Response, moment: datetime) -> None:
    """Say until when an unfinished upload is kept."""
    response.headers["Upload-Expires"] = format_datetime(moment, usegmt=True)


def number(name: str) -> int:
    """Return the whole number in the header ``name``. Raises BadRequest for anything else."""
    text = request.headers.get(name, "")
    # Python's int() would take more than the protocol does: signs, blanks, other scripts.
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise BadRequest("上传请求不完整，请刷新页面后重试。")
    return int(text)


def metadata() -> dict[str, str]:
    """Return what Upload-Metadata says: names with their decoded texts. Raises BadRequest."""
    said: dict[str, str] = {}
    for pair in filter(None, request.headers.get("Upload-Metadata", "").split(",")):
        name, _, coded = pair.strip().partition(" ")
        try:
            said[name] = base64.b64decode(coded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise BadRequest("上传请求不完整，请刷新页面后重试。") from error
    return said
