"""Leave to sign agreements in a leader's place: the hospital's list, given and taken back."""

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.agreements import bp
from portal.blueprints.agreements.change_forms import DelegateForm
from portal.errors import Rejected
from portal.policies.decision import require
from portal.policies.delegations import can_delegate, can_revoke
from portal.queries import delegations as queries
from portal.services import delegations
from portal.web.accounts import actor
from portal.web.requests import leave_to, writes


@bp.get("/agreements/delegations")
def list_delegations() -> str:
    """Show who may sign in whose place, and the form for a leader."""
    form = DelegateForm()
    form.starts_on.data = form.ends_on.data = clock.today()
    return _page(form)


@bp.post("/agreements/delegations")
@writes
def delegate_signing() -> Response | tuple[str, int]:
    """Let somebody sign in the viewer's place for some days."""
    leader = actor()
    queries.delegations_of(leader, clock.today())
    require(can_delegate(leader))
    form = DelegateForm()
    people = {str(one.id): one for one in queries.deputies(leader)}
    form.offer(people.values())
    if form.validate():
        try:
            delegations.delegate_signing(
                leader,
                people[form.deputy.data],
                starts_on=form.starts_on.data,
                ends_on=form.ends_on.data,
                reason=form.reason.data or "",
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            flash("已授权代签。授权只用于签署帮扶协议。", "success")
            return leave_to(url_for("agreements.list_delegations"))
    return _page(form), 422


@bp.post("/agreements/delegations/<int:delegation_id>/revoke")
@writes
def revoke_delegation(delegation_id: int) -> Response:
    """Take a leave back."""
    delegation = queries.get_delegation(delegation_id, viewer=actor())
    delegations.revoke_delegation(delegation, actor=actor())
    flash("代签授权已撤销。", "success")
    return leave_to(url_for("agreements.list_delegations"))


def _page(form: DelegateForm) -> str:
    viewer = actor()
    listed = queries.delegations_of(viewer, clock.today())
    may = bool(can_delegate(viewer))
    people = queries.deputies(viewer) if may else []
    form.offer(people)
    return render_template(
        "agreements/delegations.html",
        form=form,
        listed=listed,
        may_delegate=may,
        people=people,
        revocable={one.id for one in listed.open if can_revoke(viewer, one)},
    )
