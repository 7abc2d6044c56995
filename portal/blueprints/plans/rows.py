"""Several tasks at once: ticked rows, core tasks that are missing, the plan for other pairings."""

from flask import flash, request
from werkzeug.wrappers import Response

from portal.blueprints.plans import bp
from portal.blueprints.plans.routes import plan_url, tab_again
from portal.blueprints.plans.task_forms import RowsForm, ticked_rows
from portal.blueprints.plans.tasks import own_plan
from portal.errors import Rejected, StaleEdit
from portal.queries import plans as queries
from portal.queries.plan_builder import survey_figures
from portal.services.picking import pick_from_library
from portal.services.plan_changes import refuse_unless_open
from portal.services.plan_copies import copy_plan
from portal.services.plan_rows import change_rows
from portal.web.accounts import actor
from portal.web.requests import leave_to, writes
from portal.workflow.plans import core_left_out


@bp.post("/plans/<int:plan_id>/rows")
@writes
def change_many(plan_id: int) -> Response | tuple[str, int]:
    """Change the ticked tasks, and the same ones in other pairings: all of them or none."""
    plan = own_plan(plan_id)
    refuse_unless_open(plan)
    form, seen = RowsForm(), ticked_rows()
    if not form.validate():
        return tab_again(plan, rows=form, ticked=seen), 422
    others = queries.get_open_plans(form.also.data or [], viewer=actor(), besides=plan)
    try:
        changed = change_rows(plan, seen, form.change(), others=others, actor=actor())
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return tab_again(plan, rows=form, ticked=seen), 422
    except StaleEdit as stale:
        form.form_errors = stale.sentences
        return tab_again(plan, rows=form, ticked=seen), 409
    done = "移除" if form.remove.data else "修改"
    in_others = f"，涉及 {sum(map(bool, changed.values()))} 个结对" if others else ""
    flash(f"已{done} {changed.total()} 项任务{in_others}。", "success")
    return leave_to(plan_url(plan))


@bp.post("/plans/<int:plan_id>/core")
@writes
def add_core(plan_id: int) -> Response:
    """Take the core tasks that are missing into the plan: all, or the one that is named."""
    plan = own_plan(plan_id)
    refuse_unless_open(plan)
    code = request.form.get("code", "")
    wanted = [one for one in core_left_out(plan) if code in ("", one.code)]
    added = pick_from_library([plan], wanted, actor=actor()) if wanted else 0
    flash(f"已列入 {added} 项核心任务。" if added else "没有需要补列的核心任务。", "success")
    return leave_to(plan_url(plan))


@bp.post("/plans/<int:plan_id>/copy")
@writes
def copy_to_others(plan_id: int) -> Response:
    """Take goals, figures, tasks and milestones over into other pairings' plans."""
    plan = own_plan(plan_id)
    wanted = request.form.getlist("also", type=int)
    others = queries.get_open_plans(wanted, viewer=actor(), besides=plan)
    source = queries.find_plan(plan.pairing, viewer=actor()) or plan
    found = survey_figures([one.pairing_id for one in others])
    baselines = {
        pairing_id: {one.key: (one.label, one.number) for one in figures}
        for pairing_id, figures in found.items()
    }
    try:
        added = copy_plan(source, others, baselines=baselines, actor=actor())
    except Rejected as refusal:
        flash(next(iter(refusal.fields.values())), "error")
        return leave_to(plan_url(plan))
    flash(
        f"已复制到 {len(others)} 个结对，新增 {added} 项任务；已有的任务和目标没有改动。", "success"
    )
    return leave_to(plan_url(plan))
