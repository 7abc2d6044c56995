"""The steps of a closure, the reviewer's page and the printed slip."""

from collections.abc import Callable

from flask import flash, render_template
from werkzeug.wrappers import Response

from portal.blueprints.closure import bp
from portal.blueprints.closure.forms import (
    ApproveForm,
    ClosureForms,
    LookBackForm,
    ReopenForm,
    ReturnForm,
)
from portal.blueprints.closure.pages import (
    address_after,
    address_of,
    queue_of_form,
    refused_page,
    review_page,
    seen_version,
)
from portal.blueprints.tasks.forms import SubmitEvidenceForm
from portal.blueprints.tasks.pages import answer_task
from portal.blueprints.tasks.taking import answer_half_taken, look_at_files
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.models import Task, TaskState
from portal.policies import closure as policies
from portal.policies.decision import require
from portal.policies.tasks import why_locked
from portal.queries import closure as queries
from portal.queries.closure_queue import Mark
from portal.services import closure
from portal.services.files import HoldsPersonalData
from portal.services.upload_forms import take_in
from portal.web.accounts import actor
from portal.web.audit import exports
from portal.web.forms import PortalForm
from portal.web.refusals import Refused
from portal.web.requests import leave_to, reads_first, writes


@bp.app_context_processor
def offer_forms() -> dict[str, ClosureForms]:
    """Let the panel, which other pages include, have its forms."""
    return {"closure_forms": ClosureForms()}


@bp.post("/tasks/<int:task_id>/closure")
@reads_first
@writes
def request_closure(task_id: int) -> Response:
    """Apply for closure, with the files of the same form."""
    task = queries.get_task(task_id, viewer=actor())
    require(policies.can_request_closure(actor(), task))
    form = SubmitEvidenceForm.for_requirements(task.requirements)
    if not form.validate():
        return answer_task(task, submit=form, status=422)
    looked = look_at_files(task, form)
    require(policies.can_request_closure(actor(), task))
    # A waiting application locks the task: then files come in only together with the next one.
    locked = bool(why_locked(task))
    try:
        if not locked and looked:
            taken = take_in(task, looked, evidence_on=form.evidence_on.data, actor=actor())
            if not taken.is_whole:
                return answer_half_taken(task, form, taken, left="申请还没有提交。")
        closure.request_closure(
            task,
            statement=form.statement.data or "",
            files=looked if locked else (),
            evidence_on=form.evidence_on.data,
            despite_warning=form.despite_warning.data,
            may_replace=seen_version() is not None,
            seen_version=seen_version(),
            actor=actor(),
        )
    except Rejected as refusal:
        form.warned = isinstance(refusal, HoldsPersonalData)
        form.add_errors(refusal.fields)
        return answer_task(task, submit=form, status=422)
    except (StepRefused, StaleEdit) as refusal:
        form.form_errors = refusal.sentences
        return answer_task(task, submit=form, status=409)
    flash(f"已提交销号申请，等{task.pairing.supporting.short_name}确认。", "success")
    return leave_to(address_of(task))


@bp.post("/tasks/<int:task_id>/closure/confirm")
@writes
def confirm_closure(task_id: int) -> Response:
    """Confirm for the supporting base."""
    task = queries.get_task(task_id, viewer=actor())
    require(policies.can_confirm_closure(actor(), task))
    form = ApproveForm()

    def confirm() -> str:
        closure.confirm_closure(
            task, comment=form.comment.data or "", actor=actor(), seen_version=seen_version()
        )
        closed = task.state is TaskState.CLOSED
        return "已确认，未抽中核验，任务销号。" if closed else "已确认，报省中心核验。"

    return _take(task, "approve", form, confirm)


@bp.post("/tasks/<int:task_id>/closure/verify")
@writes
def verify_closure(task_id: int) -> Response:
    """Verify for the centre."""
    task = queries.get_task(task_id, viewer=actor())
    require(policies.can_verify_closure(actor(), task))
    form = ApproveForm()

    def verify() -> None:
        closure.verify_closure(
            task, comment=form.comment.data or "", actor=actor(), seen_version=seen_version()
        )

    return _take(task, "approve", form, verify, "核验通过，任务已销号。")


@bp.post("/tasks/<int:task_id>/closure/return")
@writes
def return_closure(task_id: int) -> Response:
    """Return the application at the step the person judges."""
    task = queries.get_task(task_id, viewer=actor())
    require(policies.can_return(actor(), task))
    form = ReturnForm()

    def send_back() -> None:
        closure.return_closure(task, reason=form.text, actor=actor(), seen_version=seen_version())

    return _take(task, "send_back", form, send_back, "已退回，对方会看到退回理由。")


@bp.post("/tasks/<int:task_id>/closure/reopen")
@writes
def reopen_task(task_id: int) -> Response:
    """Reopen a closed task after a look-back."""
    task = queries.get_task(task_id, viewer=actor())
    require(policies.can_look_back(actor(), task))
    form = ReopenForm()

    def reopen() -> None:
        closure.reopen_task(task, reason=form.text, actor=actor(), seen_version=seen_version())

    return _take(task, "reopen", form, reopen, "任务已重启，原销号记录保留。")


@bp.post("/tasks/<int:task_id>/closure/look-back")
@writes
def pass_lookback(task_id: int) -> Response:
    """Record a look-back that found the task in order."""
    task = queries.get_task(task_id, viewer=actor())
    require(policies.can_look_back(actor(), task))
    form = LookBackForm()

    def look_back() -> None:
        closure.pass_lookback(
            task,
            comment=form.lookback_comment.data or "",
            actor=actor(),
            seen_version=seen_version(),
        )

    return _take(task, "look_back", form, look_back, "回头看通过，已记录。")


@bp.get("/closure/<int:task_id>")
def review_task(task_id: int) -> Response:
    """Show a reviewer all there is to judge, with the evidence in place."""
    task = queries.get_task(task_id, viewer=actor())
    require(policies.can_review(actor(), task))
    return review_page(task)


@bp.get("/tasks/<int:task_id>/closure/slip")
@exports
def slip(task_id: int) -> str:
    """Show the closure slip 销号确认单 for print."""
    task = queries.get_task(task_id, viewer=actor())
    round_ = queries.closed_round(task)
    return render_template(
        "closure/slip.html",
        task=task,
        pairing=task.pairing,
        round=round_,
        said=round_.task_said,
        back_url=address_of(task),
    )


def _take(
    task: Task, name: str, form: PortalForm, step: Callable[[], str | None], done: str = ""
) -> Response:
    """Take one step and go on; a refusal draws the page again with everything typed.

    ``step`` may return the sentence that tells of its success, instead of ``done``.
    """
    queue, mark, title = queue_of_form(), Mark.of(task), task.title
    if not form.validate():
        return refused_page(task, 422, **{name: form})
    try:
        done = step() or done
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return refused_page(task, 422, **{name: form})
    except (StepRefused, StaleEdit) as refusal:
        return refused_page(task, 409, refused=Refused.of(refusal, form), **{name: form})
    flash(f"{title}：{done}" if queue else done, "success")
    return leave_to(address_after(task, queue, mark))
