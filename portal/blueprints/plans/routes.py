"""The plan's tab, and the steps both sides take with it."""

from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.plans import bp
from portal.blueprints.plans.forms import WithdrawForm
from portal.blueprints.plans.task_forms import RowsForm
from portal.errors import StaleEdit
from portal.models import Plan, PlanState, Problem, Side, Task
from portal.policies.decision import require
from portal.policies.plans import (
    can_complete_plan,
    can_edit_plan,
    can_endorse_plan,
    can_see_library,
    can_start_plan,
    leads_side,
)
from portal.queries import plans as queries
from portal.queries.amendments import plan_changes
from portal.queries.history import history_of
from portal.queries.library_updates import newer_of
from portal.queries.pairings import get_pairing
from portal.services import plans
from portal.web.accounts import actor
from portal.web.requests import leave_to, writes
from portal.workflow.plans import Gap, GapKind


@bp.get("/pairings/<int:pairing_id>/plan")
def show_plan(pairing_id: int) -> str:
    """Show the pairing's plan: who must act, endorsements, goals, tasks, history."""
    pairing = get_pairing(pairing_id, viewer=actor())
    plan = queries.find_plan(pairing, viewer=actor())
    if plan is None:
        may_start = can_start_plan(actor(), pairing)
        return render_template("plans/none.html", pairing=pairing, may_start=may_start)
    return plan_tab(plan)


@bp.post("/pairings/<int:pairing_id>/plan")
@writes
def start_plan(pairing_id: int) -> Response:
    """Start the pairing's plan, then pick its tasks."""
    pairing = get_pairing(pairing_id, viewer=actor())
    plans.start_plan(pairing, actor=actor())
    flash("已开始制定三年计划，请选取任务。", "success")
    return leave_to(url_for("plans.pick_tasks", pairing=pairing.id))


@bp.post("/plans/<int:plan_id>/endorse")
@writes
def endorse_plan(plan_id: int) -> Response:
    """Endorse the plan for the leader's own hospital."""
    plan = queries.get_plan(plan_id, viewer=actor())
    seen = request.form.get("version", type=int)
    plans.endorse_plan(plan, seen_version=seen, actor=actor())
    agreed = plan.state is PlanState.AGREED
    flash("双方均已认可，计划商定。" if agreed else "已认可，等待对方负责人认可。", "success")
    return leave_to(plan_url(plan))


@bp.post("/plans/<int:plan_id>/withdraw")
@writes
def withdraw_endorsement(plan_id: int) -> Response | tuple[str, int]:
    """Take the own side's endorsement back, saying why."""
    plan = queries.get_plan(plan_id, viewer=actor())
    require(can_endorse_plan(actor(), plan))
    form = WithdrawForm()
    if not form.validate():
        return tab_again(plan, withdraw=form), 422
    try:
        plans.withdraw_endorsement(
            plan,
            reason=form.reason.data or "",
            seen_version=request.form.get("version", type=int),
            actor=actor(),
        )
    except StaleEdit as stale:
        form.form_errors = stale.sentences
        return tab_again(plan, withdraw=form), 409
    flash("认可已撤回，计划重新商议。", "success")
    return leave_to(plan_url(plan))


@bp.post("/plans/<int:plan_id>/complete")
@writes
def complete_plan(plan_id: int) -> Response:
    """Declare the plan completed, once every task is closed."""
    plan = queries.get_plan(plan_id, viewer=actor())
    plans.complete_plan(plan, actor=actor())
    flash("计划已完成。", "success")
    return leave_to(plan_url(plan))


def plan_url(plan: Plan, task: Task | None = None) -> str:
    """Return the address of the plan's tab, at the row of ``task`` where one is named."""
    anchor = f"task-{task.id}" if task else None
    return url_for("plans.show_plan", pairing_id=plan.pairing_id, _anchor=anchor)


def plan_tab(plan: Plan, **forms: Any) -> str:
    """Render the plan's tab, with the small forms as they were sent where one was refused."""
    return render_template("plans/show.html", **{**plan_parts(plan), **forms})


def plan_parts(plan: Plan) -> dict[str, Any]:
    """Return what the tab and its parts show; ``plan`` comes from ``queries.find_plan``."""
    viewer = actor()
    page = queries.plan_page(plan)
    open_now = plan.state in (PlanState.DRAFTING, PlanState.AGREED) and not page.locked
    can_edit = open_now and bool(can_edit_plan(viewer, plan))
    return {
        "pairing": plan.pairing,
        "page": page,
        "plan": plan,
        "changes": plan_changes(plan, viewer=viewer),
        "spans": queries.year_spans(plan),
        "goals": {(goal.year, goal.area): goal.goal for goal in plan.goals},
        "can_edit": can_edit,
        "newer": len(newer_of(plan)) if can_see_library(viewer) else 0,
        "can_endorse": open_now and bool(can_endorse_plan(viewer, plan)),
        "can_complete": plan.state is PlanState.IN_FORCE and bool(can_complete_plan(viewer, plan)),
        "sides": list(Side),
        "own_side": leads_side(viewer, plan),
        "withdraw": WithdrawForm(formdata=None),
        "rows": RowsForm(formdata=None) if can_edit else None,
        "ticked": {},
        "names": queries.names_of(queries.people_of(plan.pairing)) if can_edit else {},
        "others": queries.open_plans(viewer, besides=plan) if can_edit else [],
        "advice": [*page.advice, *map(_unanswered, page.problems)],
        "missing": [mended(plan, gap) for gap in page.gaps] if can_edit else page.blocking,
        "events": history_of("plan", plan.id),
    }


def _unanswered(problem: Problem) -> dict[str, str]:
    """Return the line of a problem that no task answers, with its page."""
    return {
        "text": f"问题“{problem.title}”还没有对应的任务",
        "url": url_for("problems.show_problem", problem_id=problem.id),
    }


def row_parts(plan: Plan, task: Task) -> dict[str, Any]:
    """Return what one row of the builder shows."""
    shown = {"plan": plan, "task": task, "sides": list(Side)}
    return {**shown, "can_edit": True, "running": False, "ticked": {}}


def mended(plan: Plan, gap: Gap) -> dict[str, str]:
    """Return a line of the checklist with the place where it is mended."""
    picking = url_for("plans.pick_tasks", pairing=plan.pairing_id)
    if gap.task is not None:
        return {"text": gap.text, "url": f"#task-{gap.task.id}"}
    if gap.standard is not None:
        return {"text": gap.text, "url": "#core"}
    if gap.kind is GapKind.GOALS:
        return {"text": gap.text, "url": url_for("plans.edit_goals", plan_id=plan.id)}
    return {"text": gap.text, "url": picking}


def tab_again(plan: Plan, **forms: Any) -> str:
    """Render the tab after a refused form, loaded as for reading."""
    found = queries.find_plan(plan.pairing, viewer=actor()) or plan
    return plan_tab(found, **forms)
