"""Uploaded files, previewed or downloaded."""

from flask import request, send_file
from werkzeug.wrappers import Response

from portal import clock, storage
from portal.blueprints.files import bp
from portal.models import StoredFile
from portal.queries.files import get_file
from portal.web.accounts import actor
from portal.web.audit import downloads

# Chromium's own PDF viewer puts the file into an <embed> of the answer, with a style of its own;
# nothing else may load, and only our own pages may show it in a frame.
PREVIEW_POLICY = (
    "default-src 'none'; object-src 'self'; img-src 'self'; media-src 'self';"
    " style-src 'unsafe-inline'; frame-ancestors 'self'"
)
DOWNLOAD_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


@bp.get("/<int:file_id>")
@downloads
def show_file(file_id: int) -> Response:
    """Send a file: in the page if it is PDF or a plain picture, else (?download=1) to save."""
    file = get_file(file_id, viewer=actor())
    inline = file.previewable and not request.args.get("download")
    return send_stored(file, inline=inline)


def send_stored(file: StoredFile, *, inline: bool) -> Response:
    """Answer with the bytes of ``file``, whole or the asked range."""
    path = storage.store().path(file.sha256)
    response = send_file(
        path if path is not None else storage.store().open(file.sha256),
        mimetype=file.media_type,
        as_attachment=not inline,
        download_name=file.name,
        etag=file.sha256,
        last_modified=clock.local(file.uploaded_at),
        conditional=True,
        max_age=0,
    )
    response.headers["Content-Security-Policy"] = PREVIEW_POLICY if inline else DOWNLOAD_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-cache"
    return response
