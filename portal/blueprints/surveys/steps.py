"""The steps of a survey, one address each."""

from collections.abc import Callable

from flask import flash, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.surveys import bp
from portal.blueprints.surveys.forms import ReasonForm
from portal.blueprints.surveys.routes import survey_page
from portal.errors import PortalError, StaleEdit, StepRefused
from portal.models import SiteSurvey
from portal.policies.decision import require
from portal.queries.surveys import get_survey
from portal.services import survey_reports, surveys
from portal.web.accounts import actor
from portal.web.refusals import Refused
from portal.web.requests import leave_to, writes
from portal.workflow.surveys import WORKFLOW

Answer = Response | tuple[str, int]


@bp.post("/surveys/<int:survey_id>/start")
@writes
def start_survey(survey_id: int) -> Response:
    """Go into the field, straight to the sheet."""
    survey = get_survey(survey_id, viewer=actor(), lock=True)
    surveys.start_survey(survey, actor=actor(), seen_version=_seen())
    flash("调研已开始，调研表已打开，双方基地管理员都可以填写。", "success")
    return leave_to(url_for("surveys.resume", survey_id=survey.id))


@bp.post("/surveys/<int:survey_id>/send-report")
@writes
def send_report(survey_id: int) -> Answer:
    """Hand the report in; what is missing is listed."""
    survey = get_survey(survey_id, viewer=actor(), lock=True)
    survey_reports.send_report(survey, actor=actor(), seen_version=_seen())
    return _done(survey, "报告已提交，请双方负责人确认。")


@bp.post("/surveys/<int:survey_id>/confirm")
@writes
def confirm_report(survey_id: int) -> Response:
    """Confirm the report for the own side."""
    survey = get_survey(survey_id, viewer=actor(), lock=True)
    survey_reports.confirm_report(survey, actor=actor(), seen_version=_seen())
    both = survey.confirmed_at is not None
    return _done(survey, "双方已确认，调研报告定稿。" if both else "您已代表本单位确认调研报告。")


@bp.post("/surveys/<int:survey_id>/send-back")
@writes
def send_back(survey_id: int) -> Answer:
    """Send the report back to the field, with a reason."""
    survey = get_survey(survey_id, viewer=actor(), lock=True)
    return _with_reason(survey, "send_back", survey_reports.send_back, "已退回补充调研。")


@bp.post("/surveys/<int:survey_id>/cancel")
@writes
def cancel_survey(survey_id: int) -> Answer:
    """Call the survey off, with a reason."""
    survey = get_survey(survey_id, viewer=actor(), lock=True)
    return _with_reason(survey, "cancel", surveys.cancel_survey, "实地调研已取消。")


def _with_reason(
    survey: SiteSurvey, action: str, take: Callable[..., SiteSurvey], message: str
) -> Answer:
    """Take a step that needs a reason; a refused one keeps what was typed."""
    require(WORKFLOW.step(action).may(actor(), survey))
    form = ReasonForm()
    if not form.validate():
        return survey_page(survey, form, asked=action), 422
    try:
        take(survey, reason=form.comment.data, actor=actor(), seen_version=_seen())
    except (StaleEdit, StepRefused) as refusal:
        return _refused(survey, form, action, refusal), 409
    return _done(survey, message)


def _refused(survey: SiteSurvey, form: ReasonForm, action: str, refusal: PortalError) -> str:
    return survey_page(survey, form, asked=action, refused=Refused.of(refusal, form))


def _seen() -> int | None:
    """Return the version of the page from which the step was asked for."""
    return request.form.get("version", type=int)


def _done(survey: SiteSurvey, message: str) -> Response:
    flash(message, "success")
    return leave_to(url_for("surveys.show_survey", survey_id=survey.id))
