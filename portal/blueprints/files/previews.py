"""What is shown of a file in the page: its preview, its picture, its thumbnail.

Originals leave the portal by download alone; what is drawn here is derived from them. Every
answer asks first whether the viewer may see the file at all.
"""

from flask import Response, render_template, request

from portal.blueprints.files import bp
from portal.documents.previews.keeping import EDITION, derived
from portal.documents.previews.limits import PAGES, SHEETS, NoPreview
from portal.documents.previews.shown import shown_of
from portal.documents.previews.word import markup_of
from portal.models import StoredFile
from portal.models.files import ShownAs
from portal.queries.files import get_file
from portal.web.accounts import actor
from portal.web.address import id_of
from portal.web.audit import downloads, downloads_part, not_taken, note_title
from portal.web.requests import end_reading

# No script, whatever a document holds. Documents are shut in besides; the browser's own PDF
# viewer does not work inside a sandbox.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
MORE = {
    ShownAs.PDF: "; object-src 'self'; frame-src 'self'",
    ShownAs.VIDEO: "; media-src 'self'",
}
SHUT_IN = "; sandbox allow-same-origin allow-downloads"
PICTURE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'self'"
AGAIN_SECONDS = 10
"""When to ask again for a picture that could not be drawn now."""


@bp.get("/<int:file_id>/preview")
@downloads
def show_preview(file_id: int) -> Response:
    """Show what is in a file; with ``?framed=1`` without a head, to stand in another page."""
    file = get_file(file_id, viewer=actor())
    note_title(f"查看文件：{file.name}")
    number = min((id_of(request.args, "sheet") or 1) - 1, SHEETS - 1)
    end_reading()
    shown = shown_of(file, number=number)
    page = render_template(
        "files/preview.html",
        file=file,
        shown=shown,
        document=markup_of(shown.content["html"]) if shown.kind is ShownAs.WORD else "",
        framed="framed" in request.args,
    )
    answer = Response(page)
    extra = MORE.get(shown.kind, SHUT_IN) if shown.kind else SHUT_IN
    answer.headers["Content-Security-Policy"] = PAGE_POLICY + extra
    return answer


@bp.get("/<int:file_id>/picture")
@downloads_part
def show_picture(file_id: int) -> Response:
    """Send a picture as it is shown to others: upright, scaled, without what else it carried."""
    file = get_file(file_id, viewer=actor())
    note_title(f"查看文件：{file.name}")
    return _drawn(file, "picture", 0 if file.is_picture else None)


@bp.get("/<int:file_id>/page")
@downloads_part
def show_page(file_id: int) -> Response:
    """Send page ``?number=`` of a PDF as a picture, for browsers that cannot show a PDF."""
    file = get_file(file_id, viewer=actor())
    note_title(f"查看文件：{file.name}")
    number = id_of(request.args, "number") or 1
    fits = file.shown_as is ShownAs.PDF and number <= PAGES
    return _drawn(file, "page", number - 1 if fits else None)


@bp.get("/<int:file_id>/thumbnail")
@not_taken
def show_thumbnail(file_id: int) -> Response:
    """Send the small picture of a file that stands in lists."""
    file = get_file(file_id, viewer=actor())
    return _drawn(file, "thumbnail", 0 if file.has_thumbnail else None)


def _drawn(file: StoredFile, variant: str, number: int | None) -> Response:
    """Answer with a derived picture; where there is none to draw, that is nobody's fault."""
    if number is None or not file.usable:
        return _none("这个文件没有可以显示的图片。", 404)
    answer = Response(mimetype="image/jpeg")
    answer.set_etag(f"{file.sha256}-{variant}-{number}-{EDITION}")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Security-Policy"] = PICTURE_POLICY
    answer.headers["Content-Disposition"] = "inline"
    # A browser that has it is told so before anything is drawn.
    if request.if_none_match.contains(answer.get_etag()[0] or ""):
        answer.status_code = 304
        return answer
    end_reading()
    try:
        answer.set_data(derived(file.sha256, file.media_type, variant, number))
    except NoPreview as no:
        return _none(no.sentence, 404 if no.lasting else 503)
    return answer


def _none(sentence: str, status: int) -> Response:
    """Answer that there is no picture. Not a refusal: the page that asked shows an empty place."""
    answer = Response(sentence, status, mimetype="text/plain")
    if status == 503:
        answer.headers["Retry-After"] = str(AGAIN_SECONDS)
    return answer
