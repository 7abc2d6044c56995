"""A closed task shown as an example beside its standard task."""

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response

from portal.blueprints.library import bp
from portal.blueprints.library.forms import ExampleForm
from portal.errors import Rejected, StepRefused
from portal.models import Task
from portal.policies.decision import require
from portal.policies.library import can_manage_examples, may_be_example
from portal.queries.library_examples import (
    example_of,
    examples_for,
    get_example,
    standard_of,
)
from portal.queries.tasks import get_task
from portal.services import library_examples as services
from portal.web.accounts import actor
from portal.web.requests import leave_to, writes


@bp.route("/tasks/<int:task_id>/example", methods=["GET", "POST"])
@writes
def promote_example(task_id: int) -> Response | str | tuple[str, int]:
    """Write what others shall read of a closed task."""
    task = get_task(task_id, viewer=actor())
    require(can_manage_examples(actor()))
    if not (fit := may_be_example(task)):
        raise StepRefused(fit.reason)
    form = ExampleForm()
    known = example_of(task, viewer=actor())
    if not form.is_submitted():
        if known is not None:
            form.summary.data = known.summary
            form.names_hospitals.data = known.names_hospitals
    elif form.validate():
        try:
            services.promote_example(
                task,
                summary=form.summary.data,
                names_hospitals=form.names_hospitals.data,
                actor=actor(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            flash("已列为示范案例，在标准任务库中与标准任务一起显示。", "success")
            return leave_to(url_for("library.show_for_task", task_id=task.id))
    return _page(task, form), 422 if form.errors else 200


@bp.get("/tasks/<int:task_id>/standard")
def show_for_task(task_id: int) -> str:
    """Show the standard task that a task was made from, with its examples."""
    task = get_task(task_id, viewer=actor())
    source = standard_of(task)
    known = example_of(task, viewer=actor())
    return render_template(
        "library/for_task.html",
        pairing=task.pairing,
        task=task,
        source=source,
        examples=examples_for({source.code}).get(source.code, []),
        may_manage=can_manage_examples(actor()) and may_be_example(task),
        known=known if known and not known.withdrawn_at else None,
    )


@bp.post("/library/examples/<int:example_id>/withdraw")
@writes
def withdraw_example(example_id: int) -> Response:
    """Show an example no longer."""
    require(can_manage_examples(actor()))
    example = get_example(example_id, viewer=actor())
    services.withdraw_example(example, actor=actor())
    flash("示范案例已撤回，不再显示。", "success")
    return leave_to(url_for("library.show_for_task", task_id=example.task_id))


def _page(task: Task, form: ExampleForm) -> str:
    """Render the form of the summary."""
    return render_template(
        "library/example.html",
        pairing=task.pairing,
        task=task,
        form=form,
        code=standard_of(task).code,
        known=example_of(task, viewer=actor()),
    )
