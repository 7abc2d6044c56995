"""What becomes of an agreement in force: amended, renewed, given up again, ended early."""

from collections.abc import Callable
from functools import partial

from flask import request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.agreements import bp
from portal.blueprints.agreements.change_forms import AbandonForm, ChangeForm, EndForm, EndWordForm
from portal.blueprints.agreements.pages import render_agreement
from portal.blueprints.agreements.steps import done, seen
from portal.errors import Rejected
from portal.models import AgreementKind, AgreementTermination
from portal.policies.agreements import can_draft, can_edit
from portal.policies.decision import require
from portal.policies.terminations import can_answer, can_decide, can_request
from portal.queries.agreements import get_agreement
from portal.queries.terminations import get_termination
from portal.services import agreement_changes, terminations
from portal.web.accounts import actor
from portal.web.requests import leave_to, writes


@bp.post("/agreements/<int:agreement_id>/changes")
@writes
def start_change(agreement_id: int) -> Response | tuple[str, int]:
    """Draft an amendment or a renewal of the agreement in force."""
    agreement = get_agreement(agreement_id, viewer=actor())
    require(can_draft(actor(), agreement.pairing))
    form = ChangeForm()
    if form.validate():
        try:
            change = agreement_changes.start_change(
                agreement,
                kind=AgreementKind(form.kind.data),
                reason=form.reason.data or "",
                actor=actor(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            return leave_to(url_for("agreements.show_agreement", agreement_id=change.id))
    return render_agreement(agreement, changing=form), 422


@bp.post("/agreements/<int:agreement_id>/abandon")
@writes
def abandon_change(agreement_id: int) -> Response | tuple[str, int]:
    """Give up a change that is not submitted."""
    agreement = get_agreement(agreement_id, viewer=actor())
    require(can_edit(actor(), agreement))
    form = AbandonForm()
    if form.validate():
        agreement_changes.abandon_change(
            agreement, reason=form.abandon_reason.data or "", actor=actor(), seen_version=seen()
        )
        return done(agreement, "已放弃，原协议继续有效。")
    return render_agreement(agreement, abandoning=form), 422


@bp.post("/agreements/<int:agreement_id>/termination")
@writes
def request_termination(agreement_id: int) -> Response | tuple[str, int]:
    """Ask for the early end of the agreement in force."""
    agreement = get_agreement(agreement_id, viewer=actor())
    require(can_request(actor(), agreement))
    form = EndForm()
    if form.validate():
        try:
            terminations.request_termination(
                agreement,
                reason=form.reason.data or "",
                ends_on=form.ends_on.data,
                actor=actor(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            return done(agreement, "终止申请已提出，等待对方负责人答复。")
    return render_agreement(agreement, ending=form), 422


@bp.post("/agreements/terminations/<int:termination_id>/answer")
@writes
def answer_termination(termination_id: int) -> Response | tuple[str, int]:
    """Agree as the other side's leader, or decline with a reason."""
    termination = get_termination(termination_id, viewer=actor())
    require(can_answer(actor(), termination))
    agrees = request.form.get("do") == "agree"
    told = "已同意，报省卫健委。" if agrees else "已答复不同意，协议继续有效。"
    return _say(termination, partial(terminations.answer_termination, agrees=agrees), told)


@bp.post("/agreements/terminations/<int:termination_id>/decide")
@writes
def decide_termination(termination_id: int) -> Response | tuple[str, int]:
    """Consent as the commission, or refuse with a reason."""
    termination = get_termination(termination_id, viewer=actor())
    require(can_decide(actor(), termination))
    consents = request.form.get("do") == "consent"
    told = "已同意终止，计划停止执行。" if consents else "已答复不同意，协议继续有效。"
    return _say(termination, partial(terminations.decide_termination, consents=consents), told)


def _say(
    termination: AgreementTermination, step: Callable[..., object], told: str
) -> Response | tuple[str, int]:
    """Take ``step`` with the word that was typed; show the page again where it is refused."""
    form = EndWordForm()
    if form.validate():
        try:
            step(termination, comment=form.word.data or "", actor=actor(), seen_version=seen())
        except Rejected as refusal:
            form.add_errors({"word": " ".join(refusal.fields.values())})
        else:
            return done(termination.agreement, told)
    agreement = get_agreement(termination.agreement_id, viewer=actor())
    return render_agreement(agreement, end_word=form), 422


@bp.post("/agreements/terminations/<int:termination_id>/withdraw")
@writes
def withdraw_termination(termination_id: int) -> Response:
    """Take the request back."""
    termination = get_termination(termination_id, viewer=actor())
    terminations.withdraw_termination(termination, actor=actor(), seen_version=seen())
    return done(termination.agreement, "终止申请已撤回。")
