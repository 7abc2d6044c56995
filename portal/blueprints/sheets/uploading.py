"""Sending a workbook back: read in a process of its own, then kept and checked."""

from collections.abc import Sequence
from typing import BinaryIO, cast

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.sheets import bp
from portal.blueprints.sheets.forms import UploadSheetForm
from portal.documents.workbooks.reading import Workbook, read_workbook
from portal.documents.workbooks.tables import Table, find_table
from portal.errors import NotVisible, Rejected
from portal.models import Pairing, SheetImport, SheetKind
from portal.policies.decision import require
from portal.policies.sheets import can_import
from portal.queries import sheets as queries
from portal.services import sheet_imports
from portal.web.accounts import actor
from portal.web.address import member_of
from portal.web.requests import begin_writing, leave_to, let_go, reads_first, writes


@bp.route("/imports/new", methods=["GET", "POST"])
@reads_first
@writes
def upload() -> Response | str | tuple[str, int]:
    """Take a workbook in; its first rows are checked at once."""
    kind = member_of(SheetKind, request.values.get("kind")) or SheetKind.LEDGER
    require(can_import(actor(), kind))
    offered = queries.own_pairings(viewer=actor(), with_open_plan=kind is SheetKind.PLAN)
    form = UploadSheetForm()
    form.offer(offered)
    if request.method == "GET":
        asked = request.args.getlist("pairing", type=int)
        form.pairing.data = [one.id for one in offered if one.id in asked or len(offered) == 1]
        return _page(kind, form, offered)
    chosen = _chosen(kind, form, offered)
    if not form.validate():
        return _page(kind, form, offered), 422
    try:
        sheet = _take(kind, form, chosen)
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return _page(kind, form, offered), 422
    return leave_to(url_for("sheets.show_import", import_id=sheet.id))


def _chosen(kind: SheetKind, form: UploadSheetForm, offered: Sequence[Pairing]) -> list[int]:
    """Return the pairings to import into. Raises NotVisible for one that is not offered."""
    ids = [one.id for one in offered]
    if kind is SheetKind.LEDGER:
        return ids
    wanted = form.pairing.data or []
    if not set(wanted) <= set(ids):
        raise NotVisible()
    return list(dict.fromkeys(wanted))


def _take(kind: SheetKind, form: UploadSheetForm, chosen: Sequence[int]) -> SheetImport:
    """Read the file while nothing of the database is held, then keep its rows."""
    if not chosen:
        raise Rejected({"pairing": "请至少选择一个结对。"})
    upload = form.file.data
    let_go()
    book: Workbook = read_workbook(cast(BinaryIO, upload.stream))
    table: Table = find_table(book.sheets, kind)
    begin_writing()
    sheet = sheet_imports.start_import(
        kind,
        table.rows,
        letters=table.letters,
        remarks=table.remarks,
        pairing_ids=chosen,
        file_name=upload.filename or "",
        sha256=book.sha256,
        actor=actor(),
    )
    sheet_imports.check_next(sheet, actor=actor())
    return sheet


def _page(kind: SheetKind, form: UploadSheetForm, offered: Sequence[Pairing]) -> str:
    """Render the form, and what a workbook must look like."""
    return render_template(
        "sheets/upload.html",
        kind=kind,
        form=form,
        offered=offered,
        is_plan=kind is SheetKind.PLAN,
        asked=form.pairing.data or [],
    )
