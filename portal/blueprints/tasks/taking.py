"""The files of the task page's form, taken in with or without an application for closure."""

from typing import Any

from flask import flash
from werkzeug.wrappers import Response

from portal.blueprints.tasks.forms import SubmitEvidenceForm
from portal.blueprints.tasks.pages import answer_task
from portal.models import Task
from portal.services.upload_forms import Looked, Taken, look_at
from portal.web.requests import begin_writing, keep_what_was_done, let_go


def look_at_files(task: Task, form: SubmitEvidenceForm) -> list[Looked]:
    """Look into the files of ``form`` with nothing locked; what follows may write."""
    requirements = {one.id: one for one in task.requirements}
    files = [
        (requirements.get(number or 0), filename, stream)
        for number, filename, stream in form.uploads
    ]
    let_go()
    looked = look_at(files, despite_warning=form.despite_warning.data)
    begin_writing()
    return looked


def tell_stored(taken: Taken) -> None:
    """Say how many files were stored, and what is worth knowing of each."""
    if taken.stored:
        flash(f"已上传 {len(taken.stored)} 件佐证材料。", "success")


def answer_half_taken(task: Task, form: Any, taken: Taken, *, left: str = "") -> Response:
    """Answer with the form as it was typed: some files were refused, or wait for an answer.

    What could be stored is stored, and stays so. ``left`` says what was not done because of it.
    """
    tell_stored(taken)
    faults = dict(taken.faults)
    if taken.asking:
        faults["asking"] = (
            f"有 {len(taken.asking)} 个文件需要您确认，见“待处理的上传”，不必重新选择。{left}"
        )
    elif left:
        faults["asking"] = left
    form.add_errors(faults)
    return keep_what_was_done(answer_task(task, submit=form, status=422))
