"""What becomes of a problem: not taken on, taken on again, deleted, parted from a task."""

from flask import flash, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.problems import bp
from portal.blueprints.problems.forms import DismissForm
from portal.blueprints.problems.routes import problem_page, problem_url
from portal.errors import StaleEdit, StepRefused
from portal.policies.decision import require
from portal.policies.problems import can_write_problem
from portal.queries import problems as queries
from portal.row_ids import row_id
from portal.services import problem_links, problems
from portal.web.accounts import actor
from portal.web.refusals import Refused
from portal.web.requests import leave_to, writes


@bp.post("/problems/<int:problem_id>/dismiss")
@writes
def dismiss_problem(problem_id: int) -> Response | tuple[str, int]:
    """Say that the assistance does not take the problem on, and why."""
    problem = queries.get_problem(problem_id, viewer=actor(), lock=True)
    require(can_write_problem(actor(), problem.pairing, problem.survey))
    form = DismissForm()
    if not form.validate():
        return problem_page(problem, dismiss=form), 422
    try:
        problems.dismiss_problem(
            problem,
            reason=form.reason.data or "",
            seen_version=request.form.get("version", type=int),
            actor=actor(),
        )
    except (StaleEdit, StepRefused) as refusal:
        return problem_page(problem, refused=Refused.of(refusal, form)), 409
    flash("问题已标为不列入帮扶。", "success")
    return leave_to(problem_url(problem))


@bp.post("/problems/<int:problem_id>/take-back")
@writes
def take_back(problem_id: int) -> Response:
    """Take a problem on after all."""
    problem = queries.get_problem(problem_id, viewer=actor(), lock=True)
    problems.take_back(problem, actor=actor())
    flash("问题已恢复列入帮扶。", "success")
    return leave_to(problem_url(problem))


@bp.post("/problems/<int:problem_id>/remove")
@writes
def remove_problem(problem_id: int) -> Response:
    """Delete a problem that was written down by mistake."""
    problem = queries.get_problem(problem_id, viewer=actor(), lock=True)
    pairing_id, number = problem.pairing_id, problem.number
    problems.remove_problem(problem, actor=actor())
    flash(f"已删除问题 {number}。", "success")
    return leave_to(url_for("problems.list_for_pairing", pairing_id=pairing_id))


@bp.post("/problems/<int:problem_id>/unlink")
@writes
def unlink_task(problem_id: int) -> Response:
    """Say that a task does not answer the problem."""
    problem = queries.get_problem(problem_id, viewer=actor(), lock=True)
    require(can_write_problem(actor(), problem.pairing))
    task = problem_links.unlink_task(problem, row_id(request.form.get("task")) or 0, actor=actor())
    flash(f"任务 {task.code} 不再对应这个问题。", "success")
    return leave_to(problem_url(problem))
