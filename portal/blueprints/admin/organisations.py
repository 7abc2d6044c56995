"""Organisations: list, add, edit."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.admin import bp
from portal.blueprints.admin.forms import OrganisationForm
from portal.errors import Rejected, StaleEdit
from portal.models import Organisation
from portal.policies import accounts as policy
from portal.policies.decision import require
from portal.queries import accounts as queries
from portal.queries.history import history_of
from portal.services import organisations
from portal.web.accounts import actor
from portal.web.requests import leave_to, writes


@bp.get("/organisations")
def list_organisations() -> str:
    """List every organisation with its bases and the number of its accounts."""
    viewer = actor()
    queries.demand_organisation_keeper(viewer)
    return render_template(
        "admin/organisations.html",
        organisations=queries.organisations(viewer=viewer),
        accounts=queries.accounts_by_organisation(),
        editable=policy.organisation_kinds(viewer),
        keeps_accounts=policy.keeps_accounts(viewer),
    )


@bp.route("/organisations/new", methods=["GET", "POST"])
@writes
def add_organisation() -> Response | str | tuple[str, int]:
    """Add an organisation."""
    viewer = actor()
    queries.demand_organisation_keeper(viewer)
    form = OrganisationForm()
    form.offer(policy.organisation_kinds(viewer))
    if form.validate_on_submit():
        try:
            added = organisations.add_organisation(form.entry(), actor=viewer)
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            flash(f"单位“{added.name}”已新增。", "success")
            return leave_to(url_for("admin.list_organisations"))
    return render_template("admin/organisation_new.html", form=form), 422 if form.errors else 200


@bp.route("/organisations/<int:organisation_id>", methods=["GET", "POST"])
@writes
def edit_organisation(organisation_id: int) -> Response | str | tuple[str, int]:
    """Change an organisation's names, city or bases."""
    viewer = actor()
    organisation = queries.get_organisation(organisation_id, viewer=viewer)
    require(policy.can_edit_organisation(viewer, organisation.kind))
    form = OrganisationForm()
    form.offer(policy.organisation_kinds(viewer))
    if request.method == "GET":
        form.show(organisation)
    elif form.validate():
        try:
            seen = request.form.get("version", type=int)
            organisations.edit_organisation(organisation, form.entry(), seen=seen, actor=viewer)
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit as stale:
            return _page(organisation, form, stale=stale.sentence), 409
        else:
            flash("单位信息已保存。", "success")
            return leave_to(url_for("admin.list_organisations"))
    return _page(organisation, form), 422 if form.errors else 200


def _page(organisation: Organisation, form: OrganisationForm, stale: str = "") -> str:
    """Render the form, after a stale edit beside what the other one saved."""
    return render_template(
        "admin/organisation.html",
        organisation=organisation,
        form=form,
        stale=stale,
        edition=organisations.edition_of(organisation),
        events=history_of("organisation", organisation.id, limit=50),
    )
