"""One agreement: shown, edited, and its filing receipt."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.agreements import bp
from portal.blueprints.agreements.forms import EditAgreementForm, edit_form
from portal.blueprints.agreements.pages import render_agreement
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.models import Agreement
from portal.policies.agreement_seal import seal_holds
from portal.policies.agreement_text import articles
from portal.policies.agreement_words import chinese_date
from portal.policies.agreements import can_edit, filing_deadline, late_of
from portal.policies.decision import require
from portal.queries import agreements as queries
from portal.queries.agreement_page import remarks_for
from portal.services import agreements
from portal.services.agreement_clauses import answer_remarks
from portal.web.accounts import actor
from portal.web.audit import exports
from portal.web.refusals import Refused, refusal_of
from portal.web.requests import leave_to, writes
from portal.workflow.agreements import missing_for_signing

SIGN = "sign"
"""What the second button of the edit page asks for, besides saving."""


@bp.get("/agreements/<int:agreement_id>")
def show_agreement(agreement_id: int) -> str:
    """Show the agreement: where it stands, its text, its scan and its history."""
    return render_agreement(queries.get_agreement(agreement_id, viewer=actor()))


@bp.route("/agreements/<int:agreement_id>/edit", methods=["GET", "POST"])
@writes
def edit_agreement(agreement_id: int) -> Response | str | tuple[str, int]:
    """Edit term and clauses on one page."""
    agreement = queries.get_agreement(agreement_id, viewer=actor())
    require(can_edit(actor(), agreement))
    remarks = remarks_for(agreement, agreement.current)
    form = edit_form(agreement.current.clauses, remarks)
    if locked := refusal_of(agreements.check_editable, agreement):
        return _edit_page(agreement, form, refused=locked), 409
    if request.method == "GET":
        form.fill(agreement.current, remarks)
    elif form.validate():
        try:
            agreements.save_agreement(
                agreement,
                starts_on=form.starts_on.data,
                ends_on=form.ends_on.data,
                bodies=form.bodies(),
                seen_version=request.form.get("version", type=int),
                actor=actor(),
            )
            answer_remarks(agreement, remarks, form.answers(), actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit:
            return _edit_page(agreement, form, stale=True), 409
        except StepRefused as refusal:
            return _edit_page(agreement, form, refused=Refused.over_form(refusal)), 409
        else:
            _after_saving(agreement)
            return leave_to(url_for("agreements.show_agreement", agreement_id=agreement.id))
    return _edit_page(agreement, form), 422 if form.errors else 200


def _after_saving(agreement: Agreement) -> None:
    """Say that it is saved and, where that was asked for, send it on to be signed.

    What is still missing for signing must not undo the saving, so it is looked at first.
    """
    if request.form.get("then") != SIGN:
        flash("协议文本已保存。", "success")
    elif missing_for_signing(agreement):
        flash("协议文本已保存。还有事项没有完成，暂时不能提请签署，请看下面的清单。", "warning")
    else:
        agreements.open_signing(agreement, actor=actor(), first=agreement.first_to_sign)
        flash("协议文本已保存并锁定，请双方负责人签署。", "success")


@bp.get("/agreements/<int:agreement_id>/receipt")
@exports
def receipt(agreement_id: int) -> str:
    """Show the filing receipt, one A4 sheet."""
    agreement = queries.get_agreement(agreement_id, viewer=actor())
    if agreement.filed_at is None:
        raise StepRefused("协议还没有备案，没有备案回执。")
    revision = agreement.current
    return render_template(
        "agreements/receipt.html",
        agreement=agreement,
        pairing=agreement.pairing,
        revision=revision,
        deadline=filing_deadline(agreement),
        late=late_of(agreement, clock.today()),
        holds=seal_holds(agreement),
        scan_holds=queries.scan_is_intact(revision.scan) if revision.scan else None,
        back_url=url_for("agreements.show_agreement", agreement_id=agreement.id),
    )


def _edit_page(
    agreement: Agreement,
    form: EditAgreementForm,
    *,
    stale: bool = False,
    refused: Refused | None = None,
) -> str:
    """Render the form; after a stale edit, with both texts of every clause that differs."""
    mine, theirs = _differences(agreement, form) if stale else ([], [])
    return render_template(
        "agreements/edit.html",
        agreement=agreement,
        pairing=agreement.pairing,
        form=form,
        labels={one.clause.key: one.label for one in articles(agreement.current.clauses)},
        remarks=remarks_for(agreement, agreement.current),
        stale=stale,
        refused=refused,
        mine=mine,
        theirs=theirs,
        editor=queries.last_edit(agreement) if stale else None,
    )


def _differences(
    agreement: Agreement, form: EditAgreementForm
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return (label, text) pairs of what was typed and of what is stored, where they differ."""
    revision = agreement.current
    bodies = form.bodies()
    pairs = [
        (c.title, bodies.get(c.key, "").replace("\r\n", "\n"), c.body) for c in revision.clauses
    ]
    pairs[:0] = [
        ("起始日期", chinese_date(form.starts_on.data), chinese_date(revision.starts_on)),
        ("终止日期", chinese_date(form.ends_on.data), chinese_date(revision.ends_on)),
    ]
    differing = [pair for pair in pairs if pair[1] != pair[2]]
    return [(label, mine) for label, mine, _ in differing], [
        (label, theirs) for label, _, theirs in differing
    ]
