"""Picking standard tasks from the library for one or several pairings."""

from collections.abc import Collection, Sequence

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.plans import bp
from portal.blueprints.plans.forms import PickForm
from portal.errors import Rejected
from portal.models import BaseKind, LibraryTask, Pairing, Side
from portal.policies.decision import require
from portal.policies.plans import can_pick_tasks
from portal.queries.library import library_tasks
from portal.queries.library_examples import examples_for
from portal.queries.picking import (
    PickPairing,
    chosen_pairings,
    pick_lines,
    pickable,
    plan_of,
)
from portal.queries.plan_builder import usual_people
from portal.queries.plans import names_of, people_of_all
from portal.services import plans
from portal.web.accounts import actor
from portal.web.address import member_of
from portal.web.requests import leave_to, unsaved, writes

TICKS = {"core": 3, "key": 2, "all": 1, "none": 4}
"""The buttons that tick tasks of a least weight."""


@bp.route("/plans/pick", methods=["GET", "POST"])
@writes
def pick_tasks() -> Response | str | tuple[str, int]:
    """Choose pairings and standard tasks on one page; one submit makes all."""
    require(can_pick_tasks(actor()))
    form = PickForm()
    library = library_tasks()
    if request.method == "GET":
        return _first_page(form, library)
    pairings = chosen_pairings(form.pairing.data or [], viewer=actor())
    if tick := request.form.get("tick"):
        shown = _ticked(form, library, tick)
        return unsaved(_pick_page(form, library, pickable(actor()), shown))
    if form.validate():
        try:
            added = plans.pick_for_pairings(
                pairings,
                [task for task in library if task.id in form.task.data],
                starts_on=form.starts_on.data,
                people=_people_sent(pairings),
                actor=actor(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            _say(added, len(pairings))
            return leave_to(_next_page(pairings))
    return _pick_page(form, library, pickable(actor()), _ticked(form, library)), 422


def _next_page(pairings: Sequence[Pairing]) -> str:
    """Return where to go on: the goals while the first plan has none, else the plan."""
    plan = plan_of(pairings[0])
    if plan is not None and not plan.goals:
        return url_for("plans.edit_goals", plan_id=plan.id)
    return url_for("plans.show_plan", pairing_id=pairings[0].id)


def _people_sent(pairings: Sequence[Pairing]) -> dict[int, dict[Side, str]]:
    """Return who was named for each pairing; nothing for one that was not on the form."""
    return {
        one.id: {side: request.form.get(f"{side.value}-{one.id}", "").strip() for side in Side}
        for one in pairings
        if f"{Side.SUPPORTING.value}-{one.id}" in request.form
    }


def _say(added: int, pairings: int) -> None:
    """Tell how much was added."""
    if added:
        flash(f"已为 {pairings} 个结对列入 {added} 项任务。", "success")
    else:
        flash("所选任务都已在任务清单中，没有重复列入。", "info")


def _ticked(form: PickForm, library: Sequence[LibraryTask], tick: str = "keep") -> set[int]:
    """Return which tasks to show ticked: as sent, or all of a least weight."""
    if tick not in TICKS:
        return set(form.task.data or [])
    return {task.id for task in library if task.weight >= TICKS[tick]}


def _first_page(form: PickForm, library: Sequence[LibraryTask]) -> str:
    """Render the page as it opens: the pairings asked for (else all), core tasks ticked.

    Raises NotVisible when a pairing asked for is not one the viewer sees.
    """
    wanted = request.args.getlist("pairing", type=int)
    chosen_pairings(wanted, viewer=actor())
    options = pickable(actor())
    asked = [one for one in options if one.pairing.id in wanted]
    # Without a choice in the address: the pairings that still have to begin, else all.
    chosen = asked or [one for one in options if not one.has_tasks] or options
    form.pairing.data = [one.pairing.id for one in chosen]
    form.starts_on.data = chosen[0].term[0] if chosen else None
    return _pick_page(form, library, options, _ticked(form, library, "core"))


def _pick_page(
    form: PickForm,
    library: Sequence[LibraryTask],
    options: Sequence[PickPairing],
    ticked: Collection[int],
) -> str:
    """Render the page with what is chosen so far."""
    pairings = [one.pairing for one in options]
    staff = people_of_all(pairings)
    return render_template(
        "plans/pick.html",
        form=form,
        options=options,
        sides=list(Side),
        people={**usual_people(pairings, staff), **_people_sent(pairings)},
        names={pairing_id: names_of(people) for pairing_id, people in staff.items()},
        areas=pick_lines(
            library,
            [one for one in options if one.pairing.id in (form.pairing.data or [])],
            kind=member_of(BaseKind, form.kind.data),
            starts_on=form.starts_on.data,
        ),
        ticked=ticked,
        examples=examples_for({task.code for task in library}),
    )
