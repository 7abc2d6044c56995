"""The page of one task, which several areas answer with: work, evidence and closure."""

from typing import Any

from flask import make_response, render_template, url_for
from werkzeug.wrappers import Response

from portal import clock, file_types, storage
from portal.blueprints.tasks.forms import (
    AddNoteForm,
    AssignOwnerForm,
    ReachMilestoneForm,
    SubmitEvidenceForm,
)
from portal.models import Milestone, Task
from portal.policies.closure import can_request_closure
from portal.queries.closure import closure_panel
from portal.queries.task_page import TaskPage, task_page
from portal.queries.uploads import live_link, sent_by_phone, waiting_for
from portal.web.accounts import actor
from portal.web.refusals import Refused, typed_in


def answer_task(
    task: Task,
    *,
    submit: Any = None,
    note: AddNoteForm | None = None,
    assign: AssignOwnerForm | None = None,
    reached: tuple[int, ReachMilestoneForm] | None = None,
    status: int = 200,
    **more: Any,
) -> Response:
    """Answer with the task's page; a refused form is handed in and comes back as typed.

    ``submit`` is the form of evidence and closure: any form with ``evidence_on``,
    ``statement`` and one ``file-<requirement id>`` for each requirement. ``reached`` is the form
    of the milestone with that id. ``more`` is what the
    closure panel needs after a refused step.
    """
    viewer = actor()
    page = task_page(task, viewer=viewer)
    waiting = waiting_for(task) if page.may_work else []
    closure = closure_panel(task, viewer, waiting)
    draws_form = page.can_work_now or closure.can_apply_again
    if submit is not None and not draws_form:
        # Somebody else's step locked the task meanwhile: say so, and give the words back.
        why = submit.form_errors or [page.locked]
        more = {"refused": Refused(why[0], why[1:], typed_in(submit)), **more}
    link = live_link(task, viewer) if page.can_work_now else None
    needs_blank = submit is None and draws_form
    response: Response = make_response(
        render_template(
            "tasks/show.html",
            pairing=task.pairing,
            page=page,
            task=task,
            closure=closure,
            submit_refused=submit is not None,
            submit=_blank_submit(task, closure.last_statement) if needs_blank else submit,
            note=note or (_blank_note(task) if page.can_work_now else None),
            assign=assign or _blank_assign(page),
            steps=_steps(page, reached),
            may_apply=bool(can_request_closure(viewer, task)),
            accept=file_types.ACCEPT,
            upload_limit=storage.upload_limit(),
            uploads=[one for one in waiting if one.user_id == viewer.id],
            upload_address=lambda one: url_for("uploads.send_part", token=one.token),
            link=link,
            sent=sent_by_phone(task, viewer) if link else None,
            page_url=url_for("tasks.show_task", task_id=task.id),
            **{"refused": None, **more},
        ),
        status,
    )
    return response


def _steps(
    page: TaskPage, reached: tuple[int, ReachMilestoneForm] | None
) -> list[tuple[Milestone, ReachMilestoneForm | None]]:
    """Return the milestones, each that can be reached now with its small form."""
    found: list[tuple[Milestone, ReachMilestoneForm | None]] = []
    for step in page.task.milestones:
        form = None
        if page.can_work_now and step.done_on is None:
            form = reached[1] if reached and reached[0] == step.id else _blank_reached()
            form.done_on.id = form.done_on.label.field_id = f"done-{step.id}"
        found.append((step, form))
    return found


def _blank_reached() -> ReachMilestoneForm:
    return ReachMilestoneForm(formdata=None, data={"done_on": clock.today()})


def _blank_submit(task: Task, statement: str) -> Any:
    """Return the form of evidence and closure, with the last statement to amend."""
    form = SubmitEvidenceForm.for_requirements(task.requirements, blank=True)
    form.statement.data = statement
    return form


def _blank_note(task: Task) -> AddNoteForm:
    return AddNoteForm(formdata=None, data={"progress": task.progress})


def _blank_assign(page: TaskPage) -> AssignOwnerForm | None:
    """Return the form that names an owner, for those who may."""
    if page.assignable is None:
        return None
    owner = page.task.owner_on(page.assignable)
    form = AssignOwnerForm(formdata=None, data={"owner": owner.id if owner else 0})
    form.offer(page.candidates)
    return form
