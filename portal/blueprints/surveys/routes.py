"""The surveys of a pairing, one survey, and the way back into the field."""

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from portal.blueprints.surveys import bp
from portal.blueprints.surveys.forms import ReasonForm
from portal.models import SiteSurvey, SurveyState
from portal.policies.problems import can_write_problem
from portal.policies.survey_sheet import Sheet
from portal.policies.surveys import (
    OPEN_STATES,
    can_fill,
    can_plan_survey,
    can_write_report,
    waits_for,
)
from portal.queries import surveys as queries
from portal.queries.history import history_of
from portal.queries.problems import ProblemFilter, problem_list
from portal.web.accounts import actor
from portal.web.refusals import Refused
from portal.workflow.surveys import PLAN, REPORT, WORKFLOW, Gap, gaps_before_report


@bp.get("/pairings/<int:pairing_id>/surveys")
def list_for_pairing(pairing_id: int) -> str:
    """Show the pairing's surveys and, below, its problems."""
    viewer = actor()
    pairing = queries.get_pairing_of_surveys(pairing_id, viewer=viewer)
    rows = queries.surveys_of(pairing, viewer=viewer)
    wanted = ProblemFilter()
    is_open = any(row.survey.state in OPEN_STATES for row in rows)
    return render_template(
        "surveys/list.html",
        pairing=pairing,
        rows=rows,
        wanted=wanted,
        found=problem_list(pairing, wanted),
        can_write=can_write_problem(viewer, pairing),
        can_plan=bool(can_plan_survey(viewer, pairing)) and not is_open,
    )


@bp.get("/surveys/<int:survey_id>")
def show_survey(survey_id: int) -> str:
    """Show one survey: where it stands, how far the sheet is, team, departments, history."""
    return survey_page(queries.get_survey(survey_id, viewer=actor()), ReasonForm())


@bp.get("/surveys/<int:survey_id>/resume")
def resume(survey_id: int) -> Response:
    """Lead to the first item that still waits for an answer."""
    survey = queries.get_survey(survey_id, viewer=actor(), visit=False)
    if survey.state is not SurveyState.IN_FIELD:
        return redirect(url_for("surveys.show_survey", survey_id=survey.id))
    section, item = Sheet(survey.template.items, survey.answers).first_open()
    anchor = f"item-{item.id}" if item else None
    return redirect(
        url_for("surveys.show_section", survey_id=survey.id, number=section.number, _anchor=anchor)
    )


def survey_page(
    survey: SiteSurvey, reason: ReasonForm, *, refused: Refused | None = None, asked: str = ""
) -> str:
    """Render one survey; ``reason`` is a refused one, asked for by the step ``asked``."""
    viewer = actor()
    in_field = survey.state is SurveyState.IN_FIELD
    return render_template(
        "surveys/show.html",
        survey=survey,
        pairing=survey.pairing,
        sheet=Sheet(survey.template.items, survey.answers),
        reason=reason,
        asked=asked,
        refused=refused,
        waits=waits_for(survey),
        steps={step.action for step in WORKFLOW.open_to(survey, viewer)},
        missing=_missing(survey) if in_field else [],
        can_fill=in_field and can_fill(viewer, survey),
        can_edit=survey.state in (SurveyState.PLANNED, SurveyState.IN_FIELD)
        and can_fill(viewer, survey),
        can_write=in_field and can_write_report(viewer, survey),
        photos=[one for one in survey.photos if one.withdrawn_at is None],
        events=history_of("survey", survey.id),
    )


def _missing(survey: SiteSurvey) -> list[dict[str, str | int]]:
    """Return what the report lacks, each line with the page that mends it, if it may be opened."""
    viewer = actor()
    fills, writes = can_fill(viewer, survey), can_write_report(viewer, survey)

    def place(gap: Gap) -> str:
        if gap.place == PLAN:
            return url_for("surveys.edit_survey", survey_id=survey.id) if fills else ""
        if gap.place == REPORT:
            return url_for("surveys.edit_report", survey_id=survey.id) if writes else ""
        return url_for("surveys.show_section", survey_id=survey.id, number=gap.place)

    return [
        {"text": gap.text, "count": gap.count, "url": place(gap)}
        for gap in gaps_before_report(survey)
    ]
