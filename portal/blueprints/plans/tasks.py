"""Tasks of a plan that is being drawn up, one by one: add, edit in its row or on a page, remove."""

from flask import flash, make_response, render_template, request
from werkzeug.wrappers import Response

from portal.blueprints.plans import bp
from portal.blueprints.plans.routes import plan_parts, plan_url, row_parts
from portal.blueprints.plans.task_forms import TaskForm, task_form, texts_of
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.models import Area, Plan, Task
from portal.policies.decision import require
from portal.policies.plans import can_edit_plan
from portal.policies.task_fields import show_day
from portal.queries import plans as queries
from portal.services import plan_tasks
from portal.services.plan_changes import refuse_unless_open
from portal.web.accounts import actor
from portal.web.htmx import is_htmx
from portal.web.refusals import Refused, refusal_of
from portal.web.requests import leave_to, writes


@bp.route("/plans/<int:plan_id>/tasks/new", methods=["GET", "POST"])
@writes
def add_task(plan_id: int) -> Response | str | tuple[str, int]:
    """Add a task of the pairing's own."""
    plan = own_plan(plan_id)
    form = task_form(with_area=True)()
    if locked := refusal_of(refuse_unless_open, plan):
        return _add_page(plan, form, refused=locked), 409
    if request.method == "GET":
        form["starts_on"].data = show_day(plan.starts_on)
        form["area"].data = request.args.get("area", Area.DEPARTMENT.value)
    elif form.validate():
        try:
            task = plan_tasks.add_task(plan, form.texts(), actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StepRefused as refused:
            return _add_page(plan, form, refused=Refused.over_form(refused)), 409
        else:
            flash(f"已增加任务 {task.code}。", "success")
            return leave_to(plan_url(plan, task))
    return _add_page(plan, form), 422 if form.errors else 200


@bp.route("/plans/<int:plan_id>/tasks/<int:task_id>", methods=["GET", "POST"])
@writes
def edit_task(plan_id: int, task_id: int) -> Response | str | tuple[str, int]:
    """Edit one task before the plan is in force: in its row with htmx, else on a page."""
    plan = own_plan(plan_id)
    task = queries.get_plan_task(plan_id, task_id, viewer=actor())
    form = task_form(with_area=False)()
    if locked := refusal_of(refuse_unless_open, plan):
        return _edit_answer(plan, task, form, status=409, refused=locked)
    if request.method == "GET":
        form.fill(task)
    elif form.validate():
        seen = request.form.get("version", type=int)
        try:
            plan_tasks.edit_task(task, form.texts(), seen_version=seen, actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit:
            return _edit_answer(plan, task, form, status=409, stale=True)
        except StepRefused as refused:
            return _edit_answer(plan, task, form, status=409, refused=Refused.over_form(refused))
        else:
            return _saved(plan, task)
    return _edit_answer(plan, task, form, status=422 if form.errors else 200)


@bp.get("/plans/<int:plan_id>/tasks/<int:task_id>/row")
def show_row(plan_id: int, task_id: int) -> Response | str:
    """Show one row of the list again, as it was before it was opened."""
    plan = own_plan(plan_id)
    task = queries.get_plan_task(plan_id, task_id, viewer=actor())
    if not is_htmx():
        return leave_to(plan_url(plan, task))
    return render_template("plans/_row.html", **row_parts(plan, task))


@bp.post("/plans/<int:plan_id>/tasks/<int:task_id>/remove")
@writes
def remove_task(plan_id: int, task_id: int) -> Response:
    """Take a task off the list before the plan is in force."""
    task = queries.get_plan_task(plan_id, task_id, viewer=actor())
    plan, code = task.plan, task.code
    plan_tasks.remove_task(task, actor=actor())
    flash(f"已移除任务 {code}。", "success")
    return leave_to(plan_url(plan))


def own_plan(plan_id: int) -> Plan:
    """Load a plan the viewer draws up, open or locked. Raises NotVisible or Forbidden."""
    plan = queries.get_plan(plan_id, viewer=actor())
    require(can_edit_plan(actor(), plan))
    return plan


def _saved(plan: Plan, task: Task) -> Response | str:
    """Show the row as it is now, with what the change did to the checklist; or the whole list."""
    if not is_htmx():
        flash(f"任务 {task.code} 已保存。", "success")
        return leave_to(plan_url(plan, task))
    found = queries.find_plan(plan.pairing, viewer=actor()) or plan
    parts = plan_parts(found)
    return render_template("plans/_row_saved.html", **{**parts, **row_parts(found, task)})


def _add_page(plan: Plan, form: TaskForm, *, refused: Refused | None = None) -> str:
    """Render the form of a new task."""
    return render_template(
        "plans/add_task.html",
        pairing=plan.pairing,
        plan=plan,
        form=form,
        names=queries.names_of(queries.people_of(plan.pairing)),
        refused=refused,
    )


def _edit_answer(
    plan: Plan,
    task: Task,
    form: TaskForm,
    *,
    status: int,
    stale: bool = False,
    refused: Refused | None = None,
) -> Response:
    """Answer with the task's form; after a stale edit, what was typed beside what was saved."""
    if is_htmx():
        form.tell_apart(task)
    template = "plans/_row_edit.html" if is_htmx() else "plans/edit_task.html"
    page = render_template(
        template,
        pairing=plan.pairing,
        plan=plan,
        task=task,
        form=form,
        names=queries.names_of(queries.people_of(plan.pairing)) if not is_htmx() else {},
        refused=refused,
        mine=form.shown(form.texts()) if stale else None,
        theirs=form.shown(texts_of(task)) if stale else None,
    )
    response: Response = make_response(page, status)
    response.vary.add("HX-Request")
    return response
