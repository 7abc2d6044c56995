"""The library of a pairing's evidence, and one page per piece."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.evidence import bp
from portal.blueprints.evidence.forms import WithdrawEvidenceForm
from portal.errors import NotVisible, Rejected
from portal.models import Evidence, Role
from portal.policies.decision import require
from portal.policies.evidence import can_withdraw
from portal.policies.tasks import can_work_on, why_locked
from portal.queries import evidence as queries
from portal.queries.evidence_holds import holds_on
from portal.queries.pairings import get_pairing
from portal.services import evidence as services
from portal.web.accounts import actor
from portal.web.address import id_of, text_of
from portal.web.requests import leave_to, writes


@bp.get("/pairings/<int:pairing_id>/evidence")
def list_for_pairing(pairing_id: int) -> str:
    """Show the pairing's library; a contributor has only the tasks given to them."""
    viewer = actor()
    if viewer.role is Role.CONTRIBUTOR:
        raise NotVisible()
    pairing = get_pairing(pairing_id, viewer=viewer)
    search = text_of(request.args, "q", 100)
    page = queries.library_page(
        pairing,
        viewer=viewer,
        search=search,
        before=id_of(request.args, "before"),
        after=id_of(request.args, "after"),
    )
    return render_template("evidence/list.html", pairing=pairing, page=page, search=search)


@bp.get("/evidence/<int:evidence_id>")
def show_evidence(evidence_id: int) -> str:
    """Show one piece: the file itself, and where it is used."""
    return _evidence_page(queries.get_evidence(evidence_id, viewer=actor()))


@bp.post("/evidence/<int:evidence_id>/withdraw")
@writes
def withdraw_evidence(evidence_id: int) -> Response | tuple[str, int]:
    """Withdraw a piece that was a mistake."""
    evidence = queries.get_evidence(evidence_id, viewer=actor())
    require(can_withdraw(actor(), evidence))
    form = WithdrawEvidenceForm()
    if form.validate():
        try:
            services.withdraw_evidence(evidence, reason=form.reason.data, actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            flash("材料已撤回，不再作为佐证。", "success")
            return leave_to(url_for("evidence.show_evidence", evidence_id=evidence.id))
    return _evidence_page(evidence, form), 422


def _evidence_page(evidence: Evidence, form: WithdrawEvidenceForm | None = None) -> str:
    viewer = actor()
    pairing = get_pairing(evidence.pairing_id, viewer=viewer)
    uses = queries.uses_of(evidence, viewer=viewer)
    holds = holds_on(evidence, viewer=viewer)
    may = evidence.withdrawn_at is None and bool(can_withdraw(viewer, evidence))
    return render_template(
        "evidence/show.html",
        pairing=pairing,
        evidence=evidence,
        uses=uses,
        removable={
            use.id
            for use in uses
            if use.task and can_work_on(viewer, use.task) and not why_locked(use.task)
        },
        may_withdraw=may,
        kept=holds[0].sentence if may and holds else "",
        form=form or WithdrawEvidenceForm(formdata=None),
    )
