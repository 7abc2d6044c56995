"""Puts the sheet's page together: what this person may see, edit and do now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import current_app, render_template, url_for

from portal import clock
from portal.blueprints.assessments.forms import (
    AnswerAppealForm,
    AppealForm,
    AssignExpertForm,
    ReturnSelfForm,
    ReviewSheetForm,
    SelfSheetForm,
    review_sheet_form,
    self_sheet_form,
)
from portal.models import Assessment, AssessmentState, Event, Role, User
from portal.policies import assessments as policies
from portal.policies.scope import sees_all_pairings, side_of
from portal.queries.assessment_sheet import Sheet, sheet_of, verdict_of
from portal.queries.assessments import experts_to_assign, waits_for, workdays_waited
from portal.queries.evidence_attached import attached_to_items
from portal.queries.history import history_of
from portal.services.assessment_reviews import REVIEW_RECORD
from portal.services.sheet_entries import Clash
from portal.web.forms import PortalForm
from portal.workdays import add_workdays
from portal.workflow.assessments import ASSESSMENT, missing_for_result, missing_for_self

ROW_ENDPOINTS = {
    "task": ("tasks.show_task", "task_id"),
    "meeting": ("meetings.show_meeting", "meeting_id"),
    "agreement": ("agreements.show_agreement", "agreement_id"),
    "plan": ("plans.show_plan", "pairing_id"),
    "pairing": ("pairings.show_pairing", "pairing_id"),
    "group": ("pairings.show_pairing", "pairing_id"),
    "file": ("files.show_file", "file_id"),
}

STEPS = (
    ("双方自评", AssessmentState.SELF_ASSESSMENT),
    ("待评审", AssessmentState.SUBMITTED),
    ("评审", AssessmentState.REVIEW),
    ("初评公示", AssessmentState.PROVISIONAL),
    ("定稿", AssessmentState.FINAL),
)


@dataclass(frozen=True)
class StepView:
    """One stage of the stepper."""

    label: str
    state: str


def self_form_for(assessment: Assessment, sheet: Sheet, viewer: User) -> SelfSheetForm | None:
    """Return the form of the viewer's side while it may still be filled in."""
    side = side_of(viewer, assessment.pairing)
    editable = (
        side is not None
        and assessment.state is AssessmentState.SELF_ASSESSMENT
        and assessment.submission_of(side) is None
        and policies.can_self_assess(viewer, assessment)
    )
    if not editable:
        return None
    return self_sheet_form(line for line in sheet.leaves if line.self_side is side)


def review_form_for(assessment: Assessment, sheet: Sheet, viewer: User) -> ReviewSheetForm | None:
    """Return the reviewer's form while the sheet is in review."""
    if assessment.state is not AssessmentState.REVIEW:
        return None
    if not policies.can_review(viewer, assessment):
        return None
    centre = bool(policies.can_manage(viewer, assessment))
    return review_sheet_form(assessment, sheet.leaves, centre=centre)


def step_forms(assessment: Assessment, viewer: User) -> dict[str, PortalForm]:
    """Return the small forms of the steps that the viewer may take now, by action."""
    steps = {step.action for step in ASSESSMENT.open_to(assessment, viewer)}
    forms: dict[str, PortalForm] = {}
    if "return_self" in steps:
        forms["return_self"] = ReturnSelfForm(formdata=None)
    if "appeal" in steps:
        forms["appeal"] = AppealForm(formdata=None)
    if "uphold" in steps:
        forms["answer_appeal"] = AnswerAppealForm(formdata=None)
    may_assign = policies.can_manage(viewer, assessment)
    if may_assign and assessment.state is not AssessmentState.FINAL:
        assign = AssignExpertForm(formdata=None)
        assign.offer(experts_to_assign(assessment))
        forms["assign_expert"] = assign
    return forms


