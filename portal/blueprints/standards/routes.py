"""The standards: listed with source and certainty, added and verified by the centre."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.standards import bp
from portal.blueprints.standards.forms import StandardForm, VerifyForm
from portal.errors import Rejected
from portal.models import BaseKind, Standard
from portal.policies.decision import require
from portal.policies.gaps import demand_of
from portal.policies.standards import can_keep_standards, can_see_standards
from portal.queries import standards as queries
from portal.queries.standards import StandardFilter
from portal.services import standards
from portal.web.accounts import actor
from portal.web.address import text_of
from portal.web.requests import leave_to, writes

KIND_LABELS = {kind.value: kind.label for kind in BaseKind}


@bp.get("/standards")
def list_standards() -> str:
    """Show the standards by area, narrowed by edition or certainty."""
    require(can_see_standards(actor()))
    return _list_page()


@bp.route("/standards/new", methods=["GET", "POST"])
@writes
def add_standard() -> Response | tuple[str, int]:
    """Add a standard of another edition."""
    require(can_keep_standards(actor()))
    form = StandardForm()
    form.offer(queries.measurable_fields())
    if request.method == "GET":
        form.key.data = text_of(request.args, "key", 60)
    elif form.validate():
        try:
            standard = standards.add_standard(form.entry(), actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            flash(f"已增加“{standard.edition}”的标准“{standard.title}”。", "success")
            return leave_to(url_for("standards.list_standards"))
    return render_template("standards/new.html", form=form), 422 if form.errors else 200


@bp.post("/standards/<int:standard_id>/verify")
@writes
def verify_standard(standard_id: int) -> Response | tuple[str, int]:
    """Say that a number was compared with its official text."""
    require(can_keep_standards(actor()))
    standard = queries.get_standard(standard_id)
    form = VerifyForm()
    if not form.validate():
        return _list_page(refused=standard, verify=form), 422
    standards.verify_standard(standard, source=form.source.data, actor=actor())
    flash(f"“{standard.title}”已标为核实。", "success")
    return leave_to(url_for("standards.list_standards", _anchor=f"standard-{standard.id}"))


def _list_page(*, refused: Standard | None = None, verify: VerifyForm | None = None) -> str:
    """Render the list; ``verify`` is the refused form of the standard ``refused``."""
    edition = text_of(request.args, "edition", 60)
    certain = {"yes": True, "no": False}.get(request.args.get("verified", ""))
    groups = queries.standard_groups(StandardFilter(edition, certain))
    return render_template(
        "standards/list.html",
        groups=groups,
        count=sum(len(group.standards) for group in groups),
        unverified=sum(not one.verified for group in groups for one in group.standards),
        editions=[(one, one) for one in queries.editions()],
        edition=edition,
        verified=request.args.get("verified", ""),
        demand_of=demand_of,
        kind_labels=KIND_LABELS,
        can_keep=bool(can_keep_standards(actor())),
        refused_id=refused.id if refused else 0,
        verify=verify or VerifyForm(formdata=None),
        events=queries.standard_events(),
    )
