"""The steps of an agreement, one address each."""

from typing import BinaryIO, cast

from flask import flash, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.agreements import bp
from portal.blueprints.agreements.forms import (
    AttachScanForm,
    FileForm,
    OrderForm,
    TakeBackForm,
    WithdrawForm,
    places_of,
    return_form,
)
from portal.blueprints.agreements.pages import render_agreement
from portal.errors import Rejected
from portal.models import Agreement
from portal.policies.agreements import can_edit, can_review, can_take_back, can_withdraw
from portal.policies.decision import require
from portal.queries.agreements import get_agreement
from portal.services import agreements
from portal.services.files import HoldsPersonalData, keep_upload
from portal.web.accounts import actor
from portal.web.requests import begin_writing, leave_to, let_go, reads_first, writes


@bp.post("/agreements/<int:agreement_id>/open-signing")
@writes
def open_signing(agreement_id: int) -> Response:
    """Ask both leaders to sign."""
    agreement = get_agreement(agreement_id, viewer=actor())
    first = OrderForm().side
    agreements.open_signing(agreement, actor=actor(), first=first, seen_version=seen())
    return done(agreement, "文本已锁定，请双方负责人签署。")


@bp.post("/agreements/<int:agreement_id>/reopen-draft")
@writes
def reopen_draft(agreement_id: int) -> Response | tuple[str, int]:
    """Take the agreement back from signing to change it."""
    agreement = get_agreement(agreement_id, viewer=actor())
    form = WithdrawForm()
    require(can_withdraw(actor(), agreement))
    if not form.validate():
        return render_agreement(agreement, withdrawing=form), 422
    agreements.reopen_draft(
        agreement, actor=actor(), reason=form.comment.data or "", seen_version=seen()
    )
    return done(agreement, "已撤回修改，本稿的签署作废。")


@bp.post("/agreements/<int:agreement_id>/sign")
@writes
def sign_agreement(agreement_id: int) -> Response:
    """Sign for the own side."""
    agreement = get_agreement(agreement_id, viewer=actor())
    agreements.sign_agreement(agreement, actor=actor(), seen_version=seen())
    return done(agreement, "您已签署本协议。")


@bp.post("/agreements/<int:agreement_id>/attach-scan")
@reads_first
@writes
def attach_scan(agreement_id: int) -> Response | tuple[str, int]:
    """Attach the signed scan."""
    agreement = get_agreement(agreement_id, viewer=actor())
    require(can_edit(actor(), agreement))
    form = AttachScanForm()
    upload = request.files.get("file")
    try:
        if upload is None or not upload.filename:
            raise Rejected({"file": "请选择要上传的扫描件。"})
        let_go()
        scan = keep_upload(
            upload.filename,
            cast(BinaryIO, upload.stream),
            despite_warning=form.despite_warning.data,
        )
        begin_writing()
        agreements.attach_scan(agreement, scan, actor=actor(), seen_version=seen())
    except Rejected as refusal:
        form.warned = isinstance(refusal, HoldsPersonalData)
        form.add_errors(refusal.fields)
        return render_agreement(agreement, scan_form=form), 422
    return done(agreement, "扫描件已上传。")


@bp.post("/agreements/<int:agreement_id>/submit")
@writes
def submit_agreement(agreement_id: int) -> Response:
    """Send the agreement to the centre."""
    agreement = get_agreement(agreement_id, viewer=actor())
    agreements.submit_agreement(agreement, actor=actor(), seen_version=seen())
    return done(agreement, "协议已报送省中心，等待备案。")


@bp.post("/agreements/<int:agreement_id>/take-back")
@writes
def take_back_agreement(agreement_id: int) -> Response | tuple[str, int]:
    """Take a submitted agreement back before it is filed."""
    agreement = get_agreement(agreement_id, viewer=actor())
    require(can_take_back(actor(), agreement))
    form = TakeBackForm()
    if not form.validate():
        return render_agreement(agreement, taking_back=form), 422
    agreements.take_back_agreement(
        agreement,
        reason=form.take_back_reason.data or "",
        actor=actor(),
        seen_version=seen(),
    )
    return done(agreement, "已撤回报送，可以修改后重新签署报送。")


@bp.post("/agreements/<int:agreement_id>/file")
@writes
def file_agreement(agreement_id: int) -> Response | tuple[str, int]:
    """File the agreement under the next number, once the reviewer has ticked what was seen."""
    agreement = get_agreement(agreement_id, viewer=actor())
    form = FileForm()
    try:
        agreements.file_agreement(
            agreement, actor=actor(), checked=form.checked, seen_version=seen()
        )
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return render_agreement(agreement, filing=form), 422
    return done(agreement, f"已备案，备案号：{agreement.filing_number}。")


@bp.post("/agreements/<int:agreement_id>/return")
@writes
def return_agreement(agreement_id: int) -> Response | tuple[str, int]:
    """Send the agreement back with a reason; nothing typed is lost when it is refused."""
    agreement = get_agreement(agreement_id, viewer=actor())
    require(can_review(actor(), agreement))
    places = places_of(agreement.current)
    form = return_form(places)
    if form.validate():
        try:
            agreements.return_agreement(
                agreement,
                reason=form.comment.data or "",
                remarks=form.remarks(places),
                actor=actor(),
                seen_version=seen(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            return done(agreement, "协议已退回双方修改。")
    return render_agreement(agreement, returning=form), 422


def seen() -> int | None:
    """Return the version of the page from which the step was asked for."""
    return request.form.get("version", type=int)


def done(agreement: Agreement, message: str) -> Response:
    """Say that a step was taken and lead back to the agreement."""
    flash(message, "success")
    return leave_to(url_for("agreements.show_agreement", agreement_id=agreement.id))
