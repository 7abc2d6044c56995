"""The record of operations, for the auditor alone."""

from datetime import date

from flask import render_template, request

from portal.blueprints.admin import bp
from portal.models import Role
from portal.queries import events as queries
from portal.web.accounts import actor

FILTERS = ("person", "object", "action", "since", "until")


@bp.get("/events")
def list_events() -> str:
    """List what was done, by whom and when, narrowed by the filters in the address."""
    chosen = queries.EventFilter(
        person=request.args.get("person", "").strip()[:64],
        object_type=request.args.get("object", "")[:40],
        action=request.args.get("action", "").strip()[:60],
        since=_day("since"),
        until=_day("until"),
    )
    page = queries.events_page(
        chosen,
        viewer=actor(),
        before=request.args.get("before", type=int),
        after=request.args.get("after", type=int),
    )
    return render_template(
        "admin/events.html",
        page=page,
        chosen=chosen,
        subjects=queries.usernames_behind(page.rows),
        pairings=queries.pairing_titles_behind(page.rows),
        roles={role.value: role.label for role in Role},
        object_labels=queries.OBJECT_LABELS,
        kept={name: value for name, value in request.args.items() if name in FILTERS and value},
    )


def _day(name: str) -> date | None:
    """Return a day of the address, or nothing where it is not one."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
