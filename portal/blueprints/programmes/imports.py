"""Importing a pairing table: send it, look at every row, then all or nothing."""

import json
import re
from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.programmes import bp
from portal.blueprints.programmes.forms import ImportTableForm
from portal.documents import pairing_table
from portal.documents.office import MAX_ROWS
from portal.errors import Rejected
from portal.models import Programme, Side
from portal.policies.decision import require
from portal.policies.hospital_names import name_key, tidy_name
from portal.policies.pairing_table import Corrections, NameChoice, PairLine
from portal.policies.programmes import can_manage_programmes
from portal.queries import programmes as queries
from portal.row_ids import row_id
from portal.services import pairing_import
from portal.web.accounts import actor
from portal.web.forms import trimmed
from portal.web.requests import leave_to, only_looks, writes

MAX_UNKNOWN = 60
"""With more unknown names than this, it is the wrong table rather than many new hospitals."""

COUNTER = re.compile("[0-9]{1,4}")
"""How the preview counts its rows and names, from nought, in the names of its fields."""


@bp.route("/<int:programme_id>/import", methods=["GET", "POST"])
@only_looks
def import_pairings(programme_id: int) -> tuple[str, int]:
    """Take a table, or the preview's corrections, and show every row with its problems."""
    programme = _programme(programme_id)
    if "table" in request.form:
        lines = _lines_sent()
        return _preview(programme, lines, _corrections_sent(), request.form.get("where", "")), 200
    form = ImportTableForm()
    if request.method == "POST" and form.validate():
        try:
            table = (
                pairing_table.read_file(form.file.data.stream)
                if form.file.data
                else pairing_table.read_text(form.text.data)
            )
            return _preview(programme, table.lines, None, table.where), 200
        except Rejected as refusal:
            form.add_errors(refusal.fields)
    page = render_template("programmes/import.html", programme=programme, form=form)
    return page, 422 if form.errors else 200


@bp.post("/<int:programme_id>/import/confirm")
@writes
def confirm_import(programme_id: int) -> Response | tuple[str, int]:
    """Write all rows or none."""
    programme = _programme(programme_id)
    lines, corrections = _lines_sent(), _corrections_sent()
    try:
        added = pairing_import.import_table(programme, lines, corrections, actor=actor())
    except Rejected as refusal:
        where = request.form.get("where", "")
        return _preview(programme, lines, corrections, where, refusal.sentence), 422
    flash(f"已导入 {len(added)} 个结对。", "success")
    return leave_to(url_for("programmes.show_programme", programme_id=programme.id))


def _programme(programme_id: int) -> Programme:
    programme = queries.get_programme(programme_id, viewer=actor())
    require(can_manage_programmes(actor()))
    return programme


def _preview(
    programme: Programme,
    lines: list[PairLine],
    corrections: Corrections | None,
    where: str,
    refusal: str = "",
) -> str:
    """Render the preview. Raises Rejected for a table that names hardly any hospital we know."""
    directory = pairing_import.load_directory()
    table = pairing_import.preview_table(programme, lines, corrections, directory)
    if len(table.unknown) > MAX_UNKNOWN:
        raise Rejected(
            {
                "file": f"表中有 {len(table.unknown)} 家医院没有登记，"
                f"一次最多核对 {MAX_UNKNOWN} 家。请确认选对了文件和地区。"
            }
        )
    return render_template(
        "programmes/preview.html",
        programme=programme,
        table=table,
        packed=json.dumps([[e.line, e.supporting, e.supported] for e in lines], ensure_ascii=False),
        where=where[:200],
        hospitals=directory.hospitals,
        cities=sorted({one.city for one in directory.organisations if one.city}),
        chosen=corrections.cells if corrections else {},
        refusal=refusal,
        Side=Side,
    )


def _lines_sent() -> list[PairLine]:
    """Return the rows that the preview carries along. Raises Rejected for a mangled form."""
    try:
        rows: Any = json.loads(request.form.get("table", ""))
        lines = [PairLine(int(n), tidy_name(left), tidy_name(right)) for n, left, right in rows]
    except (ValueError, TypeError) as error:
        raise Rejected({"table": "预览内容不完整，请重新上传结对表。"}) from error
    if not lines or len(lines) > MAX_ROWS:
        raise Rejected({"table": "预览内容不完整，请重新上传结对表。"})
    return lines


def _corrections_sent() -> Corrections:
    """Return what the user changed on the preview."""
    form = request.form
    cells, names = {}, {}
    for field, value in form.items():
        kind, _, number = field.partition("-")
        if not COUNTER.fullmatch(number):
            continue
        if kind in (Side.SUPPORTING.value, Side.SUPPORTED.value) and (chosen := row_id(value)):
            cells[int(number), Side(kind)] = chosen
        elif kind == "name":
            names[name_key(trimmed(value))] = NameChoice(
                organisation_id=row_id(form.get(f"choice-{number}")),
                is_new=f"new-{number}" in form,
                city=trimmed(form.get(f"city-{number}", "")),
            )
    skipped = frozenset(int(value) for value in form.getlist("skip") if COUNTER.fullmatch(value))
    return Corrections(skipped, cells, names)
