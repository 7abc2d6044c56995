"""The QR code on a task's page, and what it says of the phone."""

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.uploads import bp
from portal.documents.qr import qr_image
from portal.models import UploadLink
from portal.policies.decision import require
from portal.policies.tasks import can_work_on
from portal.queries.tasks import get_task
from portal.queries.uploads import live_link, sent_by_phone
from portal.services import upload_links
from portal.services.tasks import require_open
from portal.web.accounts import actor
from portal.web.address import text_of
from portal.web.htmx import REFRESH, page_or_fragment
from portal.web.requests import leave_to, writes


@bp.post("/tasks/<int:task_id>/phone-link")
@writes
def make_link(task_id: int) -> Response:
    """Show a fresh QR code; it stands in this answer alone, because its secret is not kept."""
    task = get_task(task_id, viewer=actor())
    require_open(task, actor())
    link, secret = upload_links.make_link(task, actor=actor())
    address = url_for("uploads.show_phone_page", secret=secret, _external=True)
    response = page_or_fragment(
        "uploads/link.html",
        "uploads/_link.html",
        task=task,
        pairing=task.pairing,
        link=link,
        address=address,
        code=qr_image(address),
        sent=sent_by_phone(task, actor()),
    )
    response.headers["Content-Location"] = url_for("tasks.show_task", task_id=task.id)
    return response


@bp.get("/tasks/<int:task_id>/phone-link")
def show_link(task_id: int) -> Response:
    """Say how many files the phone has sent; the page asks while the code is open."""
    task = get_task(task_id, viewer=actor())
    link = live_link(task, actor())
    sent = sent_by_phone(task, actor())
    response: Response = make_response(
        render_template(
            "uploads/_sent.html",
            task=task,
            link=link,
            sent=sent,
        )
    )
    if text_of(request.args, "seen", 20) != sent.mark:
        response.headers["HX-Trigger"] = REFRESH
    return response


@bp.post("/tasks/<int:task_id>/phone-link/revoke")
@writes
def revoke_link(task_id: int) -> Response:
    """End the code at once, whoever may have photographed it."""
    task = get_task(task_id, viewer=actor())
    require(can_work_on(actor(), task))
    upload_links.revoke_links(task, actor=actor())
    return leave_to(url_for("tasks.show_task", task_id=task.id, _anchor="materials"))


def minutes_left(link: UploadLink) -> int:
    """Return how many minutes ``link`` still works, at least one."""
    left = (link.expires_at - clock.now()).total_seconds()
    return max(1, round(left / 60))
