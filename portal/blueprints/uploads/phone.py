"""The page a phone opens by a QR code, and its own endpoints: no log-in, one task, one person."""

from flask import flash, make_response, render_template, url_for
from werkzeug.wrappers import Response

from portal import file_types, storage
from portal.blueprints.uploads import answers, bp, protocol
from portal.blueprints.uploads.forms import PhoneForm
from portal.blueprints.uploads.phone_link import minutes_left
from portal.blueprints.uploads.sender import Sender, by_phone
from portal.errors import PortalError
from portal.models import Task, UploadLink
from portal.queries.tasks import get_task
from portal.queries.uploads import Sent, open_uploads, sent_by
from portal.services import upload_forms
from portal.web import tus
from portal.web.accounts import public
from portal.web.requests import (
    begin_writing,
    keep_what_was_done,
    leave_to,
    let_go,
    reads_first,
    writes,
)


@bp.get("/u/<secret:secret>")
@public
def show_phone_page(secret: str) -> Response:
    """Show the task's upload page for a phone."""
    sender = by_phone(secret)
    return _page(sender, PhoneForm.of(_task(sender), blank=True))


@bp.post("/u/<secret:secret>")
@public
@reads_first
@writes
def send_by_phone(secret: str) -> Response:
    """Take in the files of the plain form, where the phone runs no script."""
    sender = by_phone(secret)
    task = _task(sender)
    form = PhoneForm.of(task)
    if not form.validate():
        return _page(sender, form, 422)
    files = [(form.chosen_requirement, one.filename, one.stream) for one in form.files.data or ()]
    if not files:
        form.add_errors({"files": "请先选择要上传的文件。"})
        return _page(sender, form, 422)
    let_go()
    looked = upload_forms.look_at(files)
    begin_writing()
    sender.judge_again()
    try:
        taken = upload_forms.take_in(
            task,
            looked,
            evidence_on=form.evidence_on.data,
            actor=sender.user,
            link=sender.link,
        )
    except PortalError as refusal:
        form.form_errors = refusal.sentences
        return _page(sender, form, refusal.status)
    if taken.faults:
        form.add_errors({"files": "".join(taken.faults.values())})
        return keep_what_was_done(_page(sender, form, 422))
    if taken.stored:
        flash(f"已上传 {len(taken.stored)} 个文件。", "success")
    return leave_to(url_for("uploads.show_phone_page", secret=secret))


@bp.post("/u/<secret:secret>/uploads")
@public
@writes
@tus.speaks_tus
def begin_by_phone(secret: str) -> Response:
    """Begin an upload by phone."""
    return protocol.begin(by_phone(secret))


@bp.get("/u/<secret:secret>/uploads/<secret:token>")
@public
def show_by_phone(secret: str, token: str) -> Response:
    """Say how far a phone's upload is."""
    return protocol.show(by_phone(secret), token)


@bp.route("/u/<secret:secret>/uploads/<secret:token>", methods=["PATCH"])
@public
@reads_first
@writes
@tus.speaks_tus
def send_part_by_phone(secret: str, token: str) -> Response:
    """Take in the next piece from a phone."""
    return protocol.send(by_phone(secret), token)


@bp.route("/u/<secret:secret>/uploads/<secret:token>", methods=["DELETE"])
@public
@writes
@tus.speaks_tus
def end_by_phone(secret: str, token: str) -> Response:
    """Give a phone's upload up."""
    return protocol.end(by_phone(secret), token)


@bp.post("/u/<secret:secret>/uploads/<secret:token>/answer")
@public
@reads_first
@writes
def answer_by_phone(secret: str, token: str) -> Response:
    """Decide about a phone's upload."""
    return answers.answer(by_phone(secret), token)


def _task(sender: Sender) -> Task:
    return get_task(_link(sender).task_id, viewer=sender.user)


def _link(sender: Sender) -> UploadLink:
    if sender.link is None:
        raise RuntimeError("a phone sends by a link")
    return sender.link


def _page(sender: Sender, form: PhoneForm, status: int = 200) -> Response:
    task, link = _task(sender), _link(sender)
    response: Response = make_response(
        render_template(
            "uploads/phone.html",
            task=task,
            person=sender.user,
            form=form,
            secret=sender.secret,
            uploads=open_uploads(sender.user, task=task, link=link),
            upload_address=sender.address,
            sent=(sent := sent_by(link)),
            counted=Sent.of([one.state for one in sent]),
            page_url=url_for("uploads.show_phone_page", secret=sender.secret),
            minutes=minutes_left(link),
            accept=file_types.ACCEPT,
            upload_limit=storage.upload_limit(),
        ),
        status,
    )
    return response
