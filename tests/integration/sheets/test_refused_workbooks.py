"""The import corpus, first part: what cannot be read, each with the sentence that says why."""

import io
import time
from collections.abc import Callable

import docx
import pytest

from portal.documents.workbooks import child, limits
from portal.documents.workbooks.reading import read_workbook
from portal.documents.workbooks.tables import find_table
from portal.errors import Rejected
from portal.models import SheetKind
from tests.factories import workbooks as made
from tests.factories.workbooks import HEAD, ROW, book, parts, table, text_table
from tests.factories.xls_files import PLAIN

Build = Callable[[], bytes]


def word_file() -> bytes:
    document = docx.Document()
    document.add_paragraph("三年帮扶工作计划")
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


REFUSED: dict[str, tuple[Build, str]] = {
    "empty": (lambda: b"", "文件是空的"),
    "blank": (lambda: b"\r\n \r\n", "文件是空的"),
    "password xlsx": (
        lambda: made.compound_file("EncryptionInfo", "EncryptedPackage"),
        "设有打开密码",
    ),
    "password xls": (made.locked_xls, "设有打开密码"),
    "old Word file": (lambda: made.compound_file("WordDocument"), "只能导入"),
    "docx renamed": (word_file, "Word 文档"),
    "slides renamed": (lambda: parts({"ppt/presentation.xml": "<p/>"}), "演示文稿"),
    "ods": (lambda: parts({"mimetype": "x", "content.xml": "<o/>"}), ".ods"),
    "xlsb": (lambda: parts({"xl/workbook.bin": b"\1"}), "二进制工作簿"),
    "macros": (
        lambda: made.with_part(table(ROW), "xl/vbaProject.bin", lambda _: b"\1\2"),
        "带宏的工作簿",
    ),
    "zip of anything": (lambda: parts({"a.txt": "甲"}), "只能导入"),
    "pdf": (lambda: b"%PDF-1.7\n...", "PDF"),
    "photo": (lambda: b"\xff\xd8\xff\xe0" + b"\1" * 200, "图片"),
    "web page as xls": (lambda: "<html><table><tr><td>任务名称".encode(), "网页表格"),
    "xml table as xls": (lambda: b'<?xml version="1.0"?><Workbook/>', "XML 表格"),
    "program": (lambda: b"MZ\x90\0\3" + bytes(range(32)) * 9, "读不出文件中的文字"),
    "cut off": (lambda: table(ROW)[:-400], "已损坏"),
    "cut off xls": (lambda: PLAIN[:2500], "已损坏"),
    "broken xml": (
        lambda: made.with_part(table(ROW), "xl/worksheets/sheet1.xml", lambda part: part[:300]),
        "已损坏",
    ),
    "lying about a text": (
        lambda: made.with_part(table(ROW), "xl/styles.xml", lambda _: b"<a><b></a>"),
        "已损坏",
    ),
    "zip bomb": (lambda: made.unpacking_to(210), "解压后内容过大"),
    "too many parts": (
        lambda: parts({"xl/workbook.xml": "", **{f"p{n}": "" for n in range(2100)}}),
        "解压后内容过大",
    ),
    "entities": (made.with_entities, "已损坏"),
    "too many bytes": (lambda: b"x" * (limits.MAX_BYTES + 1), "超过 10 MB"),
    "wrong sheet": (
        lambda: book([("姓名", "电话")], [("日期", "天气")], titles=("通讯录", "值班表")),
        "文件中的工作表：“通讯录”、“值班表”",
    ),
    "header alone": (lambda: table(), "没有数据行"),
    "title missing": (lambda: book([HEAD[2:], ROW[2:]]), "没有找到三年计划任务清单的表头"),
    "same heading twice": (
        lambda: book([(*HEAD, "验收标准"), (*ROW, "另一个")]),
        "2 列都是“验收标准”（C 列、H 列）",
    ),
    "50,000 rows": (lambda: made.many_rows(50_000), "超过 10,000 行"),
    "50,000 rows as text": (
        lambda: text_table([HEAD, *[ROW] * 50_000]),
        "超过 10,000 行",
    ),
    "one row too many": (lambda: text_table([HEAD, *[ROW] * 10_000]), "超过 10,000 行"),
    "unknown encoding": (lambda: b"\x81\x30\xff\xff\xfe, \x80\xff\n" * 9, "读不出文件中的文字"),
    "control characters": (lambda: "任务\1\2\3\4\5\6\7,".encode() * 3, "只能导入"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_imported_is_refused_with_what_to_do(name: str) -> None:
    build, sentence = REFUSED[name]
    data = build()
    with pytest.raises((Rejected, limits.Unreadable)) as refused:
        find_table(child.read(data), SheetKind.PLAN)
    assert sentence in refused.value.sentence
    assert refused.value.sentence.endswith("。")


@pytest.mark.parametrize("name", ["password xlsx", "entities", "cut off", "wrong sheet", "empty"])
def test_the_process_apart_gives_the_same_sentence(name: str) -> None:
    build, sentence = REFUSED[name]
    with pytest.raises(Rejected) as refused:
        find_table(read_workbook(io.BytesIO(build())).sheets, SheetKind.PLAN)
    assert sentence in refused.value.fields["file"]


def test_too_many_rows_are_refused_without_reading_them_all() -> None:
    data = made.many_rows(50_000)
    started = time.process_time()
    with pytest.raises(Rejected):
        find_table(child.read(data), SheetKind.PLAN)
    assert time.process_time() - started < 10


def test_many_merged_ranges_cost_little() -> None:
    many = "".join(f'<mergeCell ref="A{n}:B{n + 40000}"/>' for n in range(1, 60_000))
    data = made.replaced(
        table(ROW),
        "xl/worksheets/sheet1.xml",
        "</sheetData>",
        f"</sheetData><mergeCells>{many}</mergeCells>",
    )
    started = time.process_time()
    assert len(child.read(data)[0].rows) == 2
    assert time.process_time() - started < 5
