"""Work on one task: its page, notes, start and owners."""

from flask import flash, url_for
from werkzeug.wrappers import Response

from portal.blueprints.tasks import bp
from portal.blueprints.tasks.forms import AddNoteForm, AssignOwnerForm
from portal.blueprints.tasks.pages import answer_task
from portal.errors import Rejected, StepRefused
from portal.models import Side, Task, TaskState, User
from portal.policies.decision import require
from portal.policies.scope import side_of
from portal.policies.tasks import can_assign, can_work_on
from portal.queries.task_page import staff_of
from portal.queries.tasks import get_task
from portal.services import tasks
from portal.web.accounts import actor
from portal.web.refusals import Refused
from portal.web.requests import leave_to, writes


@bp.get("/tasks/<int:task_id>")
def show_task(task_id: int) -> Response:
    """Show one task: what it asks for, what was done, and whose turn it is."""
    return answer_task(get_task(task_id, viewer=actor()))


@bp.post("/tasks/<int:task_id>/start")
@writes
def start_task(task_id: int) -> Response:
    """Begin work on a task."""
    task = get_task(task_id, viewer=actor(), lock=True)
    if task.state is TaskState.IN_PROGRESS and can_work_on(actor(), task):
        # Its first file or note began it while this page stood open: just what was asked for.
        flash("任务已经启动。", "info")
        return _back_to(task)
    tasks.start_task(task, actor=actor())
    flash("任务已启动。", "success")
    return _back_to(task)


@bp.post("/tasks/<int:task_id>/notes")
@writes
def add_note(task_id: int) -> Response:
    """Write a progress note."""
    task = get_task(task_id, viewer=actor(), lock=True)
    form = AddNoteForm()
    try:
        tasks.require_open(task, actor())
        if not form.validate():
            return answer_task(task, note=form, status=422)
        tasks.add_note(task, progress=form.progress.data, body=form.body.data, actor=actor())
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return answer_task(task, note=form, status=422)
    except StepRefused as refusal:
        return answer_task(task, refused=Refused.of(refusal, form), status=409)
    flash("进展已记录。", "success")
    return _back_to(task)


@bp.post("/tasks/<int:task_id>/owners")
@writes
def assign_owners(task_id: int) -> Response:
    """Name who in one's own hospital is in charge."""
    task = get_task(task_id, viewer=actor(), lock=True)
    side = side_of(actor(), task.pairing) or Side.SUPPORTED
    require(can_assign(actor(), task, side))
    people = staff_of(task, side)
    form = AssignOwnerForm()
    form.offer(people)
    if not form.validate():
        return answer_task(task, assign=form, status=422)
    chosen = next((one for one in people if one.id == form.owner.data), None)
    tasks.assign_owners(task, **_owners(task, side, chosen), actor=actor())
    flash("责任人已指定。" if chosen else "已不指定责任人。", "success")
    return _back_to(task)


def _owners(task: Task, side: Side, chosen: User | None) -> dict[str, User | None]:
    """Return both owners with ``chosen`` on ``side``; the other hospital's stays."""
    return {f"{one.value}_owner": chosen if one is side else task.owner_on(one) for one in Side}


def _back_to(task: Task) -> Response:
    return leave_to(url_for("tasks.show_task", task_id=task.id))
