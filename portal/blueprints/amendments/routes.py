"""The amendments of a pairing, and one of them."""

from flask import render_template, url_for
from werkzeug.wrappers import Response

from portal.blueprints.amendments import bp
from portal.blueprints.amendments.pages import amendment_url, answer_amendment
from portal.queries import amendments as queries
from portal.queries.pairings import get_pairing
from portal.queries.plan_versions import versions_of
from portal.queries.plans import get_plan
from portal.services import amendment_drafts
from portal.web.accounts import actor
from portal.web.requests import leave_to, writes


@bp.get("/pairings/<int:pairing_id>/amendments")
def list_for_pairing(pairing_id: int) -> str:
    """Show what was changed after filing: amendments and the versions they left."""
    pairing = get_pairing(pairing_id, viewer=actor())
    plan = queries.plan_with_changes(pairing, viewer=actor())
    amendments = queries.amendments_of(pairing, viewer=actor())
    return render_template(
        "amendments/list.html",
        pairing=pairing,
        plan=plan,
        changes=queries.plan_changes(plan, viewer=actor(), found=amendments) if plan else None,
        rows=[(one, queries.turn_of(one)) for one in amendments],
        versions=versions_of(plan.id) if plan else [],
    )


@bp.post("/plans/<int:plan_id>/amendments")
@writes
def start_amendment(plan_id: int) -> Response:
    """Start an amendment, or go on with the one that is open."""
    plan = get_plan(plan_id, viewer=actor())
    amendment = amendment_drafts.start_amendment(plan, actor=actor())
    if not amendment.reason:
        return leave_to(url_for("amendments.edit_reason", amendment_id=amendment.id))
    return leave_to(amendment_url(amendment))


@bp.get("/amendments/<int:amendment_id>")
def show_amendment(amendment_id: int) -> tuple[str, int]:
    """Show one amendment: what changes, who consented, who must act."""
    return answer_amendment(queries.get_amendment(amendment_id, viewer=actor()))
