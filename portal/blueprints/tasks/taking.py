"""The files of the task page's form, taken in with or without an application for closure."""

from typing import Any

from flask import flash
from werkzeug.wrappers import Response

from portal.blueprints.tasks.forms import SubmitEvidenceForm
from portal.blueprints.tasks.pages import answer_task
from portal.models import Task
from portal.services.upload_forms import Taken, take_in
from portal.web.accounts import actor
from portal.web.requests import keep_what_was_done


def take_files(task: Task, form: SubmitEvidenceForm) -> Taken:
    """Take in the files of ``form``, each for its requirement. Raises as take_in() does."""
    requirements = {one.id: one for one in task.requirements}
    files = [
        (requirements.get(number or 0), filename, stream)
        for number, filename, stream in form.uploads
    ]
    return take_in(task, files, evidence_on=form.evidence_on.data, actor=actor())


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
