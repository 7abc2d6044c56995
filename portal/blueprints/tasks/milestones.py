"""Milestones of a task in work: ticked when reached, with the day; taken back when wrong."""

from flask import flash, url_for
from werkzeug.wrappers import Response

from portal.blueprints.tasks import bp
from portal.blueprints.tasks.forms import ReachMilestoneForm
from portal.blueprints.tasks.pages import answer_task
from portal.errors import Rejected, StepRefused
from portal.models import Task
from portal.queries.tasks import get_milestone, get_task
from portal.services import milestones
from portal.services.tasks import require_open
from portal.web.accounts import actor
from portal.web.refusals import Refused
from portal.web.requests import leave_to, writes


@bp.post("/tasks/<int:task_id>/milestones/<int:milestone_id>/reach")
@writes
def reach_milestone(task_id: int, milestone_id: int) -> Response:
    """Note the day on which a milestone was reached."""
    task = get_task(task_id, viewer=actor(), lock=True)
    milestone = get_milestone(task, milestone_id)
    form = ReachMilestoneForm()
    try:
        require_open(task, actor())
        if not form.validate():
            return answer_task(task, reached=(milestone.id, form), status=422)
        milestones.reach_milestone(task, milestone, done_on=form.done_on.data, actor=actor())
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return answer_task(task, reached=(milestone.id, form), status=422)
    except StepRefused as refusal:
        return answer_task(task, refused=Refused.of(refusal, form), status=409)
    flash(f"节点“{milestone.title}”已完成。", "success")
    return _back_to(task)


@bp.post("/tasks/<int:task_id>/milestones/<int:milestone_id>/undo")
@writes
def undo_milestone(task_id: int, milestone_id: int) -> Response:
    """Take back that a milestone was reached."""
    task = get_task(task_id, viewer=actor(), lock=True)
    milestone = get_milestone(task, milestone_id)
    milestones.undo_milestone(task, milestone, actor=actor())
    flash(f"已撤销节点“{milestone.title}”的完成标记。", "success")
    return _back_to(task)


def _back_to(task: Task) -> Response:
    return leave_to(url_for("tasks.show_task", task_id=task.id, _anchor="milestones"))
