"""Writing an amendment: its reason, and the lines about tasks and goals."""

from flask import flash, render_template, request
from werkzeug.wrappers import Response

from portal.blueprints.amendments import bp
from portal.blueprints.amendments.forms import ReasonForm, TaskTextsForm, goals_form, task_form
from portal.blueprints.amendments.pages import (
    amendment_url,
    done,
    own_amendment,
    seen_version,
)
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.models import Area, ChangeKind, PlanAmendment, Task
from portal.policies.amendment_lines import FIXED_FIELDS, area_of
from portal.policies.goal_texts import goal_texts
from portal.queries import amendments as queries
from portal.queries.plans import get_plan_task
from portal.services import amendment_drafts as services
from portal.web.accounts import actor
from portal.web.address import member_of
from portal.web.refusals import Refused
from portal.web.requests import leave_to, writes


@bp.route("/amendments/<int:amendment_id>/reason", methods=["GET", "POST"])
@writes
def edit_reason(amendment_id: int) -> Response | str | tuple[str, int]:
    """Write why the plan is changed, and which resolution it rests on."""
    amendment = own_amendment(amendment_id)
    form = ReasonForm()
    form.offer(
        queries.resolutions_of(amendment.pairing),
        minutes=queries.has_approved_minutes(amendment.pairing),
    )
    if request.method == "GET":
        form.reason.data = amendment.reason
        form.resolution.data = str(amendment.resolution_id or "")
        return _page("amendments/reason.html", amendment, form)
    if form.validate():
        chosen = form.resolution.data
        try:
            services.save_reason(
                amendment,
                reason=form.reason.data or "",
                resolution_id=int(chosen) if chosen else None,
                seen_version=seen_version(),
                actor=actor(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except (StaleEdit, StepRefused) as refused:
            again = Refused.over_form(refused)
            return _page("amendments/reason.html", amendment, form, refused=again), 409
        else:
            return done(amendment, "调整理由已保存。")
    return _page("amendments/reason.html", amendment, form), 422


@bp.route("/amendments/<int:amendment_id>/tasks/<int:task_id>", methods=["GET", "POST"])
@writes
def change_task(amendment_id: int, task_id: int) -> Response | str | tuple[str, int]:
    """Say what a task is to be from now on; the due date moves by an extension."""
    amendment = own_amendment(amendment_id)
    task = get_plan_task(amendment.plan_id, task_id, viewer=actor())
    form = task_form(new=False)()
    if request.method == "GET":
        services.refuse_unfit(ChangeKind.CHANGE, task)
        _fill_change(form, amendment, task)
        return _page("amendments/task.html", amendment, form, task=task)
    if form.validate():
        try:
            line = services.change_task(
                amendment,
                task,
                form.texts(),
                note=form["note"].data or "",
                seen_version=seen_version(),
                actor=actor(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except (StaleEdit, StepRefused) as refused:
            again = Refused.over_form(refused)
            return _page("amendments/task.html", amendment, form, task=task, refused=again), 409
        else:
            if line is None:
                flash("与现在的任务没有不同，没有列入调整。", "info")
                return leave_to(amendment_url(amendment))
            return done(amendment, f"已列入对 {task.code} 的修改。")
    return _page("amendments/task.html", amendment, form, task=task), 422


def _fill_change(form: TaskTextsForm, amendment: PlanAmendment, task: Task) -> None:
    """Show the task as it stands, with what the amendment says of it already."""
    texts = {field.name: field.show(task) for field in FIXED_FIELDS}
    for line in amendment.changes:
        if line.kind is ChangeKind.CHANGE and line.task_id == task.id:
            texts.update(line.after)
            form["note"].data = line.note
    form.fill(texts)


@bp.route("/amendments/<int:amendment_id>/new-task", methods=["GET", "POST"])
@writes
def add_task(amendment_id: int) -> Response | str | tuple[str, int]:
    """Add a task of the pairing's own by the amendment."""
    amendment = own_amendment(amendment_id)
    form = task_form(new=True)()
    if request.method == "GET":
        return _page("amendments/task.html", amendment, form, task=None)
    if form.validate():
        try:
            services.add_task(amendment, form.texts(), seen_version=seen_version(), actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except (StaleEdit, StepRefused) as refused:
            again = Refused.over_form(refused)
            return _page("amendments/task.html", amendment, form, task=None, refused=again), 409
        else:
            return done(amendment, "已列入新增任务。")
    return _page("amendments/task.html", amendment, form, task=None), 422


@bp.route("/amendments/<int:amendment_id>/goals", methods=["GET", "POST"])
@writes
def change_goals(amendment_id: int) -> Response | str | tuple[str, int]:
    """Say what an area's goals and figures are to be; the area stands in the address."""
    amendment = own_amendment(amendment_id)
    area = member_of(Area, request.args.get("area")) or Area.DEPARTMENT
    form = goals_form(tuple(amendment.pairing.programme.years))()
    if request.method == "GET":
        texts = goal_texts(amendment.plan, area)
        for line in amendment.changes:
            if line.kind is ChangeKind.GOAL and area_of(line) is area:
                texts.update(line.after)
        form.fill(texts)
        return _page("amendments/goals.html", amendment, form, area=area)
    if form.validate():
        try:
            services.change_goals(
                amendment, area, form.texts(), seen_version=seen_version(), actor=actor()
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except (StaleEdit, StepRefused) as refused:
            again = Refused.over_form(refused)
            return _page("amendments/goals.html", amendment, form, area=area, refused=again), 409
        else:
            return done(amendment, f"“{area.label}”的目标已保存到本次调整。")
    return _page("amendments/goals.html", amendment, form, area=area), 422


def _page(
    template: str,
    amendment: PlanAmendment,
    form: ReasonForm | TaskTextsForm,
    *,
    refused: Refused | None = None,
    **more: object,
) -> str:
    """Render one of the forms."""
    return render_template(
        template,
        pairing=amendment.pairing,
        amendment=amendment,
        form=form,
        refused=refused,
        back=amendment_url(amendment),
        areas=list(Area),
        **more,
    )
