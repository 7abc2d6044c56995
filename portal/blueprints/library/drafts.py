"""Standard tasks of a draft: add, edit, move, leave out, take back."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.library import bp
from portal.blueprints.library.editions import load
from portal.blueprints.library.forms import AddStandardTaskForm, StandardTaskForm, described
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.models import Area, LibraryEdition, LibraryTask
from portal.policies.decision import require
from portal.policies.library import can_edit_library
from portal.policies.library_fields import differences, values_of
from portal.policies.plans import can_see_library
from portal.queries import library_editions as queries
from portal.services import library_tasks as services
from portal.services.library_editions import refuse_unless_draft
from portal.web.accounts import actor
from portal.web.address import member_of, text_of
from portal.web.refusals import Refused, refusal_of
from portal.web.requests import leave_to, writes

DIRECTIONS = {"up": -1, "down": 1, "first": -1000, "last": 1000}


@bp.route("/library/editions/<int:edition_id>/tasks/new", methods=["GET", "POST"])
@writes
def add_task(edition_id: int) -> Response | str | tuple[str, int]:
    """Add a standard task to a draft."""
    edition = _own_draft(edition_id)
    form = AddStandardTaskForm()
    form.offer(queries.item_labels())
    if locked := refusal_of(refuse_unless_draft, edition):
        return _form_page(edition, form, refused=locked), 409
    if request.method == "GET":
        wanted = member_of(Area, request.args.get("area", ""))
        form.area.data = (wanted or Area.DEPARTMENT).value
        form.base_kinds.data = [choice.value for choice in form.base_kinds.choices]
    elif form.validate():
        try:
            task = services.add_standard_task(
                edition, form.entry(form.task_code.data.upper()), actor=actor()
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StepRefused as refused:
            return _form_page(edition, form, refused=Refused.over_form(refused)), 409
        else:
            flash(f"已新增标准任务 {task.code}。", "success")
            return leave_to(_row_of(edition, task))
    return _form_page(edition, form), 422 if form.errors else 200


@bp.route("/library/editions/<int:edition_id>/tasks/<int:task_id>", methods=["GET", "POST"])
@writes
def edit_task(edition_id: int, task_id: int) -> Response | str | tuple[str, int]:
    """Edit one standard task of a draft."""
    edition, task = _own_task(edition_id, task_id)
    form = StandardTaskForm()
    form.offer(queries.item_labels(), tuple(task.item_keys))
    if locked := refusal_of(refuse_unless_draft, edition):
        return _form_page(edition, form, task, refused=locked), 409
    if request.method == "GET":
        form.fill(task)
    elif form.validate():
        seen = request.form.get("version", type=int)
        entry = form.entry(task.code)
        try:
            services.edit_standard_task(task, entry, seen_version=seen, actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit:
            return _form_page(edition, form, task, mine=entry), 409
        except StepRefused as refused:
            return _form_page(edition, form, task, refused=Refused.over_form(refused)), 409
        else:
            flash(f"标准任务 {task.code} 已保存。", "success")
            return leave_to(_row_of(edition, task))
    return _form_page(edition, form, task), 422 if form.errors else 200


@bp.post("/library/editions/<int:edition_id>/tasks/<int:task_id>/move")
@writes
def move_task(edition_id: int, task_id: int) -> Response:
    """Move a standard task up or down within its area."""
    edition, task = _own_task(edition_id, task_id)
    steps = DIRECTIONS.get(request.form.get("to", ""), 0)
    services.move_task(task, steps, actor=actor())
    return leave_to(_row_of(edition, task))


@bp.post("/library/editions/<int:edition_id>/tasks/<int:task_id>/leave-out")
@writes
def leave_out(edition_id: int, task_id: int) -> Response:
    """Take a standard task out of the draft."""
    edition, task = _own_task(edition_id, task_id)
    code = task.code
    services.leave_out(task, actor=actor())
    flash(f"新版不再包含 {code}；已列入计划的任务不受影响。可在“与现行版本对照”中恢复。", "success")
    return leave_to(url_for("library.show_edition", edition_id=edition.id))


@bp.post("/library/editions/<int:edition_id>/take-back")
@writes
def take_back(edition_id: int) -> Response:
    """Bring a standard task back to what the published edition says."""
    edition = _own_draft(edition_id)
    task = services.take_back(edition, text_of(request.form, "code", 20), actor=actor())
    flash(f"{task.code} 已恢复为现行版本的内容。", "success")
    return leave_to(url_for("library.show_changes", edition_id=edition.id))


def _own_draft(edition_id: int) -> LibraryEdition:
    """Load an edition that the viewer edits. Raises Forbidden or NotVisible."""
    edition = load(edition_id)
    require(can_edit_library(actor()))
    return edition


def _own_task(edition_id: int, task_id: int) -> tuple[LibraryEdition, LibraryTask]:
    """Load a standard task that the viewer edits. Raises Forbidden or NotVisible."""
    require(can_see_library(actor()))
    task = queries.get_edition_task(edition_id, task_id, viewer=actor())
    require(can_edit_library(actor()))
    return task.of_edition, task


def _row_of(edition: LibraryEdition, task: LibraryTask) -> str:
    """Return the address of the task's row on the draft's page."""
    return url_for("library.show_edition", edition_id=edition.id, _anchor=f"task-{task.id}")


def _form_page(
    edition: LibraryEdition,
    form: StandardTaskForm,
    task: LibraryTask | None = None,
    *,
    mine: services.StandardEntry | None = None,
    refused: Refused | None = None,
) -> str:
    """Render the form; after a stale edit, what was typed beside what was saved."""
    sides: tuple[list[tuple[str, str]], list[tuple[str, str]]] | None = None
    if mine is not None and task is not None:
        typed, saved = mine.values(), values_of(task)
        names = {one.label for one in differences(saved, typed)}
        sides = (
            [pair for pair in described(typed) if pair[0] in names],
            [pair for pair in described(saved) if pair[0] in names],
        )
    return render_template(
        "library/task_form.html",
        edition=edition,
        task=task,
        form=form,
        refused=refused,
        sides=sides,
    )
