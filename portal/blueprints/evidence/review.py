"""Deciding about one piece: accepted, or not and why."""

from flask import flash
from werkzeug.wrappers import Response

from portal.blueprints.evidence import bp
from portal.blueprints.evidence.forms import RejectEvidenceForm
from portal.blueprints.evidence.piece import answer_piece, back_to, seen_version
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.policies.decision import require
from portal.policies.evidence import can_review
from portal.queries import evidence as queries
from portal.services import evidence_reviews as services
from portal.web.accounts import actor
from portal.web.refusals import Refused
from portal.web.requests import writes


@bp.post("/evidence/<int:evidence_id>/accept")
@writes
def accept_evidence(evidence_id: int) -> Response:
    """Accept a piece."""
    evidence = queries.get_evidence(evidence_id, viewer=actor())
    services.accept_evidence(evidence, actor=actor(), seen_version=seen_version())
    flash("已认可这份材料。", "success")
    return back_to(evidence)


@bp.post("/evidence/<int:evidence_id>/reject")
@writes
def reject_evidence(evidence_id: int) -> Response:
    """Do not accept a piece, and say why."""
    evidence = queries.get_evidence(evidence_id, viewer=actor())
    require(can_review(actor(), evidence))
    form = RejectEvidenceForm()
    if form.validate():
        try:
            services.reject_evidence(
                evidence,
                reason=form.review_reason.data,
                actor=actor(),
                seen_version=seen_version(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except (StaleEdit, StepRefused) as refusal:
            return answer_piece(evidence, refused=Refused.of(refusal, form), status=409)
        else:
            flash("已记录“不予认可”，上传人会看到理由。", "success")
            return back_to(evidence)
    return answer_piece(evidence, reject=form, status=422)
