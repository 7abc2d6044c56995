"""Lines about whole tasks: suspended, resumed, cancelled, added from the library, taken off."""

from flask import render_template, request
from werkzeug.wrappers import Response

from portal.blueprints.amendments import bp
from portal.blueprints.amendments.forms import PickForm, RestForm
from portal.blueprints.amendments.pages import (
    amendment_url,
    done,
    own_amendment,
    seen_version,
)
from portal.errors import NotVisible, Rejected, StaleEdit, StepRefused
from portal.models import Area, ChangeKind, PlanAmendment
from portal.policies.amendment_lines import FITTING_STATES, STATE_KINDS
from portal.queries import amendments as queries
from portal.queries.library import library_tasks
from portal.services import amendment_drafts as services
from portal.web.accounts import actor
from portal.web.address import member_of
from portal.web.refusals import Refused
from portal.web.requests import writes


@bp.route("/amendments/<int:amendment_id>/tasks", methods=["GET", "POST"])
@writes
def choose_tasks(amendment_id: int) -> Response | str | tuple[str, int]:
    """Choose what happens to which task: changed one by one, or moved together."""
    amendment = own_amendment(amendment_id)
    form = RestForm()
    if request.method == "GET":
        return _tasks_page(amendment, form)
    kind = member_of(ChangeKind, request.form.get("do"))
    if kind not in STATE_KINDS or not form.validate():
        form.add_errors({} if form.errors else {"task": "请选择要怎样调整。"})
        return _tasks_page(amendment, form), 422
    chosen = set(form.task.data or [])
    tasks = [one for one in queries.tasks_to_change(amendment.plan) if one.id in chosen]
    if len(tasks) != len(chosen):
        raise NotVisible()
    try:
        number = services.rest_tasks(
            amendment, kind, tasks, seen_version=seen_version(), actor=actor()
        )
    except Rejected as refusal:
        form.add_errors(refusal.fields)
    except (StaleEdit, StepRefused) as refused:
        return _tasks_page(amendment, form, refused=Refused.over_form(refused)), 409
    else:
        return done(amendment, f"已列入{kind.label} {number} 项。")
    return _tasks_page(amendment, form), 422


def _tasks_page(amendment: PlanAmendment, form: RestForm, *, refused: Refused | None = None) -> str:
    """Render the list of tasks, each with what is possible for it."""
    lines = {line.task_id: line.kind for line in amendment.changes if line.task_id}
    tasks = queries.tasks_to_change(amendment.plan)
    fitting = {
        task.id: [kind for kind, states in FITTING_STATES.items() if task.state in states]
        for task in tasks
    }
    return render_template(
        "amendments/tasks.html",
        pairing=amendment.pairing,
        amendment=amendment,
        form=form,
        tasks=tasks,
        fitting=fitting,
        lines=lines,
        refused=refused,
        back=amendment_url(amendment),
    )


@bp.route("/amendments/<int:amendment_id>/library", methods=["GET", "POST"])
@writes
def pick_from_library(amendment_id: int) -> Response | str | tuple[str, int]:
    """Add standard tasks by the amendment."""
    amendment = own_amendment(amendment_id)
    form = PickForm()
    if request.method == "GET":
        return _pick_page(amendment, form)
    if form.validate():
        try:
            added = services.add_from_library(
                amendment,
                [one for one in library_tasks() if one.id in (form.task.data or [])],
                starts_on=form.starts_on.data,
                seen_version=seen_version(),
                actor=actor(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except (StaleEdit, StepRefused) as refused:
            return _pick_page(amendment, form, refused=Refused.over_form(refused)), 409
        else:
            return done(amendment, f"已列入新增任务 {added} 项。")
    return _pick_page(amendment, form), 422


def _pick_page(amendment: PlanAmendment, form: PickForm, *, refused: Refused | None = None) -> str:
    """Render the library without what the plan contains."""
    there = {task.library_task_id for task in amendment.plan.tasks}
    offered = [one for one in library_tasks() if one.id not in there]
    return render_template(
        "amendments/library.html",
        pairing=amendment.pairing,
        amendment=amendment,
        form=form,
        areas=[(area, [one for one in offered if one.area is area]) for area in Area],
        refused=refused,
        back=amendment_url(amendment),
    )


@bp.post("/amendments/<int:amendment_id>/lines/<int:line_id>/remove")
@writes
def remove_line(amendment_id: int, line_id: int) -> Response:
    """Take a line off the amendment."""
    line = queries.get_line(amendment_id, line_id, viewer=actor())
    amendment = line.amendment
    services.remove_line(line, seen_version=seen_version(), actor=actor())
    return done(amendment, "已从本次调整中去掉这一项。")
