"""The goals by year and area, on one page."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.plans import bp
from portal.blueprints.plans.forms import GoalsForm, goals_form
from portal.blueprints.plans.routes import plan_url
from portal.errors import StaleEdit, StepRefused
from portal.models import Area, Plan
from portal.policies.decision import require
from portal.policies.plans import can_edit_plan
from portal.queries import plans as queries
from portal.services.goals import copy_goals, goals_mark, goals_of, save_goals
from portal.services.plan_changes import refuse_unless_open
from portal.web.accounts import actor
from portal.web.refusals import Refused, refusal_of
from portal.web.requests import leave_to, writes


@bp.route("/plans/<int:plan_id>/goals", methods=["GET", "POST"])
@writes
def edit_goals(plan_id: int) -> Response | str | tuple[str, int]:
    """Edit all goals at once, and write them into other plans that have none yet."""
    plan = queries.get_plan(plan_id, viewer=actor())
    require(can_edit_plan(actor(), plan))
    form = goals_form(tuple(plan.pairing.programme.years))()
    if locked := refusal_of(refuse_unless_open, plan):
        return _goals_page(plan, form, refused=locked), 409
    if request.method == "GET":
        for (year, area), text in goals_of(plan).items():
            form.field_of(year, area).data = text
        # Goals are mostly the same everywhere: plans without any are offered ticked.
        form["also"].data = queries.plans_without_goals(actor(), besides=plan)
        return _goals_page(plan, form)
    if not form.validate():
        return _goals_page(plan, form), 422
    others = queries.get_open_plans(form["also"].data, viewer=actor(), besides=plan)
    try:
        changed = save_goals(plan, form.goals(), seen=request.form.get("version"), actor=actor())
    except StaleEdit as stale:
        return _goals_page(plan, form, stale=stale.sentence), 409
    except StepRefused as refused:
        return _goals_page(plan, form, refused=Refused.over_form(refused)), 409
    copied = copy_goals(plan, others, actor=actor())
    flash(_saved(changed, copied), "success")
    return leave_to(plan_url(plan))


def _saved(changed: int, copied: int) -> str:
    """Say what was saved."""
    own = f"年度目标已保存，改动 {changed} 处。" if changed else "年度目标没有改动。"
    return own + (f"已补入其他 {copied} 个结对。" if copied else "")


def _goals_page(
    plan: Plan, form: GoalsForm, stale: str = "", refused: Refused | None = None
) -> str:
    """Render the page; after a stale edit, what was typed beside what was saved."""
    saved = goals_of(plan)
    differing = [
        (form.field_of(*key).label.text, text, saved.get(key, ""))
        for key, text in form.goals().items()
        if text != saved.get(key, "")
    ]
    return render_template(
        "plans/goals.html",
        pairing=plan.pairing,
        plan=plan,
        form=form,
        areas=list(Area),
        spans=queries.year_spans(plan),
        mark=goals_mark(plan),
        others=queries.open_plans(actor(), besides=plan),
        stale=stale,
        refused=refused,
        mine=[(label, text) for label, text, _ in differing],
        theirs=[(label, text) for label, _, text in differing],
        back=url_for("plans.show_plan", pairing_id=plan.pairing_id),
    )
