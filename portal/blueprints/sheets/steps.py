"""The steps of an import: check on, choose, import, put aside, take back."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.sheets import bp
from portal.blueprints.sheets.pages import progress_context, render_import
from portal.errors import StaleEdit, StepRefused
from portal.models import SheetImport, SheetImportState
from portal.policies.decision import require
from portal.policies.sheet_findings import CHOICES, of_kind
from portal.policies.sheet_rows import RowKind
from portal.policies.sheets import can_handle
from portal.queries import sheets as queries
from portal.row_ids import row_id
from portal.services import sheet_applying, sheet_imports, sheet_undoing
from portal.web.accounts import actor
from portal.web.htmx import is_htmx
from portal.web.requests import leave_to, writes

MEANWHILE = "核对以后有人改动了这些任务，已重新核对，请再看一遍后导入。"


@bp.post("/imports/<int:import_id>/check")
@writes
def check_next(import_id: int) -> Response | str:
    """Check the next rows; htmx asks again by itself until all are checked."""
    sheet = queries.get_import(import_id, viewer=actor())
    sheet_imports.check_next(sheet, actor=actor())
    if is_htmx() and sheet.state is SheetImportState.READING:
        return render_template("sheets/_progress.html", **progress_context(sheet))
    return leave_to(_url(sheet))


@bp.post("/imports/<int:import_id>/choose")
@writes
def choose(import_id: int) -> Response:
    """Keep whose text shall stand in conflicting rows: row by row, or in all of them."""
    sheet = queries.get_import(import_id, viewer=actor())
    everywhere = request.form.get("all", "")
    choices = {
        number: value
        for name, value in request.form.items()
        if name.startswith("choice-") and (number := row_id(name.removeprefix("choice-")))
    }
    if everywhere in CHOICES:
        rows = of_kind(sheet.findings, RowKind.CONFLICT)
        choices = {int(one["row"]): everywhere for one in rows}
    decided = sheet_imports.choose(sheet, choices, actor=actor())
    flash(f"已选定 {decided} 行。", "success")
    return leave_to(_url(sheet, show=RowKind.CONFLICT.value))


@bp.post("/imports/<int:import_id>/apply")
@writes
def apply_import(import_id: int) -> Response | tuple[str, int]:
    """Write all rows or none."""
    sheet = queries.get_import(import_id, viewer=actor())
    try:
        done = sheet_applying.apply_import(
            sheet, seen_version=request.form.get("version", type=int), actor=actor()
        )
    except (StepRefused, StaleEdit) as refusal:
        return _again(import_id, refusal.sentences)
    if done:
        flash(f"已导入 {len(sheet.undo)} 项任务的改动，24 小时内可以撤销。", "success")
    else:
        flash(MEANWHILE, "warning")
    return leave_to(_url(sheet))


@bp.post("/imports/<int:import_id>/discard")
@writes
def discard(import_id: int) -> Response:
    """Put a workbook aside that was not imported."""
    sheet = queries.get_import(import_id, viewer=actor())
    require(can_handle(actor(), sheet))
    sheet_imports.discard(sheet, actor=actor())
    flash("已放弃这份表格，没有写入任何内容。", "info")
    return leave_to(url_for("sheets.list_imports"))


@bp.post("/imports/<int:import_id>/undo")
@writes
def undo_import(import_id: int) -> Response | tuple[str, int]:
    """Put back every row as it was before the import, or none."""
    sheet = queries.get_import(import_id, viewer=actor())
    try:
        number = sheet_undoing.undo_import(sheet, actor=actor())
    except StepRefused as refusal:
        return _again(import_id, refusal.sentences)
    flash(f"已撤销导入，{number} 项任务恢复原样（{sheet.note}）。", "success")
    return leave_to(_url(sheet))


def _again(import_id: int, sentences: list[str]) -> tuple[str, int]:
    """Render the page of a refused step, loaded as for reading."""
    sheet = queries.get_import(import_id, viewer=actor())
    return render_import(sheet, sentences), 409


def _url(sheet: SheetImport, show: str | None = None) -> str:
    return url_for("sheets.show_import", import_id=sheet.id, show=show)
