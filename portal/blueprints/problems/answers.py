"""Finding tasks for a problem: the library's suggestions and the plan's own, in one submit."""

from flask import flash, render_template, request
from werkzeug.wrappers import Response

from portal.blueprints.problems import bp
from portal.blueprints.problems.forms import AnswerForm
from portal.blueprints.problems.routes import problem_url
from portal.errors import Rejected, StepRefused
from portal.models import Problem
from portal.policies.decision import require
from portal.policies.problems import can_write_problem
from portal.queries import problems as queries
from portal.queries.library import library_tasks
from portal.queries.problem_answers import answer_page
from portal.services.problem_answers import Answered, answer_problem
from portal.web.accounts import actor
from portal.web.refusals import Refused
from portal.web.requests import leave_to, writes


@bp.route("/problems/<int:problem_id>/tasks", methods=["GET", "POST"])
@writes
def choose_tasks(problem_id: int) -> Response | str | tuple[str, int]:
    """Tick standard tasks, which join the plan, and tasks of the plan; all answer the problem."""
    problem = queries.get_problem(problem_id, viewer=actor(), lock=request.method == "POST")
    require(can_write_problem(actor(), problem.pairing))
    form = AnswerForm()
    if request.method == "GET":
        return _page(problem, form)
    if not form.validate():
        return _page(problem, form), 422
    wanted = set(form.library.data or ())
    picked = [task for task in library_tasks() if task.id in wanted]
    try:
        done = answer_problem(problem, picked, form.task.data or (), actor=actor())
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return _page(problem, form), 422
    except StepRefused as refusal:
        return _page(problem, form, refused=Refused.over_form(refusal)), 409
    flash(_said(done), "success" if done.linked else "info")
    return leave_to(problem_url(problem))


def _said(done: Answered) -> str:
    """Tell what was done."""
    if not done.linked:
        return "所选任务原已对应这个问题。"
    added = f"，其中新列入计划 {done.added} 项" if done.added else ""
    return f"已安排 {done.linked} 项任务解决这个问题{added}。"


def _page(problem: Problem, form: AnswerForm, *, refused: Refused | None = None) -> str:
    """Render the page with what is ticked so far."""
    return render_template(
        "problems/choose.html",
        pairing=problem.pairing,
        problem=problem,
        page=answer_page(problem, viewer=actor()),
        form=form,
        picked=set(form.library.data or ()),
        ticked=set(form.task.data or ()),
        refused=refused,
    )
