"""The list of a pairing's problems, and one problem: written down, shown, edited."""

from collections.abc import Sequence

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.problems import bp
from portal.blueprints.problems.forms import DismissForm, ProblemForm
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.models import Area, Pairing, Problem, ProblemSource, Severity
from portal.policies.decision import require
from portal.policies.problems import Standing, can_write_problem, standing, why_fixed
from portal.policies.tasks import BINDING
from portal.queries import problems as queries
from portal.queries.gaps import ProblemHint, problem_hint
from portal.queries.history import history_of
from portal.queries.pairings import get_whole_pairing
from portal.queries.problem_chain import Chain, chain_of
from portal.queries.problems import ProblemFilter
from portal.services import problems
from portal.web.accounts import actor
from portal.web.address import id_of, member_of, text_of
from portal.web.htmx import page_or_fragment
from portal.web.refusals import Refused, refusal_of
from portal.web.requests import leave_to, writes

Answer = Response | str | tuple[str, int]


@bp.get("/pairings/<int:pairing_id>/problems")
def list_for_pairing(pairing_id: int) -> Response:
    """Show the pairing's problems, narrowed as the address says; htmx gets the list alone."""
    viewer = actor()
    pairing = get_whole_pairing(pairing_id, viewer=viewer)
    wanted = read_filter()
    return page_or_fragment(
        "problems/list.html",
        "problems/_list.html",
        pairing=pairing,
        wanted=wanted,
        found=queries.problem_list(pairing, wanted),
        standings=Standing,
        areas=Area,
        severities=Severity,
        sources=ProblemSource,
        can_write=can_write_problem(viewer, pairing),
    )


def read_filter() -> ProblemFilter:
    """Read the address into a filter. What makes no sense does not narrow."""
    args = request.args
    return ProblemFilter(
        area=member_of(Area, args.get("area")),
        standing=member_of(Standing, args.get("standing")),
        severity=member_of(Severity, args.get("severity")),
        source=member_of(ProblemSource, args.get("source")),
        survey_id=id_of(args, "survey"),
    )


