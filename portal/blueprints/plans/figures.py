"""The figures of the goals: baselines, some of them from the survey, and targets of each year."""

from flask import flash, render_template, request
from werkzeug.wrappers import Response

from portal.blueprints.plans import bp
from portal.blueprints.plans.forms import (
    MAX_LINES,
    FiguresForm,
    entry_from,
    figure_entries,
    figures_form,
)
from portal.blueprints.plans.routes import plan_url
from portal.blueprints.plans.tasks import own_plan
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.models import Plan
from portal.queries.plan_builder import SurveyFigure, survey_figures
from portal.services.goal_figures import FigureEntry, figures_mark, save_figures
from portal.services.plan_changes import refuse_unless_open
from portal.web.accounts import actor
from portal.web.refusals import Refused, refusal_of
from portal.web.requests import leave_to, unsaved, writes

BLANK_LINES = 3


@bp.route("/plans/<int:plan_id>/figures", methods=["GET", "POST"])
@writes
def edit_figures(plan_id: int) -> Response | str | tuple[str, int]:
    """Edit all figures at once; their baselines can be taken from the survey with one button."""
    plan = own_plan(plan_id)
    form = _form(plan, _lines_sent() or len(plan.figures) + BLANK_LINES)
    if locked := refusal_of(refuse_unless_open, plan):
        return _page(plan, form, refused=locked), 409
    if request.method == "GET":
        form.fill(figure_entries(plan))
        return _page(plan, form)
    if request.form.get("take"):
        return unsaved(_page(plan, _with_survey(plan, form)))
    if not form.validate():
        return _page(plan, form), 422
    try:
        changed = save_figures(
            plan, form.entries(), seen=request.form.get("version"), actor=actor()
        )
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return _page(plan, form), 422
    except StaleEdit:
        return _page(plan, form, stale=True), 409
    except StepRefused as refused:
        return _page(plan, form, refused=Refused.over_form(refused)), 409
    flash(f"量化目标已保存，改动 {changed} 项。" if changed else "量化目标没有改动。", "success")
    return leave_to(plan_url(plan))


def _lines_sent() -> int:
    """Return how many lines the form had that was sent."""
    return min(sum(name.startswith("name-") for name in request.form), MAX_LINES)


def _form(plan: Plan, lines: int) -> FiguresForm:
    return figures_form(tuple(plan.pairing.programme.years), lines)()


def _with_survey(plan: Plan, form: FiguresForm) -> FiguresForm:
    """Return the form with baselines from the survey: of its lines, and as lines that were ticked.

    A line is known by the item it was taken from, else by its name.
    """
    found = _survey(plan)
    by_key = {one.key: one for one in found}
    by_name = {one.label: one for one in found}
    entries = []
    for entry in form.entries():
        source = by_key.get(entry.item_key) or by_name.get(entry.name)
        entries.append(_rebased(entry, source) if source else entry)
    entries = [one for one in entries if one.name or one.baseline or any(one.targets)]
    there = {one.item_key for one in entries}
    ticked = request.form.getlist("item")
    entries += [entry_from(one) for one in found if one.key in ticked and one.key not in there]
    filled = figures_form(form.years, min(len(entries) + BLANK_LINES, MAX_LINES))(formdata=None)
    filled.fill(entries)
    return filled


def _rebased(entry: FigureEntry, source: SurveyFigure) -> FigureEntry:
    """Return the line with the survey's figure as its baseline."""
    taken = entry_from(source)
    return FigureEntry(
        area=entry.area,
        name=entry.name,
        unit=entry.unit or taken.unit,
        baseline=taken.baseline,
        targets=entry.targets,
        item_key=taken.item_key,
    )


def _survey(plan: Plan) -> list[SurveyFigure]:
    """Return what the pairing's survey found in figures."""
    return survey_figures([plan.pairing_id]).get(plan.pairing_id, [])


def _page(
    plan: Plan, form: FiguresForm, *, stale: bool = False, refused: Refused | None = None
) -> str:
    """Render the page; after a stale edit, what was typed beside what was saved."""
    there = {entry.item_key for entry in form.entries()}
    saved = figure_entries(plan)
    return render_template(
        "plans/figures.html",
        pairing=plan.pairing,
        plan=plan,
        form=form,
        mark=figures_mark(plan),
        found=[one for one in _survey(plan) if one.key not in there],
        has_survey=bool(there - {""}) or bool(_survey(plan)),
        refused=refused,
        stale=stale,
        mine=[(one.area.label, _in_words(one)) for one in form.entries() if one.name],
        theirs=[(one.area.label, _in_words(one)) for one in saved],
        back=plan_url(plan),
    )


def _in_words(entry: FigureEntry) -> str:
    """Return a line as one text."""
    line = " → ".join(one or "—" for one in (entry.baseline, *entry.targets))
    return f"{entry.name}：{line}{entry.unit}"
