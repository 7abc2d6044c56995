"""The five lists of a pairing: on the screen, on paper, as a workbook."""

from typing import Any

from flask import render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.lists import bp
from portal.documents.five_lists_xlsx import write_list
from portal.errors import NotVisible
from portal.models import Area, Pairing
from portal.queries.five_lists import FiveList, Link, ListPage, Shown, list_page
from portal.queries.pairings import get_whole_pairing
from portal.web.accounts import actor
from portal.web.address import member_of
from portal.web.audit import exports

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/pairings/<int:pairing_id>/lists/<slug:name>")
def show_list(pairing_id: int, name: str) -> str:
    """Show one of the five lists, with the way to the others."""
    pairing, page = _loaded(pairing_id, name)
    area = _area()
    kept = {"area": area.value} if area else {}

    def address(endpoint: str, which: FiveList, **more: Any) -> str:
        return url_for(f"lists.{endpoint}", pairing_id=pairing.id, name=which.value, **more)

    tabs = [
        {
            "label": one.label,
            "url": address("show_list", one, **kept),
            "active": one is page.which,
        }
        for one in FiveList
    ]
    return render_template(
        "lists/show.html",
        tabs=tabs,
        area=area,
        areas=Area,
        here=address("show_list", page.which),
        print_url=address("print_list", page.which, **kept),
        export_url=address("export_list", page.which, **kept),
        **_shared(pairing, page),
    )


@bp.get("/pairings/<int:pairing_id>/lists/<slug:name>/print")
@exports
def print_list(pairing_id: int, name: str) -> str:
    """Show one of the five lists as a sheet to print."""
    pairing, page = _loaded(pairing_id, name)
    back = url_for("lists.show_list", pairing_id=pairing.id, name=page.which.value)
    return render_template("lists/print.html", back_url=back, **_shared(pairing, page))


@bp.get("/pairings/<int:pairing_id>/lists/<slug:name>.xlsx")
@exports
def export_list(pairing_id: int, name: str) -> Response:
    """Send one of the five lists as a workbook."""
    pairing, page = _loaded(pairing_id, name)
    hospital = pairing.supported.short_name
    called = f"{page.which.label}-{hospital}-{clock.today():%Y%m%d}.xlsx"
    return send_file(write_list(page), mimetype=XLSX, as_attachment=True, download_name=called)


def _loaded(pairing_id: int, name: str) -> tuple[Pairing, ListPage]:
    """Return the pairing and the list of that name. Raises NotVisible where there is none."""
    pairing = get_whole_pairing(pairing_id, viewer=actor())
    which = member_of(FiveList, name)
    if which is None:
        raise NotVisible()
    return pairing, list_page(which, pairing, area=_area())


def _area() -> Area | None:
    return member_of(Area, request.args.get("area"))


def _shared(pairing: Pairing, page: ListPage) -> dict[str, Any]:
    """Return what screen and paper both need."""
    return {"pairing": pairing, "page": page, "is_link": _is_link, "is_shown": _is_shown}


def _is_link(cell: object) -> bool:
    return isinstance(cell, Link)


def _is_shown(cell: object) -> bool:
    return isinstance(cell, Shown)