@bp.route("/pairings/<int:pairing_id>/problems/new", methods=["GET", "POST"])
@writes
def new_problem(pairing_id: int) -> Answer:
    """Write a problem down; a survey's item or an unmet standard fills the form beforehand."""
    pairing = get_whole_pairing(pairing_id, viewer=actor())
    require(can_write_problem(actor(), pairing))
    form = ProblemForm()
    there: Sequence[Problem] = ()
    if request.method == "GET":
        form.found_on.data = clock.today()
        if (survey_id := id_of(request.args, "survey_id")) is not None:
            hint = _hint(pairing, survey_id)
            form.open_with(hint)
            there = hint.there
    if form.survey_id.data:
        form.fix_source()
    if request.method == "GET":
        return _form_page(pairing, form, there=there)
    if form.validate():
        try:
            problem = problems.add_problem(pairing, form.entry(), actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StepRefused as refusal:
            return _form_page(pairing, form, refused=Refused.over_form(refusal)), 409
        else:
            flash(f"已登记问题 {problem.number}，接下来请安排任务。", "success")
            return leave_to(problem_url(problem))
    return _form_page(pairing, form), 422 if form.errors else 200


def _hint(pairing: Pairing, survey_id: int) -> ProblemHint:
    """Return what the survey named in the address says. Raises NotVisible if it is not there."""
    return problem_hint(
        pairing,
        survey_id,
        item_id=id_of(request.args, "item_id"),
        cell=text_of(request.args, "cell", 60),
        standard_id=id_of(request.args, "standard_id"),
        viewer=actor(),
    )


@bp.get("/problems/<int:problem_id>")
def show_problem(problem_id: int) -> str:
    """Show one problem with its chain: need, goal, tasks, evidence, score."""
    return problem_page(queries.get_problem(problem_id, viewer=actor()))


@bp.route("/problems/<int:problem_id>/edit", methods=["GET", "POST"])
@writes
def edit_problem(problem_id: int) -> Answer:
    """Change the words of a problem that is not solved yet."""
    problem = queries.get_problem(problem_id, viewer=actor(), lock=request.method == "POST")
    require(can_write_problem(actor(), problem.pairing, problem.survey))
    form = ProblemForm()
    if problem.survey_id is not None:
        form.fix_source()
    if locked := refusal_of(problems.refuse_unless_open, problem):
        return _form_page(problem.pairing, form, problem, refused=locked), 409
    if request.method == "GET":
        form.fill(problem)
    elif form.validate():
        seen = request.form.get("version", type=int)
        try:
            changed = problems.edit_problem(problem, form.entry(), seen_version=seen, actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit:
            return _form_page(problem.pairing, form, problem, stale=True), 409
        else:
            flash("问题已保存。" if changed else "没有改动。", "success")
            return leave_to(problem_url(problem))
    return _form_page(problem.pairing, form, problem), 422 if form.errors else 200


def problem_url(problem: Problem) -> str:
    """Return the address of a problem's page."""
    return url_for("problems.show_problem", problem_id=problem.id)


def problem_page(
    problem: Problem, *, dismiss: DismissForm | None = None, refused: Refused | None = None
) -> str:
    """Render a problem's page, with the form of a refused dismissal as it was sent."""
    viewer = actor()
    can_write = bool(can_write_problem(viewer, problem.pairing, problem.survey))
    plan = queries.plan_of(problem.pairing_id)
    chain = chain_of(problem, viewer=viewer)
    now = standing(problem)
    return render_template(
        "problems/show.html",
        pairing=problem.pairing,
        problem=problem,
        chain=chain,
        steps=_steps(problem, now, chain),
        source=_source(problem),
        in_force=plan is not None and plan.state in BINDING,
        standing=now,
        can_write=can_write,
        can_choose=can_write_problem(viewer, problem.pairing) and now is not Standing.DISMISSED,
        can_edit=can_write and not why_fixed(problem),
        can_remove=can_write and not problems.why_kept(problem),
        dismiss=dismiss or DismissForm(formdata=None),
        refused=refused,
        events=history_of("problem", problem.id),
    )


def _source(problem: Problem) -> str:
    """Return where the problem was found, in words."""
    parts = [problem.source.label]
    if problem.survey is not None:
        parts.append(problem.survey.title)
    if problem.item is not None:
        parts.append(problem.item.label)
    return "，".join(parts)


def _steps(problem: Problem, now: Standing, chain: Chain) -> list[dict[str, str]]:
    """Return the links of the chain 需求 → 目标 → 任务 → 佐证 → 得分, and which are there."""
    pieces = sum(len(link.pieces) for link in chain.tasks)
    accepted = sum(link.accepted for link in chain.tasks)
    solved = now is Standing.SOLVED
    scored = any(cell.score is not None for line in chain.scores for cell in line.cells)
    links = (
        ("需求", bool(problem.need), ""),
        ("目标", bool(problem.goal), ""),
        ("任务", solved, f"{len(chain.tasks)} 项" if chain.tasks else ""),
        ("佐证", solved and accepted > 0, f"已认可 {accepted}/{pieces} 件" if pieces else ""),
        ("得分", solved and scored, ""),
    )
    begun = {"任务": bool(chain.tasks), "佐证": pieces > 0, "得分": pieces > 0 and scored}
    return [
        {
            "label": label,
            "state": "done" if done else "current" if begun.get(label) else "todo",
            "detail": detail,
        }
        for label, done, detail in links
    ]


def _form_page(
    pairing: Pairing,
    form: ProblemForm,
    problem: Problem | None = None,
    *,
    stale: bool = False,
    refused: Refused | None = None,
    there: Sequence[Problem] = (),
) -> str:
    """Render the form of a new problem, or of ``problem``; ``there``: what it may repeat."""
    return render_template(
        "problems/form.html",
        pairing=pairing,
        problem=problem,
        form=form,
        refused=refused,
        there=there,
        mine=form.shown() if stale else None,
        theirs=form.shown_of(problem) if stale and problem else None,
    )
