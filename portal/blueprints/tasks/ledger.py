"""The ledger of all tasks a viewer may see, the same for one pairing, and its xlsx."""

from dataclasses import replace
from typing import Any

from flask import request, send_file, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.tasks import bp
from portal.documents.ledger_xlsx import write_ledger
from portal.models import Area, Light, PlanState, Role, SheetKind, TaskState, User, Weight
from portal.policies.pairings import can_see_whole
from portal.policies.sheets import can_import
from portal.policies.tasks import BINDING
from portal.queries import ledger as queries
from portal.queries.ledger import LedgerFilter
from portal.queries.pairings import demand_pairings, get_pairing
from portal.web.accounts import actor
from portal.web.address import id_of, kept_of, member_of, text_of
from portal.web.audit import exports
from portal.web.htmx import page_or_fragment

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


VIEWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("全部", {}),
    ("未销号", {"open": "1"}),
    ("逾期", {"light": "red"}),
    ("预警", {"light": "yellow"}),
    ("待帮扶方确认", {"state": "closure_requested"}),
    ("待省中心核验", {"state": "confirmed"}),
    ("我负责的", {"mine": "1"}),
)
"""The views people open every day, one click each."""


def _is_view(wanted: LedgerFilter, view: dict[str, str]) -> bool:
    """Whether the page shows just this view (whatever the order and the page)."""
    asked = read_filter(MultiDict(view), wanted.pairing_id)
    return replace(wanted, sort="due", after="") == asked


def read_filter(args: MultiDict[str, str], pairing_id: int | None = None) -> LedgerFilter:
    """Read the address into a filter. What makes no sense does not narrow."""
    weight = member_of(Weight, args.get("weight"))
    sort = args.get("sort", "due")
    return LedgerFilter(
        programme_id=id_of(args, "programme"),
        pairing_id=pairing_id or id_of(args, "pairing"),
        organisation_id=id_of(args, "organisation"),
        area=member_of(Area, args.get("area")),
        state=member_of(TaskState, args.get("state")),
        light=member_of(Light, args.get("light")),
        weight=int(weight) if weight else None,
        text=text_of(args, "q", 100),
        mine=args.get("mine") == "1",
        open_only=args.get("open") == "1",
        sort=sort if sort in queries.SORTS else "due",
        after=text_of(args, "after", 80),
    )


@bp.get("/tasks")
def list_tasks() -> Response:
    """Show the ledger; htmx gets the list alone."""
    viewer = actor()
    demand_pairings(viewer)
    wanted = read_filter(request.args)
    page = queries.ledger_page(wanted, viewer=viewer)
    return page_or_fragment(
        "tasks/list.html",
        "tasks/_ledger.html",
        **_shared(wanted, page, "tasks.list_tasks"),
        **_choices(viewer, wanted),
    )


@bp.get("/pairings/<int:pairing_id>/tasks")
def list_for_pairing(pairing_id: int) -> Response:
    """Show the tasks of one pairing, as a tab of its page."""
    viewer = actor()
    pairing = get_pairing(pairing_id, viewer=viewer)
    wanted = read_filter(request.args, pairing.id)
    page = queries.ledger_page(wanted, viewer=viewer)
    state = queries.plan_state_of(pairing.id)
    return page_or_fragment(
        "tasks/pairing.html",
        "tasks/_ledger.html",
        pairing=pairing,
        in_force=state in BINDING,
        ended=state is PlanState.TERMINATED,
        lists=bool(can_see_whole(viewer, pairing)),
        **_shared(wanted, page, "tasks.list_for_pairing", pairing_id=pairing.id),
    )


@bp.get("/tasks.xlsx")
@exports
def export_tasks() -> Response:
    """Send just what the ledger shows, every page of it, as a workbook."""
    viewer = actor()
    demand_pairings(viewer)
    wanted = read_filter(request.args)
    book = write_ledger(queries.ledger_rows(wanted, viewer=viewer), clock.today())
    name = f"任务台账-{clock.today():%Y%m%d}.xlsx"
    return send_file(book, mimetype=XLSX, as_attachment=True, download_name=name)


def _shared(
    wanted: LedgerFilter, page: queries.LedgerPage, endpoint: str, **values: Any
) -> dict[str, Any]:
    """Return what the list needs wherever it stands."""
    kept: dict[str, Any] = kept_of(
        request.args, tuple(name for name in request.args if name not in ("after", *values))
    )
    exported = {**kept, "pairing": wanted.pairing_id} if wanted.pairing_id else kept
    following = (
        url_for(endpoint, **values, **{**kept, "after": page.next_after})
        if page.next_after
        else None
    )
    return {
        "wanted": wanted,
        "page": page,
        "here": url_for(endpoint, **values),
        # One address for fifty rows: building each would cost more than drawing it.
        "task_url": url_for("tasks.show_task", task_id=0)[:-1],
        "next_url": following,
        "first_url": url_for(endpoint, **values, **kept) if wanted.after else None,
        "export_url": url_for("tasks.export_tasks", **exported),
        "edit_url": url_for("sheets.download_ledger", **exported),
        "may_import": bool(can_import(actor(), SheetKind.LEDGER)),
        "areas": list(Area),
        "states": list(TaskState),
        "lights": list(Light),
        "weights": list(Weight),
        "sorts": [(key, label) for key, (label, _) in queries.SORTS.items() if key != "due"],
        "one_pairing": "pairing_id" in values,
        "views": [
            (label, url_for(endpoint, **values, **view), _is_view(wanted, view))
            for label, view in VIEWS
        ],
    }


def _choices(viewer: User, wanted: LedgerFilter) -> dict[str, Any]:
    """Return the lists of the filters that depend on the viewer."""
    programmes = queries.programme_choices(viewer)
    newest = programmes[0][0] if programmes else None
    return {
        "programmes": programmes,
        "pairings": queries.pairing_choices(viewer, wanted.programme_id or newest),
        "may_own": viewer.role.in_hospital and viewer.role is not Role.CONTRIBUTOR,
    }
