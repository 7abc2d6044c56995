"""Evidence of a task: added, used again, and taken away from a requirement."""

from collections.abc import Sequence

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.evidence import bp
from portal.blueprints.evidence.forms import UseEvidenceForm
from portal.blueprints.tasks.forms import SubmitEvidenceForm
from portal.blueprints.tasks.pages import answer_task
from portal.errors import NotVisible, Rejected, StepRefused
from portal.models import Evidence, Task, User
from portal.queries import evidence as queries
from portal.queries.tasks import get_task
from portal.services import evidence as services
from portal.services.tasks import require_open
from portal.web.accounts import actor
from portal.web.address import id_of, text_of
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


@bp.route("/tasks/<int:task_id>/evidence/use", methods=["GET", "POST"])
@writes
def use_evidence(task_id: int) -> Response | str | tuple[str, int]:
    """Pick pieces of the pairing's library for a requirement: search, tick, done."""
    task = get_task(task_id, viewer=actor(), lock=request.method == "POST")
    require_open(task, actor())
    search = text_of(request.values, "q", 100)
    pieces = queries.usable_pieces(task, viewer=actor(), search=search)
    form = UseEvidenceForm()
    form.offer(task, pieces)
    if request.method == "GET":
        form.requirement.data = id_of(request.args, "requirement") or 0
    elif form.validate():
        requirement = next((r for r in task.requirements if r.id == form.requirement.data), None)
        for piece in chosen(pieces, form.evidence.data):
            services.use_evidence(task, requirement=requirement, evidence=piece, actor=actor())
        flash(f"已选用 {len(form.evidence.data)} 件佐证材料。", "success")
        return _back_to(task)
    page = render_template(
        "evidence/use.html",
        pairing=task.pairing,
        task=task,
        form=form,
        pieces=pieces,
        search=search,
        full=len(pieces) == queries.CHOICE_SIZE,
    )
    return page, 422 if form.errors else 200


@bp.post("/tasks/<int:task_id>/evidence/<int:use_id>/remove")
@writes
def remove_evidence(task_id: int, use_id: int) -> Response:
    """Take a piece away from a requirement it does not belong to."""
    task = get_task(task_id, viewer=actor(), lock=True)
    services.remove_use(queries.get_use(task, use_id), actor=actor())
    flash("已移出，材料仍在佐证库中。", "success")
    return _back_to(task)


def chosen(pieces: Sequence[Evidence], ids: Sequence[int]) -> list[Evidence]:
    """Return the offered pieces with ``ids``. Raises NotVisible for any other id."""
    by_id = {piece.id: piece for piece in pieces}
    if not set(ids) <= set(by_id):
        raise NotVisible()
    return [by_id[one] for one in ids]


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
