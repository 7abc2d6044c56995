"""The record of operations, for the auditor alone."""

from flask import render_template, request

from portal.blueprints.admin import bp
from portal.models import Role
from portal.queries import events as queries
from portal.web.accounts import actor
from portal.web.address import day_of, id_of, kept_of, text_of

FILTERS = ("person", "object", "action", "since", "until")


@bp.get("/events")
def list_events() -> str:
    """List what was done, by whom and when, narrowed by the filters in the address."""
    chosen = queries.EventFilter(
        person=text_of(request.args, "person", 64),
        object_type=text_of(request.args, "object", 40),
        action=text_of(request.args, "action", 60),
        since=day_of(request.args, "since"),
        until=day_of(request.args, "until"),
    )
    page = queries.events_page(
        chosen,
        viewer=actor(),
        before=id_of(request.args, "before"),
        after=id_of(request.args, "after"),
    )
    return render_template(
        "admin/events.html",
        page=page,
        chosen=chosen,
        subjects=queries.usernames_behind(page.rows),
        pairings=queries.pairing_titles_behind(page.rows),
        roles={role.value: role.label for role in Role},
        object_labels=queries.OBJECT_LABELS,
        kept=kept_of(request.args, FILTERS),
    )
