"""Uploaded files, previewed or downloaded."""

from flask import request
from werkzeug.wrappers import Response

from portal.blueprints.files import bp
from portal.queries.files import get_file
from portal.web.accounts import actor
from portal.web.audit import downloads
from portal.web.delivery import send_stored


@bp.get("/<int:file_id>")
@downloads
def show_file(file_id: int) -> Response:
    """Send a file: in the page if it is PDF or a plain picture, else (?download=1) to save."""
    file = get_file(file_id, viewer=actor())
    return send_stored(file, inline=not request.args.get("download"))
