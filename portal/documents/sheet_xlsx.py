"""The workbook of tasks that goes out to be edited and comes back (see policies/sheet_columns)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from io import BytesIO
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from portal.documents.spreadsheet import FORMULA_STARTS
from portal.documents.workbooks.limits import MAX_ROWS
from portal.documents.workbooks.tables import GUIDE, OPTIONS
from portal.models import UNDO_HOURS, SheetKind, Side, Task, User
from portal.plain_text import printable
from portal.policies.sheet_columns import (
    CODE,
    COLUMNS,
    DAYS,
    NOTE,
    PAIRING,
    PERSONS,
    PROGRESS,
    ROW_KEY,
    STATE,
    SheetColumn,
    cell_texts,
    key_of,
)

SPARE_ROWS = 500
"""Choices are offered in so many rows under the last one as well."""
DAY_FORMAT = "yyyy-mm-dd"
EDITABLE, FIXED = (PatternFill("solid", fgColor=colour) for colour in ("DCEBE6", "E3E3E3"))
ERROR_COLUMN = SheetColumn("errors", "错误", 50, is_long=True)
TOP = Alignment(vertical="top")
WRAPPED = Alignment(vertical="top", wrap_text=True)

GUIDES = {
    SheetKind.PLAN: (
        "这份表格是三年帮扶工作计划的任务清单，在 WPS 或 Excel 中修改后，从计划页“导入表格”上传。",
        "绿色表头的列可以修改；灰色表头的列由系统生成，请勿改动。",
        "增加任务：在表格下方空白行填写，任务编号留空，由系统编排。请不要复制整行。",
        "删掉一行不会删除任务；移除任务请在计划页操作。",
        "“结对”列写明任务属于哪个结对，只有一个结对时可以不填。",
        "“领域”“权重”“年度”“责任人”可从下拉列表中选择；责任人没有账号的，直接写姓名。",
        "日期可写 2021-06-30、2021/6/30、2021年6月30日，或“第6个月”（从计划起始日算起）。",
        "“佐证材料”每行一项（单元格内按 Alt+Enter 换行），也可用分号隔开。",
        "“节点”每行一个，写“日期 内容”，如“2020-08-31 完成选址”。",
    ),
    SheetKind.LEDGER: (
        "这份表格是任务台账，可在 WPS 或 Excel 中修改后，从任务台账页“导入表格”上传。",
        "绿色表头的列可以修改：进度、本次进展说明、本方责任人。灰色表头的列由系统生成，请勿改动。",
        "“本次进展说明”会作为一条新的进展记录，已有的记录不变。没有新进展的任务留空即可。",
        "“进度%”填写 0 到 100 的整数。",
        "计划已生效，任务名称、标准、期限等请通过计划调整或延期申请提出。",
        "台账不能增加或删除任务。",
    ),
}
SHARED_GUIDE = (
    "第一列“系统标识”是隐藏的，用来认出每一项任务，请勿改动；排序时请选中整个表格。",
    f"一次最多 {MAX_ROWS:,} 行。上传后先核对：新增、修改、冲突和错误逐项列出，确认后才写入。",
    "有一处错误就一行也不写入；与他人同时修改的单元格，由您逐行选择以谁为准。",
    f"导入后 {UNDO_HOURS} 小时内可以一键撤销。",
)

Row = Mapping[str, Any]
People = Mapping[Side, Sequence[User]]


def task_row(kind: SheetKind, task: Task) -> dict[str, Any]:
    """Return the cells of one task, by column."""
    texts = cell_texts(kind, task)
    row: dict[str, Any] = {
        **texts,
        ROW_KEY.name: key_of(kind, task.id, task.version, texts),
        PAIRING.name: task.pairing.title,
        CODE.name: task.code,
        STATE.name: task.state.label,
        PROGRESS.name: task.progress,
        NOTE.name: "",
    }
    return row | {name: getattr(task, name) for name in DAYS}


def write_task_sheet(
    kind: SheetKind, rows: Iterable[Row], people: People, *, errors: bool = False
) -> IO[bytes]:
    """Write ``rows`` (see :func:`task_row`) as a workbook to be edited, and return the file.

    ``errors`` adds a column with what is wrong with each row.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(kind.label)
    columns = (*COLUMNS[kind], *([ERROR_COLUMN] if errors else []))
    places = {column.name: get_column_letter(at) for at, column in enumerate(columns, start=1)}
    for column in columns:
        dimension = sheet.column_dimensions[places[column.name]]
        dimension.width = column.width
        dimension.hidden = column is ROW_KEY
    # The header and the name of the task stay in view.
    sheet.freeze_panes = f"{places['code']}2"
    sheet.append([_head(sheet, column) for column in columns])
    count = 1
    for row in rows:
        sheet.append([_cell(sheet, column, row.get(column.name, "")) for column in columns])
        count += 1
    sheet.auto_filter.ref = f"A1:{places[columns[-1].name]}{count}"
    names = {side: _names(people.get(side, [])) for side in Side}
    for validation in _validations(columns, places, count + SPARE_ROWS, names):
        sheet.data_validations.append(validation)
    _write_guide(book, kind)
    _write_options(book, names)
    target = BytesIO()
    book.save(target)
    target.seek(0)
    return target


