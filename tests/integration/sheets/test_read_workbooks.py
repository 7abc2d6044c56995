"""The import corpus, second part: workbooks that are read, whatever people and programs did."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from portal.documents.workbooks import child, limits
from portal.documents.workbooks.tables import Table, find_table
from portal.models import SheetKind
from portal.policies import sheet_rows
from tests.factories import workbooks as made
from tests.factories.workbooks import HEAD, ROW, book, row, table, text_table
from tests.factories.xls_files import PLAIN, SINCE_1904

SHEET = "xl/worksheets/sheet1.xml"
GOOD = {
    "area": "激励机制",
    "title": "带教补贴发放",
    "criteria": "每季度发放。",
    "weight": "重点",
    "starts_on": "2020-06-01",
    "due_on": "2021-06-30",
    "evidence": "发放表",
}


def read(data: bytes, kind: SheetKind = SheetKind.PLAN) -> Table:
    return find_table(child.read(data), kind)


def cells_of(data: bytes) -> list[dict[str, str]]:
    return [dict(one["cells"]) for one in read(data).rows]  # type: ignore[call-overload]


def hide(sheet: Any) -> None:
    sheet.row_dimensions[2].hidden = True
    sheet.column_dimensions["C"].hidden = True


def filtered(sheet: Any) -> None:
    sheet.auto_filter.ref = "A1:G3"
    sheet.row_dimensions[3].hidden = True


def styled_emptiness(sheet: Any) -> None:
    for number in range(3, 1003):
        for letter in "ABCDEFG":
            sheet[f"{letter}{number}"].font = Font(bold=True)


def merged(*ranges: str) -> Callable[[Any], None]:
    def change(sheet: Any) -> None:
        for cells in ranges:
            sheet.merge_cells(cells)

    return change


RICH = CellRichText("带教", TextBlock(InlineFont(b=True), "补贴"), "发放")
SHUFFLED = [5, 1, 0, 6, 3, 2, 4]

# Workbooks that say the same as one good row.
ALIKE: dict[str, Callable[[], bytes]] = {
    "plain": lambda: table(ROW),
    "title rows above": lambda: book([["某院任务清单"], [], ["单位：", "某院"], HEAD, ROW]),
    "columns in another order": lambda: book(
        [[HEAD[at] for at in SHUFFLED], [ROW[at] for at in SHUFFLED]]
    ),
    "other headings": lambda: book(
        [["帮扶领域", "任务事项", "完成标准", "重要程度", "起始日期", "完成时限", "所需材料"], ROW]
    ),
    "headings with space and marks": lambda: book(
        [
            [
                " 领 域 ",
                "*任务名称",
                "验收标准：",
                "权重（级）",
                "开始\n日期",
                "完成期限*",
                "佐证材料",
            ],
            ROW,
        ]
    ),
    "full-width headings": lambda: book([["领域", "任务名称＊", "验收标准", *HEAD[3:]], ROW]),
    "extra columns": lambda: book([("序号", *HEAD, "备注"), (1, *ROW, "无")]),
    "days as days": lambda: table(row(starts_on=date(2020, 6, 1), due_on=date(2021, 6, 30))),
    "days with a time": lambda: table(row(due_on=datetime.combine(date(2021, 6, 30), time()))),
    "days as serials": lambda: table(row(starts_on=43983, due_on="44377")),
    "space around texts": lambda: table([f" {one}　" for one in ROW]),
    "rich text": lambda: table(row(title=RICH)),
    "a comment": made.commented,
    "formula with its value": lambda: made.replaced(
        table(row(title="XX")),
        SHEET,
        '<c r="B2" t="inlineStr"><is><t>XX</t></is></c>',
        '<c r="B2" t="str"><f>"带教"&amp;"补贴发放"</f><v>带教补贴发放</v></c>',
    ),
    "a thousand empty rows": lambda: table(ROW, change=styled_emptiness),
    "empty rows between": lambda: book([HEAD, [], [None] * 7, ["", " "], ROW]),
    "header repeated": lambda: book([HEAD, HEAD, ROW]),
    "remarks below": lambda: table(ROW, ["注：以上任务由双方商定。"], ["填表人：", "某某"]),
    "total below": lambda: table(ROW, ["合计：1 项"]),
    "no dimension": lambda: made.with_part(
        table(ROW), SHEET, lambda part: part.replace(b'<dimension ref="A1:G2"/>', b"")
    ),
    "wrong dimension": lambda: made.with_part(
        table(ROW), SHEET, lambda part: part.replace(b'ref="A1:G2"', b'ref="A1"')
    ),
    "as WPS writes": lambda: made.as_wps_writes([HEAD, ROW]),
    "other sheets": lambda: book([["目录"]], [HEAD, ROW], titles=("封面", "清单")),
    "csv": lambda: text_table([HEAD, ROW]),
    "csv with a mark": lambda: text_table([HEAD, ROW], mark=b"\xef\xbb\xbf"),
    "csv in GB18030": lambda: text_table([HEAD, ROW], "gb18030"),
    "csv in UTF-16": lambda: text_table([HEAD, ROW], "utf-16"),
    "csv in UTF-16 without a mark": lambda: text_table([HEAD, ROW], "utf-16-le"),
    "csv with semicolons": lambda: text_table([HEAD, ROW], separator=";"),
    "csv with tabs": lambda: text_table([HEAD, ROW], separator="\t"),
    "csv that names its separator": lambda: b"sep=;\r\n" + text_table([HEAD, ROW], separator=";"),
    "csv with title lines": lambda: text_table([["某院任务清单"], [], HEAD, ROW]),
}


@pytest.mark.parametrize("name", ALIKE)
def test_whatever_way_it_is_written_the_row_reads_the_same(name: str) -> None:
    assert cells_of(ALIKE[name]()) == [GOOD]


TELLING: dict[str, tuple[Callable[[], bytes], str]] = {
    "hidden row and column": (lambda: table(ROW, change=hide), "隐藏的 1 行也已读取（第 2 行）"),
    "hidden column": (lambda: table(ROW, change=hide), "隐藏的列也已读取：C 列“验收标准”"),
    "filtered": (lambda: table(ROW, ROW, change=filtered), "处于筛选状态，被筛掉的 1 行也已读取"),
    "hidden sheet": (
        lambda: book(
            [HEAD, ROW],
            [["封面"]],
            change=lambda sheet: setattr(sheet, "sheet_state", "hidden"),
        ),
        "“Sheet1”是隐藏的，也已读取",
    ),
    "extra column": (lambda: book([(*HEAD, "备注"), (*ROW, "无")]), "没有读取的列：H 列“备注”"),
    "other sheet": (
        lambda: book([HEAD, ROW], [["甲"]], titles=("清单", "附表")),
        "没有读取的工作表：“附表”",
    ),
    "header further down": (lambda: book([["标题"], HEAD, ROW]), "第 2 行表头以下的 1 行"),
}


@pytest.mark.parametrize("name", TELLING)
def test_what_a_reader_may_not_expect_is_said(name: str) -> None:
    build, told = TELLING[name]
    assert any(told in remark for remark in read(build()).remarks)


def test_merged_cells_are_filled_down() -> None:
    data = table(ROW, row(area=None, title="乙"), change=merged("A2:A3"))
    assert [one["area"] for one in cells_of(data)] == ["激励机制", "激励机制"]


def test_a_header_of_two_rows_is_read_as_one() -> None:
    upper = [*HEAD, "责任人", None]
    lower = [*[None] * 7, "帮扶方", "受援方"]
    joined = merged("H1:I1", *(f"{letter}1:{letter}2" for letter in "ABCDEFG"))
    data = book([upper, lower, (*ROW, "陈一", "符三")], change=joined)
    assert cells_of(data) == [{**GOOD, "supporting_owner": "陈一", "supported_owner": "符三"}]


@pytest.mark.parametrize("data", [PLAIN, SINCE_1904])
def test_old_workbooks_read_alike_whatever_day_they_count_from(data: bytes) -> None:
    found = read(data)
    first, second = (dict(one["cells"]) for one in found.rows)  # type: ignore[call-overload]
    assert (first["starts_on"], first["due_on"], second["due_on"]) == (
        "2020-06-01",
        "2021-06-30",
        "2021-12-31",
    )
    assert second["area"] == "激励机制"
    assert any("隐藏的 1 行也已读取（第 4 行）" in one for one in found.remarks)


def test_days_counted_from_1904_are_the_same_days() -> None:
    def change(sheet: Any) -> None:
        sheet.parent.epoch = CALENDAR_MAC_1904

    data = table(row(starts_on=42521, due_on=date(2021, 6, 30)), change=change)
    assert [(one["starts_on"], one["due_on"]) for one in cells_of(data)] == [
        ("2020-06-01", "2021-06-30")
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3, "3"),
        (3.0, "3"),
        (0.1 + 0.2, "0.3"),
        (True, "TRUE"),
        ("#REF!", "#REF!"),
        (123456789012345, "123456789012345"),
        (time(8, 30), "08:30:00"),
        ("=1+1", limits.NOT_CALCULATED),
        ("_x000D_甲", "甲"),
    ],
)
def test_other_values_read_as_people_see_them(value: object, shown: str) -> None:
    assert cells_of(table(row(criteria=value)))[0]["criteria"] == shown


def test_a_share_reads_as_per_cent() -> None:
    def change(sheet: Any) -> None:
        sheet["B2"].number_format = "0%"

    data = book([["任务编号", "进度%"], ["A-01", 0.4]], change=change)
    assert read(data, SheetKind.LEDGER).rows[0]["cells"] == {"code": "A-01", "progress": "40%"}


def test_of_two_tables_the_fuller_one_is_read() -> None:
    data = book([HEAD[:5], ROW[:5]], [HEAD, ROW], titles=("草稿", "正式"))
    assert "“正式”" in read(data).remarks[0]


def test_the_reader_and_the_rules_agree_on_a_formula_without_value() -> None:
    assert limits.NOT_CALCULATED == sheet_rows.NOT_CALCULATED
