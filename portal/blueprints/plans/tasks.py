"""Tasks of a plan that is being drawn up: add, edit, remove, put somebody in charge."""

from flask import flash, render_template, request
from werkzeug.wrappers import Response

from portal.blueprints.plans import bp
from portal.blueprints.plans.forms import AddTaskForm, EditTaskForm, OwnersForm, chosen_id
from portal.blueprints.plans.routes import plan_url, tab_again
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.models import Area, Plan, Task
from portal.policies.decision import require
from portal.policies.plans import can_edit_plan
from portal.queries import plans as queries
from portal.services import plan_tasks
from portal.services.plan_changes import refuse_unless_open
from portal.web.accounts import actor
from portal.web.refusals import Refused, refusal_of
from portal.web.requests import leave_to, writes


@bp.route("/plans/<int:plan_id>/tasks/new", methods=["GET", "POST"])
@writes
def add_task(plan_id: int) -> Response | str | tuple[str, int]:
    """Add a task of the pairing's own."""
    plan = _own_plan(plan_id)
    form = AddTaskForm()
    form.offer(queries.people_of(plan.pairing))
    if locked := refusal_of(refuse_unless_open, plan):
        return _add_page(plan, form, refused=locked), 409
    if request.method == "GET":
        form.starts_on.data = plan.starts_on
        form.area.data = request.args.get("area", Area.DEPARTMENT.value)
    elif form.validate():
        try:
            task = plan_tasks.add_task(plan, form.entry(Area(form.area.data)), actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StepRefused as refused:
            return _add_page(plan, form, refused=Refused.over_form(refused)), 409
        else:
            flash(f"已增加任务 {task.code}。", "success")
            return leave_to(plan_url(plan))
    return _add_page(plan, form), 422 if form.errors else 200


@bp.route("/plans/<int:plan_id>/tasks/<int:task_id>", methods=["GET", "POST"])
@writes
def edit_task(plan_id: int, task_id: int) -> Response | str | tuple[str, int]:
    """Edit one task before the plan is in force."""
    plan = _own_plan(plan_id)
    task = queries.get_plan_task(plan_id, task_id, viewer=actor())
    form = EditTaskForm()
    form.offer(queries.people_of(plan.pairing))
    if locked := refusal_of(refuse_unless_open, plan):
        return _edit_page(plan, task, form, refused=locked), 409
    if request.method == "GET":
        form.fill(task)
    elif form.validate():
        seen = request.form.get("version", type=int)
        try:
            plan_tasks.edit_task(task, form.entry(task.area), seen_version=seen, actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit:
            return _edit_page(plan, task, form, stale=True), 409
        except StepRefused as refused:
            return _edit_page(plan, task, form, refused=Refused.over_form(refused)), 409
        else:
            flash(f"任务 {task.code} 已保存。", "success")
            return leave_to(plan_url(plan))
    return _edit_page(plan, task, form), 422 if form.errors else 200


@bp.post("/plans/<int:plan_id>/tasks/<int:task_id>/remove")
@writes
def remove_task(plan_id: int, task_id: int) -> Response:
    """Take a task off the list before the plan is in force."""
    task = queries.get_plan_task(plan_id, task_id, viewer=actor())
    plan, code = task.plan, task.code
    plan_tasks.remove_task(task, actor=actor())
    flash(f"已移除任务 {code}。", "success")
    return leave_to(plan_url(plan))


@bp.post("/plans/<int:plan_id>/owners")
@writes
def set_owners(plan_id: int) -> Response | tuple[str, int]:
    """Put somebody in charge of all tasks of an area."""
    plan = _own_plan(plan_id)
    refuse_unless_open(plan)
    form = OwnersForm()
    form.offer(queries.people_of(plan.pairing))
    if form.validate():
        try:
            changed = plan_tasks.set_owners(
                plan,
                Area(form.area.data) if form.area.data else None,
                supporting_owner_id=chosen_id(form.supporting_owner),
                supported_owner_id=chosen_id(form.supported_owner),
                actor=actor(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            flash(f"已更新 {changed} 项任务的责任人。", "success")
            return leave_to(plan_url(plan))
    return tab_again(plan, owners=form), 422


def _own_plan(plan_id: int) -> Plan:
    """Load a plan the viewer draws up, open or locked. Raises NotVisible or Forbidden."""
    plan = queries.get_plan(plan_id, viewer=actor())
    require(can_edit_plan(actor(), plan))
    return plan


def _add_page(plan: Plan, form: AddTaskForm, *, refused: Refused | None = None) -> str:
    """Render the form of a new task."""
    return render_template(
        "plans/add_task.html", pairing=plan.pairing, plan=plan, form=form, refused=refused
    )


def _edit_page(
    plan: Plan,
    task: Task,
    form: EditTaskForm,
    *,
    stale: bool = False,
    refused: Refused | None = None,
) -> str:
    """Render a task's form; after a stale edit, what was typed beside what was saved."""
    return render_template(
        "plans/edit_task.html",
        pairing=plan.pairing,
        plan=plan,
        task=task,
        form=form,
        refused=refused,
        mine=form.shown() if stale else None,
        theirs=form.shown_of(task) if stale else None,
    )
