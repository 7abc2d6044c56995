"""The report of a survey, and the kit to print before the visit."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.surveys import bp
from portal.blueprints.surveys.forms import ReasonForm, WriteReportForm
from portal.errors import Rejected, StaleEdit
from portal.models import Side, SiteSurvey, SurveyState
from portal.policies.decision import require
from portal.policies.survey_sheet import Sheet
from portal.policies.surveys import REPORT_STATES, can_confirm, can_write_report
from portal.queries import surveys as queries
from portal.services import survey_reports
from portal.web.accounts import actor
from portal.web.audit import exports, note_title
from portal.web.links import url_if_known
from portal.web.refusals import Refused, refusal_of
from portal.web.requests import leave_to, writes
from portal.workflow.surveys import WORKFLOW

Answer = Response | str | tuple[str, int]


@bp.get("/surveys/<int:survey_id>/report")
def show_report(survey_id: int) -> str:
    """Show the report: visit, figures by area, problems, advice, confirmations."""
    viewer = actor()
    survey = queries.get_survey(survey_id, viewer=viewer)
    if survey.state is SurveyState.PLANNED:
        return render_template(
            "surveys/not_begun.html", survey=survey, pairing=survey.pairing, what="报告"
        )
    standing = survey.confirmations
    return render_template(
        "surveys/report.html",
        survey=survey,
        pairing=survey.pairing,
        url_if_known=url_if_known,
        sheet=Sheet(survey.template.items, survey.answers),
        problems=queries.findings_of(survey),
        photos=[one for one in survey.photos if one.withdrawn_at is None],
        sides=list(Side),
        reason=ReasonForm(),
        steps={step.action for step in WORKFLOW.open_to(survey, viewer)},
        may_confirm=survey.state is SurveyState.REPORT_DRAFT
        and can_confirm(viewer, survey)
        and viewer.organisation_id
        not in {survey.pairing.organisation_on(one.side).id for one in standing},
        can_write=survey.state in REPORT_STATES and can_write_report(viewer, survey),
    )


@bp.route("/surveys/<int:survey_id>/report/edit", methods=["GET", "POST"])
@writes
def edit_report(survey_id: int) -> Answer:
    """Write summary and advice; a change after a confirmation asks both leaders anew."""
    survey = queries.get_survey(survey_id, viewer=actor(), lock=request.method == "POST")
    require(can_write_report(actor(), survey))
    form = WriteReportForm()
    if locked := refusal_of(survey_reports.refuse_unless_writable, survey):
        return _edit_page(survey, form, refused=locked), 409
    if request.method == "GET":
        form.summary.data, form.advice.data = survey.summary, survey.advice
    elif form.validate():
        try:
            survey_reports.write_report(
                survey,
                summary=form.summary.data or "",
                advice=form.advice.data or "",
                seen_version=request.form.get("version", type=int),
                actor=actor(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit:
            return _edit_page(survey, form, stale=True), 409
        else:
            flash("调研报告已保存。", "success")
            return leave_to(url_for("surveys.show_report", survey_id=survey.id))
    return _edit_page(survey, form), 422 if form.errors else 200


def _edit_page(
    survey: SiteSurvey,
    form: WriteReportForm,
    *,
    stale: bool = False,
    refused: Refused | None = None,
) -> str:
    """Render the form; after a stale edit, with both texts."""
    return render_template(
        "surveys/report_edit.html",
        survey=survey,
        pairing=survey.pairing,
        form=form,
        refused=refused,
        mine=[("调研小结", form.summary.data or ""), ("帮扶建议", form.advice.data or "")]
        if stale
        else [],
        theirs=[("调研小结", survey.summary), ("帮扶建议", survey.advice)] if stale else [],
    )


@bp.get("/surveys/<int:survey_id>/kit")
@exports
def print_kit(survey_id: int) -> str:
    """Show what is carried along: team, departments, the sheet with lines to write on."""
    survey = queries.get_survey(survey_id, viewer=actor())
    note_title(f"打印调研表：{survey.title}")
    return render_template(
        "surveys/kit.html",
        survey=survey,
        pairing=survey.pairing,
        sheet=Sheet(survey.template.items, survey.answers),
        back_url=url_for("surveys.show_survey", survey_id=survey.id),
    )
