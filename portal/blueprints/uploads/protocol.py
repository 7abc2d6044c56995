"""The endpoints a browser sends pieces of files to (tus 1.0.0)."""

from typing import BinaryIO, cast

from flask import make_response, request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Response

from portal import storage
from portal.blueprints.uploads import bp
from portal.blueprints.uploads.sender import Sender, day_said, signed_in
from portal.errors import Rejected
from portal.models import Upload, UploadState
from portal.policies.uploads import KEPT_FOR, Destination, why_closed
from portal.services import uploads as services
from portal.web import tus
from portal.web.accounts import public
from portal.web.requests import begin_writing, let_go, reads_first, writes

WHOLE = frozenset({UploadState.ASKING, UploadState.STORED})


@bp.route("/uploads", methods=["OPTIONS"], provide_automatic_options=False)
@public
def describe() -> Response:
    """Say what this server speaks."""
    response: Response = make_response("", 204)
    response.headers["Tus-Version"] = tus.VERSION
    response.headers["Tus-Extension"] = tus.EXTENSIONS
    response.headers["Tus-Max-Size"] = str(storage.upload_limit())
    return tus.with_version(response)


@bp.post("/uploads")
@writes
@tus.speaks_tus
def begin_upload() -> Response:
    """Begin an upload: its size, and in the metadata what it is and where it is bound for."""
    return begin(signed_in())


@bp.get("/uploads/<secret:token>")
def show_upload(token: str) -> Response:
    """Say how far an upload is: its offset to the protocol (HEAD), its state to the page."""
    return show(signed_in(), token)


@bp.route("/uploads/<secret:token>", methods=["PATCH"])
@reads_first
@writes
@tus.speaks_tus
def send_part(token: str) -> Response:
    """Take in the next piece; the last one has the file looked into, and stored or asked about."""
    return send(signed_in(), token)


@bp.route("/uploads/<secret:token>", methods=["DELETE"])
@writes
@tus.speaks_tus
def end_upload(token: str) -> Response:
    """Give an upload up."""
    return end(signed_in(), token)


def begin(sender: Sender) -> Response:
    """Begin an upload of ``sender``; answers 201 with its address."""
    size, said = tus.number("Upload-Length"), tus.metadata()
    try:
        upload = services.begin(
            sender.destination(said),
            filename=said.get("filename", ""),
            size=size,
            evidence_on=day_said(said),
            actor=sender.user,
            link=sender.link,
        )
    except Rejected as refusal:
        status = 413 if size > storage.upload_limit() else refusal.status
        return tus.refused(refusal.sentence, status)
    response: Response = make_response("", 201)
    response.headers["Location"] = sender.address(upload)
    tus.expires(response, upload.touched_at + KEPT_FOR)
    return response


def show(sender: Sender, token: str) -> Response:
    """Say how far an upload of ``sender`` is."""
    upload = sender.upload(token)
    received = received_of(upload)
    if request.method != "HEAD":
        return make_response(
            {
                "state": upload.state.value,
                "sentence": upload.answer or why_closed(Destination.of(upload)),
                "whole": received == upload.size,
            }
        )
    gone = upload.state in (UploadState.REFUSED, UploadState.CANCELLED)
    response: Response = make_response("", 410 if gone else 200)
    if not gone:
        response.headers["Upload-Offset"] = str(received)
        response.headers["Upload-Length"] = str(upload.size)
    tus.expires(response, upload.touched_at + KEPT_FOR)
    return tus.with_version(response)


def send(sender: Sender, token: str) -> Response:
    """Take in one piece of an upload of ``sender``.

    Nothing of the database is held while the bytes arrive; what arrived before a connection
    broke is kept. Of two who send at once, one is told 409.
    """
    upload = sender.upload(token)
    if request.mimetype != tus.BODY_TYPE:
        return tus.refused("上传请求的类型不符，请刷新页面后重试。", 415)
    offset, length = tus.number("Upload-Offset"), tus.number("Content-Length")
    if upload.state is not UploadState.RECEIVING:
        return tus.refused("这个文件已经处理，请刷新页面查看。", 410)
    services.require_open(Destination.of(upload), sender.user)
    if offset + length > upload.size:
        return tus.refused("收到的内容比文件还大，请刷新页面后重新选择文件。", 413)
    let_go()
    try:
        received = storage.store().append(token, offset, cast(BinaryIO, request.stream))
    except ValueError:
        return tus.refused("这个文件正在从另一处上传，或进度不符，请稍后继续。", 409)
    except ClientDisconnected:
        received = storage.store().received(token)
    begin_writing()
    services.note_received(upload, received)
    if received == upload.size:
        look_into(upload, sender)
    response: Response = make_response("", 204)
    response.headers["Upload-Offset"] = str(received)
    tus.expires(response, upload.touched_at + KEPT_FOR)
    return response


def look_into(upload: Upload, sender: Sender) -> None:
    """Look at all bytes of ``upload`` with nothing locked, then decide about it.

    Raises NotVisible when the link of ``sender`` has ended meanwhile; the bytes stay.
    """
    found = looked_into(upload)
    sender.judge_again()
    services.settle(upload, found)


def looked_into(upload: Upload) -> services.Findings:
    """Look at all bytes of ``upload`` with nothing locked; what follows may write.

    Raises PartsMissing when they are not there; then the upload begins anew.
    """
    let_go()
    try:
        found = services.inspect_received(upload)
    except services.PartsMissing:
        begin_writing()
        services.start_over(upload)
        let_go()
        raise
    begin_writing()
    return found


def end(sender: Sender, token: str) -> Response:
    """Give an upload of ``sender`` up."""
    services.cancel(sender.upload(token))
    return make_response("", 204)


def received_of(upload: Upload) -> int:
    """Return how many bytes have arrived: of a stored one all, else what the store has."""
    return upload.size if upload.state in WHOLE else storage.store().received(upload.token)
