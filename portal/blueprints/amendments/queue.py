"""The queue of what waits to be decided about plans in force."""

from flask import render_template

from portal.blueprints.amendments import bp
from portal.policies.amendments import can_open_changes
from portal.policies.decision import require
from portal.queries.change_queue import change_queue
from portal.web.accounts import actor


@bp.get("/changes")
def list_changes() -> str:
    """List amendments and requests for more time that wait for the viewer."""
    require(can_open_changes(actor()))
    return render_template("amendments/queue.html", queue=change_queue(actor()))
