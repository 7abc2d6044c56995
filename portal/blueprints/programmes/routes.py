"""The list of programmes, one page each, and the form that makes and changes them."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.programmes import bp
from portal.blueprints.programmes.forms import EditProgrammeForm
from portal.errors import Rejected, StaleEdit
from portal.models import Programme
from portal.policies.decision import require
from portal.policies.programmes import can_manage_programmes
from portal.queries import pairings as pairing_queries
from portal.queries import programmes as queries
from portal.queries.history import history_of
from portal.services import programmes
from portal.web.accounts import actor
from portal.web.requests import leave_to, writes


@bp.get("")
def list_programmes() -> str:
    """Show every programme with its figures."""
    viewer = actor()
    return render_template(
        "programmes/list.html",
        rows=queries.programme_rows(viewer),
        can_manage=can_manage_programmes(viewer),
    )


@bp.get("/<int:programme_id>")
def show_programme(programme_id: int) -> str:
    """Show one programme, its pairings and its history."""
    viewer = actor()
    programme = queries.get_programme(programme_id, viewer=viewer)
    filters = pairing_queries.PairingFilter(programme_id=programme.id)
    return render_template(
        "programmes/show.html",
        programme=programme,
        rows=pairing_queries.pairing_rows(viewer, filters),
        can_manage=can_manage_programmes(viewer),
        events=history_of("programme", programme.id, limit=20),
    )


@bp.route("/new", methods=["GET", "POST"])
@writes
def create_programme() -> Response | tuple[str, int]:
    """Set up a programme; its pairing table is imported next."""
    queries.programme_rows(actor())
    require(can_manage_programmes(actor()))
    form = EditProgrammeForm()
    form.offer(queries.scheme_options())
    if request.method == "GET":
        form.show_bands(())
    elif form.validate():
        try:
            programme = programmes.create_programme(form.fields(), actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            flash("帮扶周期已设立，下一步请导入结对名单。", "success")
            return leave_to(url_for("programmes.import_pairings", programme_id=programme.id))
    return _form_page(form, None), 422 if form.errors else 200


@bp.route("/<int:programme_id>/edit", methods=["GET", "POST"])
@writes
def edit_programme(programme_id: int) -> Response | tuple[str, int]:
    """Change a programme."""
    programme = queries.get_programme(programme_id, viewer=actor())
    require(can_manage_programmes(actor()))
    form = EditProgrammeForm()
    form.offer(queries.scheme_options())
    if request.method == "GET":
        form.fill(programmes.fields_of(programme))
    elif form.validate():
        fields = form.fields()
        seen = request.form.get("version", type=int)
        try:
            programmes.edit_programme(programme, fields, seen_version=seen, actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit:
            return _form_page(form, programme, mine=programmes.described(fields)), 409
        else:
            flash("帮扶周期已保存。", "success")
            return leave_to(url_for("programmes.show_programme", programme_id=programme.id))
    return _form_page(form, programme), 422 if form.errors else 200


def _form_page(
    form: EditProgrammeForm,
    programme: Programme | None,
    mine: list[tuple[str, str]] | None = None,
) -> str:
    """Render the form; after a stale edit (``mine``) beside what the other one saved."""
    theirs: list[tuple[str, str]] = []
    last = None
    if mine is not None and programme is not None:
        saved = programmes.described(programmes.fields_of(programme))
        differing = [i for i, pair in enumerate(saved) if pair != mine[i]]
        mine, theirs = [mine[i] for i in differing], [saved[i] for i in differing]
        last = next(iter(history_of("programme", programme.id, limit=1)), None)
    return render_template(
        "programmes/edit.html",
        form=form,
        programme=programme,
        mine=mine,
        theirs=theirs,
        last=last,
    )
