"""Asking for more time, and deciding about it."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.extensions import bp
from portal.blueprints.extensions.forms import (
    GrantExtensionForm,
    RefuseExtensionForm,
    RequestExtensionForm,
)
from portal.errors import PortalError, Rejected, StaleEdit, StepRefused
from portal.models import ExtensionReason, ExtensionRequest, Task
from portal.policies.decision import require
from portal.policies.extensions import can_decide_extension, can_request_extension
from portal.queries import extensions as queries
from portal.queries.tasks import get_task
from portal.services import extensions
from portal.web.accounts import actor
from portal.web.refusals import Refused
from portal.web.requests import leave_to, writes


@bp.route("/tasks/<int:task_id>/extensions", methods=["GET", "POST"])
@writes
def request_extension(task_id: int) -> Response | str | tuple[str, int]:
    """Ask for more time for a task; what was asked before stands below."""
    task = get_task(task_id, viewer=actor())
    require(can_request_extension(actor(), task))
    form = RequestExtensionForm()
    if request.method == "GET":
        return _request_page(task, form)
    if not form.validate():
        return _request_page(task, form), 422
    try:
        extensions.request_extension(
            task,
            reason_class=ExtensionReason(form.reason_class.data),
            reason=form.reason.data or "",
            to_due_on=form.to_due_on.data,
            actor=actor(),
        )
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return _request_page(task, form), 422
    except StepRefused as refused:
        return _request_page(task, form, refused=Refused.of(refused, form)), 409
    flash("延期申请已提交，审批前完成时限不变。", "success")
    return leave_to(url_for("tasks.show_task", task_id=task.id))


@bp.get("/extensions/<int:extension_id>")
def show_extension(extension_id: int) -> str:
    """Show one request beside its task, with the decision for those who decide."""
    return _extension_page(queries.get_extension(extension_id, viewer=actor()))


@bp.post("/extensions/<int:extension_id>/grant")
@writes
def grant_extension(extension_id: int) -> Response | tuple[str, int]:
    """Grant it: the due date moves."""
    asked = queries.get_extension(extension_id, viewer=actor())
    require(can_decide_extension(actor(), asked))
    form = GrantExtensionForm()
    if not form.validate():
        return _extension_page(asked, grant=form), 422
    try:
        extensions.grant_extension(
            asked, comment=form.comment.data or "", actor=actor(), seen_version=_seen()
        )
    except (StaleEdit, StepRefused) as refusal:
        return _extension_page(asked, refusal=refusal), 409
    return _done(asked, f"已同意延期，完成时限改为 {asked.to_due_on}。")


@bp.post("/extensions/<int:extension_id>/refuse")
@writes
def refuse_extension(extension_id: int) -> Response | tuple[str, int]:
    """Refuse it with a reason; nothing typed is lost when that is refused."""
    asked = queries.get_extension(extension_id, viewer=actor())
    require(can_decide_extension(actor(), asked))
    form = RefuseExtensionForm()
    if not form.validate():
        return _extension_page(asked, refuse=form), 422
    try:
        extensions.refuse_extension(
            asked, reason=form.reason.data or "", actor=actor(), seen_version=_seen()
        )
    except (StaleEdit, StepRefused) as refusal:
        return _extension_page(asked, refuse=form, refusal=refusal), 409
    return _done(asked, "已答复不同意延期，完成时限不变。")


@bp.post("/extensions/<int:extension_id>/withdraw")
@writes
def withdraw_extension(extension_id: int) -> Response:
    """Take it back before it is decided."""
    asked = queries.get_extension(extension_id, viewer=actor())
    extensions.withdraw_extension(asked, actor=actor(), seen_version=_seen())
    return _done(asked, "延期申请已撤回。")


def _seen() -> int | None:
    """Return the version of the page from which the step was asked for."""
    return request.form.get("version", type=int)


def _done(asked: ExtensionRequest, message: str) -> Response:
    flash(message, "success")
    return leave_to(url_for("tasks.show_task", task_id=asked.task_id))


def _request_page(task: Task, form: RequestExtensionForm, *, refused: Refused | None = None) -> str:
    """Render the form, or why there is nothing to ask for."""
    panel = queries.extension_panel(task, viewer=actor())
    return render_template(
        "extensions/request.html",
        pairing=task.pairing,
        task=task,
        form=form,
        panel=panel,
        refused=refused,
    )


def _extension_page(
    asked: ExtensionRequest,
    *,
    grant: GrantExtensionForm | None = None,
    refuse: RefuseExtensionForm | None = None,
    refusal: PortalError | None = None,
) -> str:
    """Render one request, with the small forms as they were sent where one was refused."""
    return render_template(
        "extensions/show.html",
        pairing=asked.task.pairing,
        task=asked.task,
        page=queries.extension_page(asked, viewer=actor()),
        grant=grant or GrantExtensionForm(formdata=None),
        refuse=refuse or RefuseExtensionForm(formdata=None),
        refused=Refused(refusal.sentence, refusal.sentences[1:], "") if refusal else None,
    )
