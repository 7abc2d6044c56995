"""The register of agreements, and the tab of a pairing that leads to its agreement."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.agreements import bp
from portal.blueprints.agreements.pages import linked
from portal.models import AgreementState, Role
from portal.policies.agreements import can_draft
from portal.policies.decision import require
from portal.queries import agreements as queries
from portal.queries.agreement_now import standing_of
from portal.queries.pairings import get_pairing
from portal.services import agreements
from portal.web.accounts import actor
from portal.web.address import id_of
from portal.web.requests import leave_to, writes

SHOWN_STATES = (
    AgreementState.DRAFT,
    AgreementState.SIGNING,
    AgreementState.SUBMITTED,
    AgreementState.RETURNED,
    AgreementState.FILED,
)


@bp.get("/agreements")
def list_agreements() -> str:
    """Show what waits for the centre, then the register."""
    wanted = queries.RegisterFilter(
        state=_one_of("state", [*(state.value for state in SHOWN_STATES), queries.NOT_DRAFTED]),
        programme_id=id_of(request.args, "programme"),
        timing=_one_of("late", [queries.LATE, queries.OVERDUE]),
        page=max(1, min(request.args.get("page", 1, type=int), 10_000)),
    )
    viewer = actor()
    return render_template(
        "agreements/list.html",
        register=queries.register(wanted, viewer=viewer),
        wanted=wanted,
        state_choices=[
            *((state.value, state.label) for state in SHOWN_STATES),
            (queries.NOT_DRAFTED, "未起草"),
        ],
        timing_choices=[(queries.LATE, "逾期报送"), (queries.OVERDUE, "逾期未报送")],
        reviews=viewer.role is Role.CENTRE_REVIEWER,
    )


@bp.get("/pairings/<int:pairing_id>/agreement")
def show_for_pairing(pairing_id: int) -> Response | str:
    """Lead to the pairing's agreement, or show what is missing before there is one."""
    viewer = actor()
    pairing = get_pairing(pairing_id, viewer=viewer)
    agreement = queries.tab_agreement(pairing, viewer=viewer)
    if agreement is not None:
        return redirect(url_for("agreements.show_agreement", agreement_id=agreement.id))
    standing = standing_of(pairing)
    return render_template(
        "agreements/none.html",
        pairing=pairing,
        missing=linked(standing.gaps, pairing),
        can_draft=can_draft(viewer, pairing),
    )


@bp.post("/pairings/<int:pairing_id>/agreement")
@writes
def draft_agreement(pairing_id: int) -> Response:
    """Draft the agreement from the clause skeleton; whoever comes second is led to it."""
    viewer = actor()
    pairing = get_pairing(pairing_id, viewer=viewer)
    agreement = queries.tab_agreement(pairing, viewer=viewer)
    require(can_draft(viewer, pairing))
    if agreement is None:
        agreement = agreements.draft_agreement(pairing, actor=viewer)
        flash("协议已按示范条款起草，请核对并修改。", "success")
    else:
        flash("本结对已经有一份协议。", "info")
    return leave_to(url_for("agreements.show_agreement", agreement_id=agreement.id))


def _one_of(name: str, known: list[str]) -> str:
    """Return a word of the address if it is one we know: a mistyped filter filters nothing."""
    value = request.args.get(name, "")
    return value if value in known else ""