def _head(sheet: Any, column: SheetColumn) -> Any:
    cell = WriteOnlyCell(sheet, value=column.label)
    cell.font = Font(bold=True)
    cell.fill = EDITABLE if column.editable else FIXED
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    return cell


def _cell(sheet: Any, column: SheetColumn, value: Any) -> Any:
    """Return one cell: days as days, and what a program would compute as plain text."""
    if value in ("", None):
        return None
    if isinstance(value, str):
        value = printable(value)
    cell = WriteOnlyCell(sheet, value=value)
    cell.alignment = WRAPPED if column.is_long or column.name == "title" else TOP
    if isinstance(value, date):
        cell.number_format = DAY_FORMAT
    elif isinstance(value, str):
        cell.data_type = "s"
        if value.startswith(FORMULA_STARTS):
            cell.quotePrefix = True
    return cell


def _names(staff: Iterable[User]) -> list[str]:
    """Return people's names, each with the account where two are called alike."""
    people = list(staff)
    known = [user.name for user in people]
    return list(
        dict.fromkeys(
            f"{user.name}（{user.username}）" if known.count(user.name) > 1 else user.name
            for user in people
        )
    )


def _validations(
    columns: Sequence[SheetColumn],
    places: Mapping[str, str],
    last: int,
    names: Mapping[Side, Sequence[str]],
) -> Iterable[DataValidation]:
    """Yield the lists to choose from, and the limits of a figure."""
    for column in columns:
        cells = f"{places[column.name]}2:{places[column.name]}{last}"
        if column.choices:
            yield _list(f'"{",".join(column.choices)}"', cells, strict=column.name != "year")
        elif column.name in PERSONS and column.editable:
            side = Side.SUPPORTING if column.name == PERSONS[0] else Side.SUPPORTED
            if known := names[side]:
                letter = "AB"[side is Side.SUPPORTED]
                source = f"'{OPTIONS}'!${letter}$2:${letter}${len(known) + 1}"
                yield _list(source, cells, strict=False)
        elif column is PROGRESS:
            yield DataValidation(
                type="whole",
                operator="between",
                formula1="0",
                formula2="100",
                allow_blank=True,
                showErrorMessage=True,
                errorTitle="进度",
                error="请填写 0 到 100 的整数。",
                sqref=cells,
            )


def _list(source: str, cells: str, *, strict: bool) -> DataValidation:
    """Return a list to choose from; other words are let in where it is not strict."""
    return DataValidation(
        type="list",
        formula1=source,
        allow_blank=True,
        showErrorMessage=strict,
        errorTitle="请从列表中选择",
        error="请从下拉列表中选择一项。",
        sqref=cells,
    )


def _write_guide(book: Workbook, kind: SheetKind) -> None:
    """Add the sheet that says how to fill the other one in."""
    sheet = book.create_sheet(GUIDE)
    sheet.column_dimensions["A"].width = 4
    sheet.column_dimensions["B"].width = 96
    for at, sentence in enumerate((*GUIDES[kind], *SHARED_GUIDE), start=1):
        cell = WriteOnlyCell(sheet, value=sentence)
        cell.alignment = WRAPPED
        sheet.append([at, cell])


def _write_options(book: Workbook, names: Mapping[Side, Sequence[str]]) -> None:
    """Add the hidden sheet with the people to choose from."""
    sheet = book.create_sheet(OPTIONS)
    sheet.sheet_state = "hidden"
    sheet.append([f"{side.label}人员" for side in Side])
    for at in range(max(map(len, names.values()))):
        row = [staff[at] if at < len(staff) else "" for staff in names.values()]
        sheet.append([_cell(sheet, PAIRING, name) for name in row])
