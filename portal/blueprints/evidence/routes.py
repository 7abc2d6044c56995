"""Evidence of a task: added, used again, and taken away from a requirement."""

from collections.abc import Sequence

from flask import flash, url_for
from werkzeug.wrappers import Response

from portal.blueprints.evidence import bp
from portal.blueprints.tasks.forms import SubmitEvidenceForm
from portal.blueprints.tasks.pages import answer_task
from portal.errors import Rejected, StepRefused
from portal.models import Task, User
from portal.queries import evidence as queries
from portal.queries.tasks import get_task
from portal.services import evidence as services
from portal.services.tasks import require_open
from portal.web.accounts import actor
from portal.web.refusals import Refused
from portal.web.requests import leave_to, writes


@bp.post("/tasks/<int:task_id>/evidence")
@writes
def add_evidence(task_id: int) -> Response:
    """Take in the files of the task page, without applying for closure."""
    task = get_task(task_id, viewer=actor(), lock=True)
    form = SubmitEvidenceForm.for_requirements(task.requirements)
    try:
        require_open(task, actor())
        if not form.validate():
            return answer_task(task, submit=form, status=422)
        attached = _attach(task, form)
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return answer_task(task, submit=form, status=422)
    except StepRefused as refusal:
        return answer_task(task, refused=Refused.of(refusal, form), status=409)
    tell_attached(attached, task, viewer=actor())
    return _back_to(task)


def tell_attached(attached: Sequence[services.Attached], task: Task, *, viewer: User) -> None:
    """Say what became of the uploads; of a file that was there already, where it stands."""
    fresh = [one for one in attached if not one.reused]
    if fresh:
        flash(f"已上传 {len(fresh)} 件佐证材料。", "success")
    for one in attached:
        if not one.reused:
            continue
        places = "、".join(
            f"{use.task.code} {use.task.title}"
            for use in queries.uses_of(one.evidence, viewer=viewer)
            if use.task is not None and use.task is not task
        )
        where = f"（已用于{places}）" if places else ""
        flash(
            f"“{one.filename}”与佐证库中的“{one.evidence.title}”内容相同{where}，"
            "已直接选用，没有重复保存。",
            "info",
        )


def _attach(task: Task, form: SubmitEvidenceForm) -> list[services.Attached]:
    """Attach the form's files. Raises Rejected, also when there are none."""
    uploads = form.uploads
    if not uploads:
        first = next(name for name in form.data if name.startswith("file-"))
        raise Rejected({first: "请先选择要上传的文件。"})
    return services.attach_files(task, uploads, evidence_on=form.evidence_on.data, actor=actor())


def _back_to(task: Task) -> Response:
    return leave_to(url_for("tasks.show_task", task_id=task.id, _anchor="materials"))
