"""Uploaded files: the originals."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.files import bp
from portal.queries.files import get_file
from portal.web.accounts import actor
from portal.web.audit import downloads
from portal.web.delivery import SENT_INLINE, refuse_withheld, send_stored


@bp.get("/<int:file_id>")
@downloads
def show_file(file_id: int) -> Response:
    """Send a PDF or video to be shown; the original of any kind to save (?download=1).

    Of everything else that can be shown, a copy is: a picture's original may say where it
    was taken.
    """
    file = get_file(file_id, viewer=actor())
    if request.args.get("download") or file.shown_as is None:
        return send_stored(file, inline=False)
    refuse_withheld(file)
    if file.shown_as in SENT_INLINE:
        return send_stored(file, inline=True)
    return redirect(url_for("files.show_preview", file_id=file.id))
