"""The preview of a workbook, its progress while it is checked, and the list of imports."""

from typing import Any

from flask import render_template, request, url_for

from portal import clock
from portal.blueprints.sheets import bp
from portal.errors import Forbidden
from portal.models import SheetImport, SheetImportState, SheetKind
from portal.policies.sheet_findings import (
    CHOICES,
    counts,
    missing_for_apply,
    of_kind,
    undecided,
)
from portal.policies.sheet_rows import RowKind
from portal.policies.sheets import (
    UPLOADERS,
    can_handle,
    can_import,
    undo_in_time,
    undo_until,
)
from portal.queries import sheets as queries
from portal.web.accounts import actor
from portal.web.address import member_of

PAGE_SIZE = 50
SHOWN_FIRST = (RowKind.WRONG, RowKind.CONFLICT, RowKind.CHANGED, RowKind.ADDED)


@bp.get("/imports")
def list_imports() -> str:
    """List the viewer's imports, and those of their hospital."""
    viewer = actor()
    if not any(viewer.role in roles for roles in UPLOADERS.values()):
        raise Forbidden("表格导入供结对双方医院的人员使用。")
    return render_template(
        "sheets/list.html",
        imports=queries.list_imports(viewer=viewer),
        may_plan=bool(can_import(viewer, SheetKind.PLAN)),
        now=clock.now(),
        undo_until=undo_until,
    )


@bp.get("/imports/<int:import_id>")
def show_import(import_id: int) -> str:
    """Show what a workbook would change, or did."""
    sheet = queries.get_import(import_id, viewer=actor())
    return render_import(sheet)


def render_import(sheet: SheetImport, refused: list[str] | None = None) -> str:
    """Render the page of an import, with the sentences of a refused step above it."""
    if sheet.state is SheetImportState.READING:
        return render_template("sheets/checking.html", **progress_context(sheet))
    return render_template(
        "sheets/show.html", sheet=sheet, refused=refused or [], **_found(sheet), **_steps(sheet)
    )


def progress_context(sheet: SheetImport) -> dict[str, Any]:
    """Return what the progress of the check shows."""
    return {"sheet": sheet, "may_handle": bool(can_handle(actor(), sheet))}


def _found(sheet: SheetImport) -> dict[str, Any]:
    """Return the findings of one kind, a page of them."""
    found = counts(sheet)
    asked = member_of(RowKind, request.args.get("show"))
    shown = asked or next((one for one in SHOWN_FIRST if found[one]), RowKind.CHANGED)
    rows = of_kind(sheet.findings, shown)
    last = max(0, (len(rows) - 1) // PAGE_SIZE)
    page = min(max(0, request.args.get("page", 0, type=int)), last)
    here: dict[str, Any] = {"import_id": sheet.id, "show": shown.value}
    return {
        "counts": found,
        "shown": shown,
        "kinds": [one for one in RowKind if one is not RowKind.UNCHANGED and found[one]],
        "RowKind": RowKind,
        "rows": rows[page * PAGE_SIZE : (page + 1) * PAGE_SIZE],
        "total_shown": len(rows),
        "undecided": len(undecided(sheet.findings)),
        "choices": CHOICES,
        "prev_url": url_for("sheets.show_import", page=page - 1, **here) if page else None,
        "next_url": url_for("sheets.show_import", page=page + 1, **here) if page < last else None,
        "page_number": page,
    }


def _steps(sheet: SheetImport) -> dict[str, Any]:
    """Return what can be done with it now, by this viewer."""
    viewer = actor()
    waits = sheet.state is SheetImportState.CHECKED
    return {
        "may_handle": waits and bool(can_handle(viewer, sheet)),
        "missing": missing_for_apply(sheet) if waits else [],
        "may_undo": bool(undo_in_time(sheet, clock.now()))
        and queries.may_undo(sheet, viewer=viewer),
        "undo_until": undo_until(sheet),
        "back": back_url(sheet),
    }


def back_url(sheet: SheetImport) -> str:
    """Return the page that the workbook is a copy of."""
    if sheet.kind is SheetKind.PLAN and len(sheet.pairing_ids) == 1:
        return url_for("plans.show_plan", pairing_id=sheet.pairing_ids[0])
    return url_for(
        "tasks.list_tasks" if sheet.kind is SheetKind.LEDGER else "pairings.list_pairings"
    )
