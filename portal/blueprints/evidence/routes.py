"""Evidence of a task: added, used again, and taken away from a requirement."""

from flask import url_for
from werkzeug.wrappers import Response

from portal.blueprints.evidence import bp
from portal.blueprints.tasks.forms import SubmitEvidenceForm
from portal.blueprints.tasks.pages import answer_task
from portal.blueprints.tasks.taking import answer_half_taken, look_at_files, tell_stored
from portal.errors import Rejected, StepRefused
from portal.models import Task
from portal.queries.tasks import get_task
from portal.services.tasks import require_open
from portal.services.upload_forms import Taken, take_in
from portal.web.accounts import actor
from portal.web.refusals import Refused
from portal.web.requests import leave_to, reads_first, writes


@bp.post("/tasks/<int:task_id>/evidence")
@reads_first
@writes
def add_evidence(task_id: int) -> Response:
    """Take in the files of the task page, without applying for closure."""
    task = get_task(task_id, viewer=actor())
    form = SubmitEvidenceForm.for_requirements(task.requirements)
    try:
        require_open(task, actor())
        if not form.validate():
            return answer_task(task, submit=form, status=422)
        taken = _take(task, form)
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return answer_task(task, submit=form, status=422)
    except StepRefused as refusal:
        return answer_task(task, refused=Refused.of(refusal, form), status=409)
    if not taken.is_whole:
        return answer_half_taken(task, form, taken)
    tell_stored(taken)
    return _back_to(task)


def _take(task: Task, form: SubmitEvidenceForm) -> Taken:
    """Take in the form's files, the task locked. Raises Rejected, also when there are none."""
    if not form.uploads:
        first = next(name for name in form.data if name.startswith("file-"))
        raise Rejected({first: "请先选择要上传的文件。"})
    looked = look_at_files(task, form)
    task = get_task(task.id, viewer=actor(), lock=True)
    return take_in(task, looked, evidence_on=form.evidence_on.data, actor=actor())


def _back_to(task: Task) -> Response:
    return leave_to(url_for("tasks.show_task", task_id=task.id, _anchor="materials"))
