"""Planning a survey and changing the plan, on one page."""

from datetime import timedelta

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.surveys import bp
from portal.blueprints.surveys.forms import PlanSurveyForm
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.models import Pairing, SiteSurvey
from portal.policies.decision import require
from portal.policies.surveys import can_fill, can_plan_survey
from portal.queries import standing
from portal.queries import surveys as queries
from portal.services import surveys
from portal.services.surveys import TeamEntry
from portal.web.accounts import actor
from portal.web.refusals import Refused, refusal_of
from portal.web.requests import leave_to, unsaved, writes
from portal.workdays import add_workdays

Answer = Response | str | tuple[str, int]

NOTICE_WORKDAYS, DAYS = 5, 2
"""A visit is proposed for so many working days from now, and for so many days."""

DEPARTMENTS = ("全科医学科", "培训职能部门", "轮转科室", "临床技能中心", "基层实践基地")
"""What every visit looks at (§8.1, §8.2): the form opens with the first and names the others."""


@bp.route("/pairings/<int:pairing_id>/surveys/new", methods=["GET", "POST"])
@writes
def plan_survey(pairing_id: int) -> Answer:
    """Plan a visit; the team comes from the leadership group."""
    pairing = queries.get_pairing_of_surveys(pairing_id, viewer=actor())
    require(can_plan_survey(actor(), pairing))
    form = PlanSurveyForm()
    if request.method == "GET":
        _propose(form, pairing)
    elif "more" in request.form:
        form.add_lines()
        return unsaved(_page(pairing, form))
    elif form.validate():
        try:
            survey = surveys.plan_survey(pairing, form.entry(), actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StepRefused as refusal:
            return _page(pairing, form, refused=Refused.over_form(refusal)), 409
        else:
            flash("已安排实地调研。出发前可以打印调研表随身携带。", "success")
            return leave_to(url_for("surveys.show_survey", survey_id=survey.id))
    return _page(pairing, form), 422 if form.errors else 200


@bp.route("/surveys/<int:survey_id>/edit", methods=["GET", "POST"])
@writes
def edit_survey(survey_id: int) -> Answer:
    """Change dates, team and departments; note what was seen where."""
    survey = queries.get_survey(survey_id, viewer=actor(), lock=request.method == "POST")
    require(can_fill(actor(), survey))
    form = PlanSurveyForm()
    if locked := refusal_of(surveys.refuse_unless_plannable, survey):
        return _page(survey.pairing, form, survey, refused=locked), 409
    if request.method == "GET":
        form.fill(survey)
    elif "more" in request.form:
        form.add_lines()
        return unsaved(_page(survey.pairing, form, survey))
    elif form.validate():
        try:
            surveys.edit_survey(
                survey,
                form.entry(),
                seen_version=request.form.get("version", type=int),
                actor=actor(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit:
            return _page(survey.pairing, form, survey, stale=True), 409
        else:
            flash("调研安排已保存。", "success")
            return leave_to(url_for("surveys.show_survey", survey_id=survey.id))
    return _page(survey.pairing, form, survey), 422 if form.errors else 200


def _propose(form: PlanSurveyForm, pairing: Pairing) -> None:
    """Fill in what the visit most likely is."""
    number = queries.number_of_surveys(pairing)
    form.title.data = f"第 {number + 1} 次实地调研" if number else "首次实地调研"
    first = max(add_workdays(clock.today(), NOTICE_WORKDAYS), pairing.programme.starts_on)
    form.starts_on.data, form.ends_on.data = first, first + timedelta(days=DAYS - 1)
    group = standing.group_of(pairing)
    members = group.current_members if group else []
    form.offer([TeamEntry(one.name, one.side, one.job_title) for one in members], DEPARTMENTS[:1])


def _page(
    pairing: Pairing,
    form: PlanSurveyForm,
    survey: SiteSurvey | None = None,
    *,
    stale: bool = False,
    refused: Refused | None = None,
) -> str:
    """Render the form; after a stale edit, beside what the other one saved."""
    form.name_sides(pairing)
    return render_template(
        "surveys/plan.html",
        pairing=pairing,
        survey=survey,
        form=form,
        stale=stale,
        refused=refused,
        departments=DEPARTMENTS,
        mine=_described(form) if stale else [],
        theirs=_saved(survey) if stale and survey else [],
    )


def _described(form: PlanSurveyForm) -> list[tuple[str, str]]:
    """Return what was typed, to stand beside what is saved."""
    return [
        ("名称", form.title.data),
        ("时间", f"{form.starts_on.data} 至 {form.ends_on.data}"),
        ("调研组", "\n".join(f"{one.name} {one.job_title}" for one in form.team())),
        ("走访科室", "\n".join(f"{one.name} {one.note}" for one in form.seen())),
    ]


def _saved(survey: SiteSurvey) -> list[tuple[str, str]]:
    """Return what is saved now, in the same order."""
    return [
        ("名称", survey.title),
        ("时间", f"{survey.starts_on} 至 {survey.ends_on}"),
        ("调研组", "\n".join(f"{one.name} {one.job_title}" for one in survey.members)),
        ("走访科室", "\n".join(f"{one.name} {one.note}" for one in survey.departments)),
    ]
