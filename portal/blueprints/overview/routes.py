"""The commission's one screen: pairings by areas, every number opening its list."""

from types import SimpleNamespace
from typing import Any

from flask import render_template, request, url_for

from portal.blueprints.overview import bp
from portal.errors import Forbidden
from portal.models import Area, Role
from portal.queries.overview import OverviewRow, overview
from portal.web.accounts import actor
from portal.web.address import id_of

READERS = {
    Role.COMMISSION_OFFICER,
    Role.CENTRE_REVIEWER,
    Role.CITY_OFFICER,
    Role.BASE_COORDINATOR,
    Role.BASE_LEADER,
}
TROUBLE_PAGES = {
    "agreement": "agreements.show_for_pairing",
    "meeting": "meetings.list_for_pairing",
    "group": "pairings.show_pairing",
}


@bp.get("/overview")
def show() -> str:
    """Show one programme's pairings by areas."""
    viewer = actor()
    if viewer.role not in READERS:
        raise Forbidden("总览面向省、市卫生健康委、省中心和结对单位。")
    seen = overview(viewer, id_of(request.args, "programme"))
    rows = [_matrix_row(row) for row in seen.rows]
    return render_template(
        "overview/show.html",
        seen=seen,
        total=seen.total,
        programme_pairs=[(one.id, one.name) for one in seen.programmes],
        areas=[area.short for area in Area],
        rows=rows,
        troubled=[row for row in rows if row.troubles],
    )


def _matrix_row(row: OverviewRow) -> SimpleNamespace:
    """Return the row with the addresses its cells and reasons open."""
    pairing_id = row.pairing.id
    tasks_url = url_for("tasks.list_for_pairing", pairing_id=pairing_id)
    return SimpleNamespace(
        label=row.pairing.supported.short_name,
        sub=f"{row.pairing.supporting.short_name}帮扶",
        url=url_for("pairings.show_pairing", pairing_id=pairing_id),
        light=row.light,
        cells=[_cell(tasks_url, area, cell) for area, cell in row.cells.items()],
        troubles=[(reason, _trouble_url(pairing_id, kind)) for reason, kind in row.troubles],
        grade=row.grade,
        grade_url=(
            url_for("assessments.show_assessment", assessment_id=row.grade.id)
            if row.grade
            else None
        ),
        total=row.total,
        agreement=row.agreement,
        agreement_late_days=row.agreement_late_days,
        meeting=row.meeting,
        pairing=row.pairing,
    )


def _cell(tasks_url: str, area: Area, cell: Any) -> SimpleNamespace:
    return SimpleNamespace(
        url=f"{tasks_url}?area={area.value}",
        light=cell.light,
        closed=cell.closed,
        total=cell.total,
        detail=cell.detail,
    )


def _trouble_url(pairing_id: int, kind: str) -> str:
    if kind == "red":
        return url_for("tasks.list_for_pairing", pairing_id=pairing_id, light="red")
    return url_for(TROUBLE_PAGES[kind], pairing_id=pairing_id)
