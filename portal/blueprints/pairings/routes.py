"""The list of pairings, one page per pairing, and its leadership group."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.pairings import bp
from portal.blueprints.pairings.forms import EditGroupForm
from portal.errors import Rejected, StaleEdit
from portal.models import Pairing, Role
from portal.policies.decision import require
from portal.policies.groups import composition_gaps, empty_seats
from portal.policies.pairings import can_edit_group
from portal.policies.programmes import can_manage_programmes
from portal.queries import pairings as queries
from portal.services import groups
from portal.web.accounts import actor
from portal.web.requests import leave_to, writes


@bp.get("")
def list_pairings() -> str:
    """Show the pairings the viewer may see, narrowed as the address says."""
    viewer = actor()
    narrowed = queries.PairingFilter(
        programme_id=_number("programme"),
        supporting_id=_number("supporting"),
        text=request.args.get("q", "").strip()[:60],
    )
    return render_template(
        "pairings/list.html",
        rows=queries.pairing_rows(viewer, narrowed),
        options=queries.filter_options(viewer),
        narrowed=narrowed,
        reduced=viewer.role is Role.CONTRIBUTOR,
        programmes_url=url_for("programmes.list_programmes")
        if can_manage_programmes(viewer)
        else None,
    )


def _number(name: str) -> int:
    """Return an id from the address, or nought for anything that is none."""
    value = request.args.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


@bp.get("/<int:pairing_id>")
def show_pairing(pairing_id: int) -> str:
    """Show one pairing: where it stands and what happened lately."""
    viewer = actor()
    pairing = queries.get_pairing(pairing_id, viewer=viewer)
    return render_template(
        "pairings/show.html",
        pairing=pairing,
        gaps=composition_gaps(pairing.group, pairing),
        can_edit_group=can_edit_group(viewer, pairing),
        events=queries.events_of_pairing(pairing),
    )


@bp.get("/<int:pairing_id>/events")
def list_events(pairing_id: int) -> str:
    """Show everything that happened in the pairing."""
    pairing = queries.get_pairing(pairing_id, viewer=actor())
    events = queries.events_of_pairing(pairing, limit=500)
    return render_template("pairings/events.html", pairing=pairing, events=events)


@bp.route("/<int:pairing_id>/group", methods=["GET", "POST"])
@writes
def edit_group(pairing_id: int) -> Response | str | tuple[str, int]:
    """Edit the leadership group on one page."""
    pairing = queries.get_pairing(pairing_id, viewer=actor())
    require(can_edit_group(actor(), pairing))
    form = EditGroupForm()
    if request.method == "GET":
        form.fill(pairing.group, empty_seats(pairing.group, pairing))
    elif form.validate():
        try:
            groups.save_group(
                pairing,
                form.entries(),
                established_on=form.established_on.data,
                seen_version=request.form.get("version", type=int),
                actor=actor(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit as stale:
            return _group_page(pairing, form, stale=stale.sentence), 409
        else:
            flash("领导小组已保存。", "success")
            return leave_to(url_for("pairings.show_pairing", pairing_id=pairing.id))
    return _group_page(pairing, form), 422 if form.errors else 200


def _group_page(pairing: Pairing, form: EditGroupForm, stale: str = "") -> str:
    """Render the group's form; after a stale edit, beside what the other one saved."""
    return render_template(
        "pairings/group.html",
        pairing=pairing,
        form=form,
        stale=stale,
        gaps=composition_gaps(pairing.group, pairing),
    )
