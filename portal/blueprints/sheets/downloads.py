"""Workbooks that go out to be edited, and the one that names the errors of what came back."""

from typing import Any

from flask import request, send_file
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.sheets import bp
from portal.blueprints.tasks.ledger import XLSX, read_filter
from portal.documents.sheet_xlsx import task_row, write_task_sheet
from portal.documents.workbooks.limits import MAX_ROWS
from portal.errors import NotVisible, StepRefused
from portal.models import SheetImportState, SheetKind
from portal.policies.plans import sees_plans
from portal.policies.sheet_findings import of_kind
from portal.policies.sheet_rows import RowKind
from portal.queries import sheets as queries
from portal.queries.pairings import demand_pairings, get_pairing
from portal.row_ids import LARGEST_ID
from portal.web.accounts import actor
from portal.web.audit import exports

TOO_MANY = f"符合条件的任务超过 {MAX_ROWS:,} 项，请缩小筛选范围后再下载。"


@bp.get("/pairings/<int:pairing_id>/plan.xlsx")
@exports
def download_plan(pairing_id: int) -> Response:
    """Send the task list of a plan, and of those named by ``also``, to be edited."""
    viewer = actor()
    pairing = get_pairing(pairing_id, viewer=viewer)
    if not sees_plans(viewer):
        raise NotVisible()
    also = [one for one in request.args.getlist("also", type=int) if 0 < one <= LARGEST_ID]
    wanted = list(dict.fromkeys([pairing.id, *also]))
    found = queries.plan_tasks(wanted, viewer=viewer)
    name = pairing.supported.short_name if len(wanted) == 1 else f"{len(wanted)} 个结对"
    return _book(SheetKind.PLAN, found, f"任务清单-{name}")


@bp.get("/tasks/edit.xlsx")
@exports
def download_ledger() -> Response:
    """Send just the tasks that the ledger shows, to be edited."""
    viewer = actor()
    demand_pairings(viewer)
    found = queries.ledger_tasks(read_filter(request.args), viewer=viewer, limit=MAX_ROWS)
    if len(found.tasks) > MAX_ROWS:
        raise StepRefused(TOO_MANY)
    return _book(SheetKind.LEDGER, found, "任务台账-填报")


@bp.get("/imports/<int:import_id>/errors.xlsx")
@exports
def download_errors(import_id: int) -> Response:
    """Send the rows that have errors, each with what is wrong, to be mended and sent again."""
    sheet = queries.get_import(import_id, viewer=actor())
    wrong = {int(one["row"]): one for one in of_kind(sheet.findings, RowKind.WRONG)}
    if not wrong or sheet.state is not SheetImportState.CHECKED:
        raise StepRefused("这份表格没有需要改正的错误。")
    rows: list[dict[str, Any]] = [
        {
            **row["cells"],
            "errors": "\n".join(
                f"第 {row['row']} 行“{label}”：{told}"
                for _, label, told in wrong[int(row["row"])]["errors"]
            ),
        }
        for row in sheet.rows
        if int(row["row"]) in wrong
    ]
    people = queries.people_for(sheet, viewer=actor())
    book = write_task_sheet(sheet.kind, rows, people, errors=True)
    name = f"待改正-{sheet.kind.label}-{clock.today():%Y%m%d}.xlsx"
    return send_file(book, mimetype=XLSX, as_attachment=True, download_name=name)


def _book(kind: SheetKind, found: queries.Outgoing, name: str) -> Response:
    """Write the workbook and send it."""
    book = write_task_sheet(kind, (task_row(kind, task) for task in found.tasks), found.people)
    return send_file(
        book,
        mimetype=XLSX,
        as_attachment=True,
        download_name=f"{name}-{clock.today():%Y%m%d}.xlsx",
    )
