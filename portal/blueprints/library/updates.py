"""A plan being drawn up beside a newer edition of the library."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.library import bp
from portal.errors import PortalError, Rejected, StaleEdit
from portal.models import Plan
from portal.policies.decision import require
from portal.policies.plans import can_edit_plan, can_see_library
from portal.queries.library_updates import newer_of
from portal.queries.plans import get_plan
from portal.row_ids import row_id
from portal.services import library_updates
from portal.web.accounts import actor
from portal.web.requests import leave_to, writes


@bp.get("/plans/<int:plan_id>/library")
def show_plan_updates(plan_id: int) -> str:
    """Show which tasks of a plan have a newer standard text, and what differs."""
    return _page(_load(plan_id))


@bp.post("/plans/<int:plan_id>/library")
@writes
def update_plan(plan_id: int) -> Response | tuple[str, int]:
    """Take the ticked texts over, or say that the plan keeps its own."""
    plan = _load(plan_id)
    require(can_edit_plan(actor(), plan))
    keeps = request.form.get("do") == "keep"
    step = library_updates.keep_own if keeps else library_updates.take_over
    try:
        count = step(plan, _ticked(), actor=actor())
    except (Rejected, StaleEdit) as refusal:
        return _page(plan, refusal), refusal.status
    flash(f"{count} 项任务{'保留原文' if keeps else '已改用新版标准文本'}。", "success")
    return leave_to(url_for("plans.show_plan", pairing_id=plan.pairing_id))


def _load(plan_id: int) -> Plan:
    """Load a plan for somebody who reads the library. Raises NotVisible or Forbidden."""
    plan = get_plan(plan_id, viewer=actor())
    require(can_see_library(actor()))
    return plan


def _ticked() -> dict[int, int]:
    """Return the versions of the ticked tasks as the page showed them."""
    found = {}
    for value in request.form.getlist("task"):
        number, _, version = value.partition("-")
        task_id, seen = row_id(number), row_id(version)
        if task_id and seen:
            found[task_id] = seen
    return found


def _page(plan: Plan, refusal: PortalError | None = None) -> str:
    """Render the page; after a refusal with what was ticked."""
    return render_template(
        "library/plan_updates.html",
        pairing=plan.pairing,
        plan=plan,
        newer=newer_of(plan),
        can_edit=bool(can_edit_plan(actor(), plan)),
        ticked=set(_ticked()) if refusal else None,
        refusal=refusal,
        labels={},
    )