def sheet_page(
    assessment: Assessment,
    viewer: User,
    *,
    sheet: Sheet | None = None,
    form: SelfSheetForm | ReviewSheetForm | None = None,
    forms: Mapping[str, PortalForm] | None = None,
    clashes: Sequence[Clash] = (),
) -> str:
    """Render the sheet; ``form`` and ``forms`` are those that came back with errors."""
    sheet = sheet or sheet_of(assessment)
    self_form = form if isinstance(form, SelfSheetForm) else None
    review_form = form if isinstance(form, ReviewSheetForm) else None
    if form is None:
        self_form = self_form_for(assessment, sheet, viewer)
        review_form = review_form_for(assessment, sheet, viewer)
        for fresh in filter(None, (self_form, review_form)):
            fresh.fill()
    expert = viewer.role is Role.EXPERT
    side = side_of(viewer, assessment.pairing)
    return render_template(
        "assessments/show.html",
        assessment=assessment,
        pairing=assessment.pairing,
        sheet=sheet,
        self_form=self_form,
        review_form=review_form,
        forms_of={**step_forms(assessment, viewer), **(forms or {})},
        steps_open={step.action: step for step in ASSESSMENT.open_to(assessment, viewer)},
        clashes=clashes,
        expert=expert,
        side=side,
        sees_review=policies.sees_review(viewer, assessment),
        manages=bool(policies.can_manage(viewer, assessment)),
        waits=waits_for(assessment),
        workdays=workdays_waited(assessment),
        stages=_stages(assessment),
        gaps=_gaps(assessment, viewer, self_form, review_form),
        preview=verdict_of(assessment) if review_form else None,
        publicity_until=_publicity_until(assessment),
        events=_history(assessment, viewer),
        tasks_url=_tasks_url(assessment, expert),
        proofs=attached_to_items(
            assessment, [line.item for line in sheet.leaves if line.self_side], viewer=viewer
        ),
    )


def _history(assessment: Assessment, viewer: User) -> list[Event]:
    """Return what was done; what reviewers did is told to the province alone."""
    if viewer.role is Role.EXPERT:
        return []
    more = [REVIEW_RECORD] if sees_all_pairings(viewer) else []
    return history_of("assessment", assessment.id, more=more)


def _gaps(
    assessment: Assessment,
    viewer: User,
    self_form: SelfSheetForm | None,
    review_form: ReviewSheetForm | None,
) -> list[str]:
    """Return what is still missing for the step that the viewer's form leads to."""
    side = side_of(viewer, assessment.pairing)
    if self_form and side:
        return missing_for_self(assessment, side)
    return missing_for_result(assessment) if review_form else []


def _stages(assessment: Assessment) -> list[StepView]:
    """Return the stepper. An appeal is a stop on the way, at the provisional result."""
    order = [state for _, state in STEPS]
    appealed = assessment.state is AssessmentState.APPEAL
    here = order.index(AssessmentState.PROVISIONAL if appealed else assessment.state)
    if assessment.state is AssessmentState.FINAL:
        here = len(order)
    returned = assessment.state is AssessmentState.SELF_ASSESSMENT and assessment.return_reason
    views = []
    for number, (label, _) in enumerate(STEPS):
        state = "done" if number < here else "current" if number == here else "todo"
        if number == here and returned:
            state = "returned"
        views.append(StepView("申诉处理" if appealed and number == here else label, state))
    return views


def _publicity_until(assessment: Assessment) -> date | None:
    """Return the last day on which the provisional result is shown for objections."""
    if assessment.state is not AssessmentState.PROVISIONAL:
        return None
    days = int(assessment.scheme.parameters["publicity_workdays"]["value"])
    return add_workdays(clock.local_date(assessment.state_since), days)


def _tasks_url(assessment: Assessment, expert: bool) -> str:
    """Return where the tasks of the pairing are listed; nothing for an expert."""
    if expert or "tasks.list_for_pairing" not in current_app.view_functions:
        return ""
    return url_for("tasks.list_for_pairing", pairing_id=assessment.pairing_id)


def row_url(kind: str, id_: int, viewer: User) -> str:
    """Return the address of a row behind a figure; nothing for who may not follow it."""
    endpoint, argument = ROW_ENDPOINTS[kind]
    if viewer.role is Role.EXPERT or endpoint not in current_app.view_functions:
        return ""
    values: dict[str, Any] = {argument: id_}
    return url_for(endpoint, _anchor="group" if kind == "group" else None, **values)
