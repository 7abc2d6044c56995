"""The library of standard tasks, to read."""

from flask import render_template, request

from portal import reference_data
from portal.blueprints.library import bp
from portal.models import Area, Weight
from portal.policies.decision import require
from portal.policies.plans import can_see_library
from portal.queries.library import basis_of, library_tasks
from portal.web.accounts import actor
from portal.web.address import member_of, text_of


@bp.get("")
def list_tasks() -> str:
    """Show the standard tasks, filtered by area, weight and words."""
    require(can_see_library(actor()))
    area, weight = request.args.get("area", ""), request.args.get("weight", "")
    text = text_of(request.args, "q", 50)
    known_area = member_of(Area, area)
    known_weight = member_of(Weight, weight)
    tasks = library_tasks(
        area=known_area, weight=int(known_weight) if known_weight else None, text=text
    )
    return render_template(
        "library/list.html",
        areas=[(one, [task for task in tasks if task.area is one]) for one in Area],
        count=len(tasks),
        unverified=sum(not task.verified for task in tasks),
        basis_of=basis_of,
        source=reference_data.load("task_library_2020")["source"],
        area=area,
        weight=weight,
        text=text,
        area_choices=[(one.value, one.label) for one in Area],
        weight_choices=[(one.value, one.label) for one in Weight],
    )
