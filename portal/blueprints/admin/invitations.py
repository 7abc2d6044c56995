"""Links for new accounts: for one person anew, and for several people of a hospital at once."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.admin import bp
from portal.blueprints.admin.forms import BY_LINK, IssueManyForm
from portal.blueprints.admin.slips import slips_page
from portal.errors import Rejected
from portal.models import Organisation, OrganisationKind
from portal.queries import accounts as queries
from portal.services import account_batches, invitations
from portal.services.account_batches import Batch
from portal.web.accounts import actor
from portal.web.requests import leave_to, unsaved, writes


@bp.post("/users/<int:user_id>/invitation")
@writes
def invite_user(user_id: int) -> Response:
    """Make a new link for an account and show it, this once; the old one stops working."""
    viewer = actor()
    user = queries.get_user(user_id, viewer=viewer)
    back = url_for("admin.edit_user", user_id=user.id)
    return slips_page([invitations.invite(user, actor=viewer)], back=back)


@bp.post("/users/<int:user_id>/invitation/withdraw")
@writes
def withdraw_invitation(user_id: int) -> Response:
    """Make the link of an account useless."""
    viewer = actor()
    user = queries.get_user(user_id, viewer=viewer)
    if invitations.withdraw(user, actor=viewer):
        flash("邀请链接已作废。", "success")
    else:
        flash("没有有效的邀请链接。", "info")
    return leave_to(url_for("admin.edit_user", user_id=user.id))


@bp.route("/users/new-many", methods=["GET", "POST"])
@writes
def issue_many_users() -> Response | str | tuple[str, int]:
    """Issue the accounts of a pasted list: first a preview with errors by line, then the slips."""
    viewer = actor()
    queries.demand_keeper(viewer)
    hospitals = queries.organisations(viewer=viewer, kinds=[OrganisationKind.HOSPITAL])
    form = IssueManyForm()
    form.offer(hospitals)
    batch = None
    if form.validate_on_submit():
        try:
            batch = account_batches.read_batch(form.lines.data, _chosen(form, hospitals))
            if request.form.get("do") != "issue":
                return unsaved(_page(form, batch))
            return _issue(form, batch)
        except Rejected as refusal:
            form.add_errors(refusal.fields)
    return _page(form, batch), 422 if form.errors else 200


def _chosen(form: IssueManyForm, hospitals: list[Organisation]) -> Organisation:
    """Return the hospital that was chosen: the form has checked that it is offered."""
    return next(one for one in hospitals if str(one.id) == form.organisation.data)


def _issue(form: IssueManyForm, batch: Batch) -> Response:
    """Issue the list in the way that was chosen. Raises Forbidden or Rejected."""
    back = url_for("admin.list_users", organisation=batch.organisation.id)
    if form.way.data == BY_LINK:
        return slips_page(account_batches.issue_by_links(batch, actor=actor()), back=back)
    return slips_page(account_batches.issue_by_passwords(batch, actor=actor()), back=back)


def _page(form: IssueManyForm, batch: Batch | None) -> str:
    """Render the form, with the list as it was read."""
    return render_template("admin/users_new_many.html", form=form, batch=batch)
