"""Workbooks as people and programs make them, well or badly; each returns the file's bytes."""

import csv
import io
import struct
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import openpyxl
from openpyxl.comments import Comment

HEAD = ("领域", "任务名称", "验收标准", "权重", "开始日期", "完成期限", "佐证材料")
ROW = ("激励机制", "带教补贴发放", "每季度发放。", "重点", "2020-06-01", "2021-06-30", "发放表")
CONTENT_TYPES = "[Content_Types].xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

Cells = Sequence[Sequence[Any]]


def saved(book: openpyxl.Workbook) -> bytes:
    """The bytes of an openpyxl workbook."""
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def book(
    *sheets: Cells, titles: Sequence[str] = (), change: Callable[[Any], object] | None = None
) -> bytes:
    """A workbook of these sheets; ``change`` does something to the first."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for number, rows in enumerate(sheets):
        sheet = made.create_sheet(titles[number] if titles else f"Sheet{number + 1}")
        for row in rows:
            sheet.append(list(row))
    if change:
        change(made.worksheets[0])
    return saved(made)


def table(*rows: Sequence[Any], change: Callable[[Any], object] | None = None) -> bytes:
    """A workbook with one sheet: our header and these rows."""
    return book([HEAD, *rows], change=change)


def row(**cells: Any) -> tuple[Any, ...]:
    """A good row but for these cells, named by their place: area title criteria weight …"""
    names = ("area", "title", "criteria", "weight", "starts_on", "due_on", "evidence")
    return tuple(cells.get(name, good) for name, good in zip(names, ROW, strict=True))


def text_table(
    rows: Cells, encoding: str = "utf-8", separator: str = ",", mark: bytes = b""
) -> bytes:
    """A table as text."""
    target = io.StringIO()
    csv.writer(target, delimiter=separator).writerows(rows)
    return mark + target.getvalue().encode(encoding)


def parts(given: dict[str, bytes | str]) -> bytes:
    """A zip archive of these parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in given.items():
            archive.writestr(name, content)
    return target.getvalue()


def with_part(source: bytes, name: str, change: Callable[[bytes], bytes | None]) -> bytes:
    """The package with one part written anew, added, or (None) left out."""
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        given: dict[str, bytes | str] = {one: archive.read(one) for one in archive.namelist()}
    found = change(bytes(given.get(name, b"")))  # type: ignore[arg-type]
    given.pop(name, None)
    if found is not None:
        given[name] = found
    return parts(given)


def replaced(source: bytes, name: str, old: str, new: str) -> bytes:
    """The package with some words of a part replaced; they must be there."""

    def change(part: bytes) -> bytes:
        assert old.encode() in part, f"{old!r} is not in {name}"
        return part.replace(old.encode(), new.encode())

    return with_part(source, name, change)


def as_wps_writes(rows: Cells) -> bytes:
    """A package with absolute paths, inline texts, no dimension, no places, and own prefixes."""
    lines = []
    for cells in rows:
        inner = "".join(
            f'<x:c t="inlineStr"><x:is><x:t xml:space="preserve">{cell}</x:t></x:is></x:c>'
            for cell in cells
        )
        lines.append(f"<x:row>{inner}</x:row>")
    sheet = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{"".join(lines)}</x:sheetData></x:worksheet>'
    )
    workbook = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        '<sheet name="任务清单" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    relations = (
        f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/worksheet" Target="/xl/worksheets/Sheet1.xml"/></Relationships>'
    )
    return parts(
        {
            CONTENT_TYPES: "<Types/>",
            "xl/workbook.xml": workbook,
            "xl/_rels/workbook.xml.rels": relations,
            "xl/worksheets/sheet1.xml": sheet,
        }
    )


@cache
def many_rows(count: int) -> bytes:
    """A workbook with so many rows of data."""
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet("任务清单")
    sheet.append(HEAD)
    for number in range(count):
        sheet.append(row(title=f"任务{number}"))
    return saved(made)


def unpacking_to(megabytes: int) -> bytes:
    """A small package that unpacks to much."""
    return with_part(table(ROW), "xl/media/image1.bin", lambda _: b"\0" * megabytes * 1024 * 1024)


def with_entities() -> bytes:
    """A workbook whose texts are entities of a document type: a billion laughs."""
    laughs = '<!DOCTYPE x [<!ENTITY a "哈"><!ENTITY b "&a;&a;&a;&a;">]>'
    return with_part(
        table(ROW),
        "xl/workbook.xml",
        lambda part: laughs.encode() + part.partition(b"?>")[2] or part,
    )


def commented() -> bytes:
    """A workbook with a comment on a cell."""

    def change(sheet: Any) -> None:
        sheet["B2"].comment = Comment("请核对", "科教科")

    return table(ROW, change=change)


def compound_file(*names: str) -> bytes:
    """An OLE file with empty streams of these names, as a password makes of a workbook."""
    end, free, fat = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"",
        0x3E,
        3,
        0xFFFE,
        9,
        6,
        0,
        1,
        1,
        0,
        4096,
        end,
        0,
        end,
        0,
    )
    header += struct.pack("<109I", 0, *[free] * 108)
    table_ = struct.pack("<128I", fat, end, *[free] * 126)
    entries = b""
    for at in range(4):
        name = ("Root Entry", *names)[at] if at <= len(names) else ""
        raw = name.encode("utf-16-le")
        kind = 0 if not name else 5 if at == 0 else 2
        child = 1 if at == 0 and names else free
        right = at + 1 if 0 < at < len(names) else free
        entries += raw.ljust(64, b"\0")
        entries += struct.pack("<HBBIII", len(raw) + 2 if name else 0, kind, 1, free, right, child)
        entries += b"\0" * 36 + struct.pack("<IQ", end, 0)
    return header + table_ + entries


def locked_xls() -> bytes:
    """The beginning of an old workbook with a password: its globals, and the password's record."""
    begin = struct.pack("<HHHHHH", 0x0809, 8, 0x0500, 0x0005, 0x0DBB, 0x07CC)
    return begin + struct.pack("<HHHH", 0x002F, 4, 0x1234, 0x5678) + struct.pack("<HH", 0x000A, 0)
