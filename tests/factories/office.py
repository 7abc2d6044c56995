"""Office files made in memory, as people send them."""

import io
import zipfile
from collections.abc import Sequence

import docx
import openpyxl

NOTICE_ROWS = (
    ("序号", "培训基地", "对口帮扶基地"),
    (1, "海口医院", "三亚医院、文昌医院"),
    (2, "省立医院", "万宁医院"),
)


def xlsx(
    *sheets: Sequence[Sequence[object]], merged: Sequence[str] = (), titles: Sequence[str] = ()
) -> io.BytesIO:
    """A workbook with these sheets; ``merged`` ranges belong to the first."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, start=1):
        sheet = book.create_sheet(titles[number - 1] if titles else f"表{number}")
        for row in rows:
            sheet.append(list(row))
    for cells in merged:
        book.worksheets[0].merge_cells(cells)
    return _saved(book)


def docx_with(
    *tables: Sequence[Sequence[str]],
    merged: Sequence[tuple[int, int, int]] = (),
    paragraphs: Sequence[str] = (),
) -> io.BytesIO:
    """A document with these tables; ``merged``: (column, first row, last row) of the first."""
    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text)
    for rows in tables:
        table = document.add_table(len(rows), len(rows[0]))
        for r, row in enumerate(rows):
            for c, text in enumerate(row):
                table.cell(r, c).text = text
    for column, first, last in merged:
        table = document.tables[0]
        table.cell(first, column).merge(table.cell(last, column))
    return _saved(document)


def package(parts: dict[str, bytes]) -> io.BytesIO:
    """A zip archive of these parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    stream.seek(0)
    return stream


def bomb(size: int) -> io.BytesIO:
    """A small xlsx that unpacks to ``size`` bytes."""
    return package(
        {
            "[Content_Types].xml": b"<Types/>",
            "xl/workbook.xml": b"<workbook/>",
            "xl/sharedStrings.xml": b" " * size,
        }
    )


def with_part(stream: io.BytesIO, name: str, content: bytes) -> io.BytesIO:
    """The same package with one part replaced."""
    with zipfile.ZipFile(stream) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    return package({**parts, name: content})


def _saved(document: object) -> io.BytesIO:
    stream = io.BytesIO()
    document.save(stream)  # type: ignore[attr-defined]
    stream.seek(0)
    return stream
