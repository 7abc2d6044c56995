"""Reading: the list, a pairing's years, the sheet, the rows behind a figure; and opening a year."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.assessments import bp
from portal.blueprints.assessments.forms import OpenAssessmentsForm
from portal.blueprints.assessments.page import row_url, sheet_page
from portal.errors import NotVisible, Rejected
from portal.models import AssessmentState, Programme, Role
from portal.policies import assessments as policies
from portal.policies.decision import require
from portal.queries import assessment_sheet as sheets
from portal.queries import assessments as queries
from portal.queries.pairings import get_pairing
from portal.services import assessments
from portal.web.accounts import actor
from portal.web.address import id_of, member_of
from portal.web.audit import exports, note_title
from portal.web.requests import leave_to, writes


@bp.get("/assessments")
def list_assessments() -> str:
    """Show every assessment the viewer may see; an expert sees the assigned ones."""
    viewer = actor()
    wanted = queries.ListFilter(
        year=id_of(request.args, "year"),
        state=member_of(AssessmentState, request.args.get("state")),
        programme_id=id_of(request.args, "programme"),
    )
    return render_template(
        "assessments/list.html",
        found=queries.assessment_list(viewer, wanted),
        wanted=wanted,
        states=[(one.value, one.label) for one in AssessmentState],
        can_open=policies.can_open(viewer),
    )


@bp.get("/pairings/<int:pairing_id>/assessments")
def list_for_pairing(pairing_id: int) -> str:
    """Show the pairing's years. A contributor has no part in them."""
    viewer = actor()
    pairing = get_pairing(pairing_id, viewer=viewer)
    if viewer.role is Role.CONTRIBUTOR:
        raise NotVisible()
    return render_template(
        "assessments/pairing.html",
        pairing=pairing,
        rows=queries.rows_of_pairing(pairing, viewer=viewer),
        can_open=policies.can_open(viewer),
    )


@bp.route("/assessments/new", methods=["GET", "POST"])
@writes
def open_assessments() -> Response | str | tuple[str, int]:
    """Open a year's assessments for the pairings of one programme."""
    require(policies.can_open(actor()))
    programmes = queries.programmes_to_assess()
    programme = _chosen(programmes, id_of(request.values, "programme"))
    form = OpenAssessmentsForm()
    if programme is not None:
        form.offer(programme)
        if request.method == "GET":
            form.year.data = max(programme.starts_on.year, clock.today().year - 1)
            form.pairings.data = [pairing.id for pairing in programme.pairings]
        elif form.validate() and (answer := _open(programme, form)):
            return answer
    page = render_template(
        "assessments/new.html", form=form, programme=programme, programmes=programmes
    )
    return page, 422 if form.errors else 200


def _chosen(programmes: list[Programme], wanted: int | None) -> Programme | None:
    """Return the programme asked for, or the newest one."""
    if wanted is None:
        return programmes[0] if programmes else None
    return next((one for one in programmes if one.id == wanted), None)


def _open(programme: Programme, form: OpenAssessmentsForm) -> Response | None:
    """Open what the form asks for; None with the errors in the form."""
    picked = [one for one in programme.pairings if one.id in (form.pairings.data or [])]
    try:
        opened = assessments.open_assessments(
            programme,
            picked,
            year=form.year.data,
            cutoff_on=form.cutoff_on.data,
            actor=actor(),
        )
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return None
    known = len(picked) - len(opened)
    text = f"已发起 {len(opened)} 个结对的 {form.year.data} 年度考核"
    flash(text + (f"，另有 {known} 个此前已发起。" if known else "。"), "success")
    return leave_to(url_for("assessments.list_assessments", year=form.year.data))


@bp.get("/assessments/<int:assessment_id>")
def show_assessment(assessment_id: int) -> str:
    """Show the sheet: read, fill in or review, as the state and the person allow."""
    viewer = actor()
    return sheet_page(queries.get_assessment(assessment_id, viewer=viewer), viewer)


@bp.get("/assessments/<int:assessment_id>/items/<int:item_id>")
def item_rows(assessment_id: int, item_id: int) -> str:
    """Show what an automatic figure was computed from: formula, counts and rows."""
    viewer = actor()
    assessment = queries.get_assessment(assessment_id, viewer=viewer)
    line = sheets.sheet_of(assessment).leaf(item_id)
    if line is None or line.figure is None:
        raise NotVisible()
    inputs = line.figure.inputs
    rows = [
        {
            **row,
            "url": row_url(row["kind"], row["id"], viewer),
            "files": [(name, row_url("file", id_, viewer)) for id_, name in row["files"]],
        }
        for row in inputs["rows"]
    ]
    return render_template(
        "assessments/rows.html",
        assessment=assessment,
        pairing=assessment.pairing,
        line=line,
        inputs=inputs,
        rows=rows,
        expert=viewer.role is Role.EXPERT,
    )


@bp.get("/assessments/<int:assessment_id>/print")
@exports
def print_sheet(assessment_id: int) -> str:
    """Show the sheet as it is printed on A4."""
    viewer = actor()
    assessment = queries.get_assessment(assessment_id, viewer=viewer)
    note_title(f"打印考核评分表：{assessment.year} 年度")
    return render_template(
        "assessments/print.html",
        assessment=assessment,
        pairing=assessment.pairing,
        sheet=sheets.sheet_of(assessment),
        sees_review=policies.sees_review(viewer, assessment),
        caps=sheets.caps_of(assessment),
        back_url=url_for("assessments.show_assessment", assessment_id=assessment.id),
    )
