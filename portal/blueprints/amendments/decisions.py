"""The steps of an amendment, one address each."""

from collections.abc import Callable

from werkzeug.wrappers import Response

from portal.blueprints.amendments import bp
from portal.blueprints.amendments.forms import ApproveForm, SendBackForm
from portal.blueprints.amendments.pages import answer_amendment, done, seen_version
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.models import AmendmentState
from portal.policies.amendments import can_consent, can_decide_amendment
from portal.policies.decision import Decision, require
from portal.queries import amendments as queries
from portal.services import amendment_decisions as services
from portal.web.accounts import actor
from portal.web.requests import writes


@bp.post("/amendments/<int:amendment_id>/propose")
@writes
def propose_amendment(amendment_id: int) -> Response:
    """Ask both leaders for their consent."""
    amendment = queries.get_amendment(amendment_id, viewer=actor())
    services.propose_amendment(amendment, seen_version=seen_version(), actor=actor())
    return done(amendment, "已提请双方负责人同意。")


@bp.post("/amendments/<int:amendment_id>/consent")
@writes
def consent_to_amendment(amendment_id: int) -> Response:
    """Consent for the leader's own hospital."""
    amendment = queries.get_amendment(amendment_id, viewer=actor())
    services.consent_to_amendment(amendment, seen_version=seen_version(), actor=actor())
    agreed = amendment.state is AmendmentState.AGREED
    said = "双方均已同意，已报省中心批准。" if agreed else "已同意，等待对方负责人同意。"
    return done(amendment, said)


@bp.post("/amendments/<int:amendment_id>/decline")
@writes
def decline_amendment(amendment_id: int) -> Response | tuple[str, int]:
    """Send it back to the coordinators, as a leader."""
    return _send_back(amendment_id, can_consent, services.decline_amendment)


@bp.post("/amendments/<int:amendment_id>/return")
@writes
def return_amendment(amendment_id: int) -> Response | tuple[str, int]:
    """Send it back to the coordinators, as the centre."""
    return _send_back(amendment_id, can_decide_amendment, services.return_amendment)


def _send_back(
    amendment_id: int, may: Callable[..., Decision], step: Callable[..., None]
) -> Response | tuple[str, int]:
    amendment = queries.get_amendment(amendment_id, viewer=actor())
    require(may(actor(), amendment))
    form = SendBackForm()
    if not form.validate():
        return answer_amendment(amendment, send_back=form, status=422)
    try:
        step(amendment, reason=form.reason.data or "", seen_version=seen_version(), actor=actor())
    except (StaleEdit, StepRefused) as refusal:
        return answer_amendment(amendment, send_back=form, refusal=refusal, status=409)
    return done(amendment, "已退回双方修改。")


@bp.post("/amendments/<int:amendment_id>/approve")
@writes
def approve_amendment(amendment_id: int) -> Response | tuple[str, int]:
    """Approve it: every line is carried out at once."""
    amendment = queries.get_amendment(amendment_id, viewer=actor())
    require(can_decide_amendment(actor(), amendment))
    form = ApproveForm()
    if not form.validate():
        return answer_amendment(amendment, approve=form, status=422)
    try:
        services.approve_amendment(
            amendment, comment=form.comment.data or "", seen_version=seen_version(), actor=actor()
        )
    except (StaleEdit, StepRefused, Rejected) as refusal:
        refused = StepRefused(refusal.sentence, refusal.sentences[1:])
        return answer_amendment(amendment, approve=form, refusal=refused, status=409)
    return done(amendment, "已批准，计划已按调整内容改动。")


@bp.post("/amendments/<int:amendment_id>/withdraw")
@writes
def withdraw_amendment(amendment_id: int) -> Response:
    """Give it up."""
    amendment = queries.get_amendment(amendment_id, viewer=actor())
    services.withdraw_amendment(amendment, seen_version=seen_version(), actor=actor())
    return done(amendment, "计划调整已撤销。")
