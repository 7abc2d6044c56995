"""A pairing's leadership group: edited on one page, copied to the hospital's other pairings."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.pairings import bp
from portal.blueprints.pairings.forms import CopyGroupForm, EditGroupForm
from portal.errors import Rejected, StaleEdit
from portal.models import GroupMember, Pairing, Side
from portal.policies.decision import require
from portal.policies.groups import composition_gaps, described_members, empty_seats
from portal.policies.pairings import can_copy_group, can_edit_group
from portal.queries import pairings as queries
from portal.queries import standing
from portal.queries.history import history_of
from portal.services import groups
from portal.web.accounts import actor
from portal.web.requests import leave_to, unsaved, writes


@bp.route("/<int:pairing_id>/group", methods=["GET", "POST"])
@writes
def edit_group(pairing_id: int) -> Response | str | tuple[str, int]:
    """Edit the leadership group on one page."""
    pairing = queries.get_whole_pairing(pairing_id, viewer=actor())
    require(can_edit_group(actor(), pairing))
    form = EditGroupForm()
    if request.method == "GET":
        form.fill(pairing.group, empty_seats(pairing.group, pairing))
    elif "more" in request.form:
        form.add_lines()
        return unsaved(_group_page(pairing, form))
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
        except StaleEdit:
            return _group_page(pairing, form, stale=True), 409
        else:
            flash("领导小组已保存。", "success")
            return leave_to(url_for("pairings.show_pairing", pairing_id=pairing.id))
    return _group_page(pairing, form), 422 if form.errors else 200


def _group_page(pairing: Pairing, form: EditGroupForm, *, stale: bool = False) -> str:
    """Render the group's form; after a stale edit, beside what the other one saved."""
    form.name_sides(pairing)
    group = standing.group_of(pairing)
    events = history_of("group", group.id, limit=50) if group else []
    current = group.current_members if group else []
    return render_template(
        "pairings/group.html",
        pairing=pairing,
        group=group,
        form=form,
        gaps=composition_gaps(group, pairing),
        former=[one for one in group.members if one.left_on] if group else [],
        events=events,
        mine=described_members(form.entries(), pairing) if stale else None,
        theirs=described_members(current, pairing),
    )


@bp.route("/<int:pairing_id>/group/copy", methods=["GET", "POST"])
@writes
def copy_group(pairing_id: int) -> Response | str | tuple[str, int]:
    """Copy the supporting side's members to the hospital's other pairings."""
    pairing = queries.get_whole_pairing(pairing_id, viewer=actor())
    require(can_copy_group(actor(), pairing))
    rows = queries.sister_rows(pairing, viewer=actor())
    form = CopyGroupForm()
    form.offer([row.pairing for row in rows])
    if request.method == "POST" and form.validate():
        chosen = [row.pairing for row in rows if row.pairing.id in form.targets.data]
        try:
            count = groups.copy_group(pairing, chosen, actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            flash(f"已把帮扶方成员复制到 {count} 个结对。", "success")
            return leave_to(url_for("pairings.show_pairing", pairing_id=pairing.id))
    page = render_template(
        "pairings/copy_group.html",
        pairing=pairing,
        members=_ours(pairing),
        rows=rows,
        form=form,
    )
    return page, 422 if form.errors else 200


def _ours(pairing: Pairing) -> list[GroupMember]:
    """Return the members that would be copied."""
    group = standing.group_of(pairing)
    members = group.current_members if group else []
    return [member for member in members if member.side is Side.SUPPORTING]
