"""Versions of a plan: one as it stood, two beside each other."""

from flask import render_template, request, url_for

from portal.blueprints.amendments import bp
from portal.errors import NotVisible
from portal.models import Area, Plan, PlanVersion
from portal.policies.goal_texts import FIGURES, figure_head, figure_rows, goal_labels
from portal.queries import plan_versions as queries
from portal.queries.plans import get_plan
from portal.web.accounts import actor
from portal.web.address import id_of


@bp.get("/plans/<int:plan_id>/versions/<int:number>")
def show_version(plan_id: int, number: int) -> str:
    """Show the whole plan as it stood; read only, and made to be printed."""
    plan = get_plan(plan_id, viewer=actor())
    version = queries.get_version(plan.id, number)
    years = plan.pairing.programme.years
    goals = version.content.get("goals", {})
    labels = {name: label for name, label in goal_labels(years).items() if name != FIGURES}
    return render_template(
        "amendments/version.html",
        pairing=plan.pairing,
        plan=plan,
        version=version,
        versions=queries.versions_of(plan.id),
        areas=queries.tasks_by_area(version),
        goals=goals,
        goal_labels=labels,
        figures=[
            (area, cells)
            for area in Area
            for cells in figure_rows(goals.get(area.value, {}).get(FIGURES, ""), years) or []
        ],
        figure_head=figure_head(years),
        back=url_for("amendments.list_for_pairing", pairing_id=plan.pairing_id),
    )


@bp.get("/plans/<int:plan_id>/versions/compare")
def compare_versions(plan_id: int) -> str:
    """Show what differs between two versions; the last two unless the address says otherwise."""
    plan = get_plan(plan_id, viewer=actor())
    versions = queries.versions_of(plan.id)
    if not versions:
        raise NotVisible()
    newest = versions[0].number
    after = id_of(request.args, "to") or newest
    before = id_of(request.args, "from") or max(1, after - 1)
    old, new = _two(plan, before, after)
    return render_template(
        "amendments/compare.html",
        pairing=plan.pairing,
        plan=plan,
        old=old,
        new=new,
        versions=versions,
        differences=queries.compare_versions(old, new, plan.pairing.programme.years),
        back=url_for("amendments.list_for_pairing", pairing_id=plan.pairing_id),
    )


def _two(plan: Plan, before: int, after: int) -> tuple[PlanVersion, PlanVersion]:
    """Return both versions, the older one first."""
    first, second = sorted((before, after))
    return queries.get_version(plan.id, first), queries.get_version(plan.id, second)
