"""The list of pairings and one page per pairing."""

from flask import render_template, request, url_for

from portal.blueprints.pairings import bp
from portal.models import Role
from portal.policies.pairings import can_copy_group, can_edit_group, can_see_whole
from portal.policies.programmes import can_manage_programmes, can_see_programmes
from portal.policies.standing import steps_of, waits_of
from portal.queries import pairings as queries
from portal.queries import standing
from portal.web.accounts import actor
from portal.web.address import id_of, text_of
from portal.web.links import url_if_known

LATEST = 10
"""How many events the pairing's own page shows."""


@bp.get("")
def list_pairings() -> str:
    """Show the pairings the viewer may see, narrowed as the address says."""
    viewer = actor()
    queries.demand_pairings(viewer)
    narrowed = queries.PairingFilter(
        programme_id=id_of(request.args, "programme") or 0,
        supporting_id=id_of(request.args, "supporting") or 0,
        text=text_of(request.args, "q", 60),
    )
    programmes = url_for("programmes.list_programmes") if can_manage_programmes(viewer) else None
    return render_template(
        "pairings/list.html",
        rows=queries.pairing_rows(viewer, narrowed),
        options=queries.filter_options(viewer),
        narrowed=narrowed,
        reduced=viewer.role is Role.CONTRIBUTOR,
        programmes_url=programmes,
    )


@bp.get("/<int:pairing_id>")
def show_pairing(pairing_id: int) -> str:
    """Show one pairing: where it stands, who must act next, what happened lately.

    A contributor sees whose pairing it is and their own tasks in it, nothing else.
    """
    viewer = actor()
    pairing = queries.get_pairing(pairing_id, viewer=viewer)
    if not can_see_whole(viewer, pairing):
        figures = queries.task_figures([pairing.id], viewer=viewer).get(
            pairing.id, queries.TaskFigures()
        )
        return render_template("pairings/show_own.html", pairing=pairing, figures=figures)
    facts = standing.facts_of(pairing, viewer=viewer)
    return render_template(
        "pairings/show.html",
        pairing=pairing,
        group=facts.group,
        facts=facts,
        steps=steps_of(facts),
        waits=waits_of(facts),
        can_edit_group=can_edit_group(viewer, pairing),
        can_copy_group=can_copy_group(viewer, pairing),
        programme_linked=bool(can_see_programmes(viewer)),
        events=queries.events_of_pairing(pairing, limit=LATEST),
        url_if_known=url_if_known,
    )


@bp.get("/<int:pairing_id>/events")
def list_events(pairing_id: int) -> str:
    """Show everything that happened in the pairing."""
    pairing = queries.get_whole_pairing(pairing_id, viewer=actor())
    events = queries.events_of_pairing(pairing, limit=500)
    return render_template("pairings/events.html", pairing=pairing, events=events)
