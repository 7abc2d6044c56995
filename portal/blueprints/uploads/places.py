"""The zone of a meeting or a library: what its template needs, and its plain form."""

from typing import Any

from flask import flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from portal import file_types, storage
from portal.blueprints.uploads import bp
from portal.blueprints.uploads.forms import UploadForm
from portal.blueprints.uploads.sender import signed_in
from portal.errors import Rejected
from portal.models import Meeting, Pairing, Upload
from portal.policies.uploads import Destination, can_upload, why_closed
from portal.queries.uploads import open_uploads
from portal.services.upload_forms import look_at, take_in
from portal.services.uploads import require_open
from portal.web.accounts import actor
from portal.web.requests import (
    begin_writing,
    keep_what_was_done,
    leave_to,
    let_go,
    reads_first,
    writes,
)


def zone_of(where: Meeting | Pairing, form: UploadForm | None = None) -> dict[str, Any]:
    """Return what ``uploads/_place.html`` needs; ``takes_files`` is false for mere readers."""
    place = _destination(where)
    takes_files = bool(can_upload(actor(), place)) and not why_closed(place)
    if not takes_files:
        return {"takes_files": False}
    name = "meeting" if place.meeting else "pairing"
    only = {"meeting": place.meeting} if place.meeting else {"pairing": place.pairing}
    return {
        "takes_files": True,
        "upload_form": form or UploadForm(formdata=None),
        "place": {name: where.id},
        "uploads": open_uploads(actor(), **only),
        "upload_address": upload_address,
        "page_url": page_of(place),
        "accept": file_types.ACCEPT,
        "upload_limit": storage.upload_limit(),
    }


@bp.post("/uploads/files")
@reads_first
@writes
def send_files() -> Response:
    """Take in the files of the plain form of a meeting or a library."""
    place = signed_in().destination(request.form)
    require_open(place, actor())
    where = place.meeting or place.pairing
    form = UploadForm()
    if not form.validate():
        return _again(where, form)
    files = [(None, one.filename, one.stream) for one in form.files.data or ()]
    try:
        if not files:
            raise Rejected({"files": "请先选择要上传的文件。"})
        let_go()
        looked = look_at(files)
        begin_writing()
        taken = take_in(where, looked, evidence_on=form.evidence_on.data, actor=actor())
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return _again(where, form)
    if taken.stored:
        flash(f"已上传 {len(taken.stored)} 件材料。", "success")
    if taken.faults:
        form.add_errors({"files": "".join(taken.faults.values())})
        return keep_what_was_done(_again(where, form))
    if taken.asking:
        flash(f"有 {len(taken.asking)} 个文件需要您确认，见“待处理的上传”。", "warning")
    return leave_to(page_of(place))


def upload_address(upload: Upload) -> str:
    """Return where the pieces of somebody's own upload are sent to."""
    return url_for("uploads.send_part", token=upload.token)


def page_of(place: Destination) -> str:
    """Return the page that shows what a place has."""
    if place.task is not None:
        return url_for("tasks.show_task", task_id=place.task.id)
    if place.meeting is not None:
        return url_for("meetings.show_meeting", meeting_id=place.meeting.id)
    return url_for("evidence.list_for_pairing", pairing_id=place.pairing.id)


def _again(where: Meeting | Pairing, form: UploadForm) -> Response:
    place = _destination(where)
    response: Response = make_response(
        render_template(
            "uploads/form.html",
            pairing=place.pairing,
            back=page_of(place),
            tab="会议" if place.meeting else "佐证",
            **zone_of(where, form),
        ),
        422,
    )
    return response


def _destination(where: Meeting | Pairing) -> Destination:
    if isinstance(where, Meeting):
        return Destination(where.pairing, meeting=where)
    return Destination(where)
