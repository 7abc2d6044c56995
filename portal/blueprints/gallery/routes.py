"""The gallery of a pairing and of a task; each piece shown large has an address of its own."""

from flask import render_template, request, url_for

from portal.blueprints.gallery import bp
from portal.documents.previews.shown import carries_place
from portal.models import Pairing, Task
from portal.queries.gallery import gallery_item, gallery_page
from portal.queries.pairings import get_whole_pairing
from portal.queries.tasks import get_task
from portal.web.accounts import actor
from portal.web.address import id_of
from portal.web.requests import end_reading


@bp.get("/pairings/<int:pairing_id>/gallery")
def show_for_pairing(pairing_id: int) -> str:
    """Show the thumbnails of a pairing, or with ``?item=`` one piece large."""
    pairing = get_whole_pairing(pairing_id, viewer=actor())
    here = url_for("gallery.show_for_pairing", pairing_id=pairing.id)
    return _page(pairing, pairing, here, task=None)


@bp.get("/tasks/<int:task_id>/gallery")
def show_for_task(task_id: int) -> str:
    """Show the thumbnails of a task, or with ``?item=`` one piece large."""
    task = get_task(task_id, viewer=actor())
    here = url_for("gallery.show_for_task", task_id=task.id)
    return _page(task, task.pairing, here, task=task)


def _page(where: Pairing | Task, pairing: Pairing, here: str, *, task: Task | None) -> str:
    common = {"pairing": pairing, "task": task, "here": here}
    if evidence_id := id_of(request.args, "item"):
        item = gallery_item(where, evidence_id, viewer=actor())
        end_reading()
        place = carries_place(item.piece.file)
        return render_template("gallery/item.html", item=item, place=place, **common)
    page = gallery_page(
        where,
        viewer=actor(),
        before=id_of(request.args, "before"),
        after=id_of(request.args, "after"),
    )
    return render_template("gallery/show.html", page=page, **common)
