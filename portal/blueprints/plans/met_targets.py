"""Core tasks that are left out because their target is met already."""

from flask import flash, render_template, request
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.plans import bp
from portal.blueprints.plans.forms import MetTargetForm
from portal.blueprints.plans.routes import plan_url
from portal.blueprints.plans.tasks import own_plan
from portal.errors import NotVisible, Rejected, StepRefused
from portal.models import LibraryTask, Plan
from portal.queries.plan_builder import find_core_task, find_met_target, proofs_for, surveys_for
from portal.services import met_targets
from portal.services.plan_changes import refuse_unless_open
from portal.web.accounts import actor
from portal.web.refusals import Refused, refusal_of
from portal.web.requests import leave_to, writes


@bp.route("/plans/<int:plan_id>/met-targets/new/<int:standard_id>", methods=["GET", "POST"])
@writes
def add_met_target(plan_id: int, standard_id: int) -> Response | str | tuple[str, int]:
    """Say that the target of a core task is met already, and show it."""
    plan = own_plan(plan_id)
    standard = find_core_task(standard_id)
    if standard is None:
        raise NotVisible()
    form = MetTargetForm()
    proofs, surveys = proofs_for(plan, viewer=actor()), surveys_for(plan)
    form.offer(proofs, surveys)
    if locked := refusal_of(refuse_unless_open, plan):
        return _page(plan, standard, form, refused=locked), 409
    if request.method == "GET":
        form.met_on.data = clock.today()
        return _page(plan, standard, form)
    if form.validate():
        entry = met_targets.MetEntry(
            statement=form.statement.data or "",
            met_on=form.met_on.data,
            evidence=next((one for one in proofs if str(one.id) == form.evidence.data), None),
            survey=next((one for one in surveys if str(one.id) == form.survey.data), None),
        )
        try:
            met_targets.add_met_target(plan, standard, entry, actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StepRefused as refused:
            return _page(plan, standard, form, refused=Refused.over_form(refused)), 409
        else:
            flash(f"已登记 {standard.code} {standard.title}为已达标。", "success")
            return leave_to(plan_url(plan))
    return _page(plan, standard, form), 422


@bp.post("/plans/<int:plan_id>/met-targets/<int:target_id>/withdraw")
@writes
def withdraw_met_target(plan_id: int, target_id: int) -> Response:
    """Take the entry back while the plan is being drawn up."""
    plan = own_plan(plan_id)
    target = find_met_target(plan, target_id)
    if target is None:
        raise NotVisible()
    name = f"{target.library_task.code} {target.library_task.title}"
    met_targets.withdraw_met_target(target, actor=actor())
    flash(f"已撤回 {name}的已达标登记。", "success")
    return leave_to(plan_url(plan))


def _page(
    plan: Plan, standard: LibraryTask, form: MetTargetForm, refused: Refused | None = None
) -> str:
    """Render the form beside the criteria that the target is held against."""
    return render_template(
        "plans/met_target.html",
        pairing=plan.pairing,
        plan=plan,
        standard=standard,
        form=form,
        refused=refused,
        back=plan_url(plan),
    )
