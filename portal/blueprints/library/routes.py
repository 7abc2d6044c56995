"""The library of standard tasks, to read."""

from collections.abc import Sequence

from flask import render_template, request

from portal import reference_data
from portal.blueprints.library import bp
from portal.models import Area, LibraryEdition, LibraryTask, Weight
from portal.policies.decision import require
from portal.policies.library import can_edit_library, sees_drafts
from portal.policies.library_fields import FIELDS, differences, values_of
from portal.policies.plans import can_see_library
from portal.queries import library_editions as editions
from portal.queries.library import (
    basis_of,
    get_standard_task,
    library_tasks,
    published_edition,
)
from portal.queries.library_examples import examples_for
from portal.web.accounts import actor
from portal.web.address import member_of, text_of


@bp.get("/library")
def list_tasks() -> str:
    """Show the standard tasks in use, filtered by area, weight and words."""
    require(can_see_library(actor()))
    area, weight = request.args.get("area", ""), request.args.get("weight", "")
    text = text_of(request.args, "q", 50)
    known_area = member_of(Area, area)
    known_weight = member_of(Weight, weight)
    tasks = library_tasks(
        area=known_area, weight=int(known_weight) if known_weight else None, text=text
    )
    edition = published_edition()
    return render_template(
        "library/list.html",
        areas=by_area(tasks),
        count=len(tasks),
        unverified=sum(not task.verified for task in tasks),
        basis_of=basis_of,
        edition=edition,
        source=source_of(edition),
        examples=examples_for({task.code for task in tasks}),
        draft=editions.draft_of(actor()),
        can_edit=can_edit_library(actor()),
        area=area,
        weight=weight,
        text=text,
        area_choices=[(one.value, one.label) for one in Area],
        weight_choices=[(one.value, one.label) for one in Weight],
    )


@bp.get("/library/tasks/<int:task_id>")
def show_task(task_id: int) -> str:
    """Show one standard task whole, with its examples; of an older edition, what is new since."""
    require(can_see_library(actor()))
    task = get_standard_task(task_id, drafts=sees_drafts(actor()))
    current = next((one for one in library_tasks() if one.code == task.code), None)
    newer = current if current and current.edition != task.edition else None
    return render_template(
        "library/task.html",
        task=task,
        shown={field.name: field.shown(getattr(task, field.name)) for field in FIELDS},
        labels=editions.item_labels() if task.item_keys else {},
        basis_of=basis_of,
        examples=examples_for({task.code}).get(task.code, []),
        newer=newer,
        changed=differences(values_of(task), values_of(newer)) if newer else [],
    )


def by_area(tasks: Sequence[LibraryTask]) -> list[tuple[Area, list[LibraryTask]]]:
    """Return the tasks of every area, in the notice's order."""
    return [(one, [task for task in tasks if task.area is one]) for one in Area]


def source_of(edition: LibraryEdition | None) -> str:
    """Return what the edition rests on: its note, or what the shipped file says of its own."""
    if edition is None:
        return ""
    shipped = reference_data.load("task_library_2020")
    if edition.note or edition.edition != shipped["edition"]:
        return edition.note
    return str(shipped["source"])
