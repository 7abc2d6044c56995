"""Opening office files that strangers send: by content, within limits, never running anything."""

import io
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from portal.errors import Rejected

MAX_BYTES = 5 * 1024 * 1024
"""Largest file taken, in bytes."""
MAX_UNPACKED = 40 * 1024 * 1024
"""Most a file may unpack to, in bytes: a small file that unpacks to gigabytes is an attack."""
MAX_PARTS = 2000
MAX_ROWS = 2000
"""Most rows with content that a table may have."""
MAX_SCANNED = 20_000
"""Most rows looked at in one sheet, empty ones included."""
MAX_COLUMNS = 60

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

EMPTY = "文件是空的，请重新选择。"
TOO_LARGE = f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请只保留结对表后再上传。"
OLD_FORMAT = "这是旧版 .xls 或 .doc 文件，请在 WPS 或 Office 中另存为 .xlsx 或 .docx 后再上传。"
LOCKED = "文件设有打开密码，请取消密码后再上传。"
WRONG_KIND = "只能导入 .xlsx 或 .docx 文件；其他格式请复制表格内容，粘贴到文本框。"
DAMAGED = "文件已损坏，无法读取。请重新保存后再上传，或复制表格内容粘贴到文本框。"
BOMB = "文件解压后内容过大，无法导入。请只保留结对表后再上传。"
TOO_MANY_ROWS = f"表格超过 {MAX_ROWS} 行，请确认选对了文件。"
NOT_CALCULATED = "（公式没有结果）"


@dataclass(frozen=True)
class Grid:
    """A table as text: where it stands in the file, and its rows of cells.

    ``numbers`` gives each row's number in the source, from one. ``loose_end``: the last
    column may have been cut into several cells.
    """

    where: str
    rows: list[list[str]]
    numbers: list[int]
    loose_end: bool = False


def read_grids(stream: BinaryIO) -> list[Grid]:
    """Return every sheet of an xlsx, or every table of a docx, as text.

    The kind is told by content; the name is not asked. Raises Rejected({"file": …}) with the
    reason for everything that is not a readable file within the limits.
    """
    data = stream.read(MAX_BYTES + 1)
    kind = _kind_of(data)
    try:
        return list(_read_sheets(data) if kind == "xlsx" else _read_tables(data))
    except Rejected:
        raise
    except Exception as error:
        # The two libraries raise whatever a damaged part makes them stumble over.
        raise _refused(DAMAGED) from error


def _refused(sentence: str) -> Rejected:
    return Rejected({"file": sentence})


def _kind_of(data: bytes) -> str:
    """Return xlsx or docx, or refuse."""
    if not data:
        raise _refused(EMPTY)
    if len(data) > MAX_BYTES:
        raise _refused(TOO_LARGE)
    if data.startswith(OLE):
        raise _refused(LOCKED if ENCRYPTED in data else OLD_FORMAT)
    if not data.startswith(b"PK"):
        raise _refused(WRONG_KIND)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return _check_package(package)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise _refused(DAMAGED) from error


def _check_package(package: zipfile.ZipFile) -> str:
    """Return what the package holds, after its size and its XML were found harmless."""
    parts = package.infolist()
    # Nothing unpacks to more than its declared size: the reader stops there.
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise _refused(BOMB)
    names = {part.filename for part in parts}
    kind = "xlsx" if "xl/workbook.xml" in names else "docx" if "word/document.xml" in names else ""
    if not kind or "[Content_Types].xml" not in names:
        raise _refused(WRONG_KIND)
    if any(part.flag_bits & 1 for part in parts):
        raise _refused(LOCKED)
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            # Office never writes a document type; entities are the only use one could have.
            plain = package.read(part).replace(b"\0", b"")
            if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
                raise _refused(DAMAGED)
    return kind


def _read_sheets(data: bytes) -> Iterator[Grid]:
    """Read every sheet twice over: formulas for what they are, and the values they gave."""
    import openpyxl

    with warnings.catch_warnings():
        # It warns of missing styles and the like, which do not matter to a table of names.
        warnings.simplefilter("ignore")
        values = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
        try:
            for sheet, source in zip(values.worksheets, formulas.worksheets, strict=True):
                # The size a sheet claims may be wrong; without it all rows are read.
                sheet.reset_dimensions()
                source.reset_dimensions()
                yield _grid(f"工作表“{sheet.title}”", _sheet_rows(sheet, source))
        finally:
            values.close()
            formulas.close()


def _sheet_rows(sheet: Any, source: Any) -> Iterator[list[str]]:
    """Return the rows of one sheet as text."""
    limits = {"max_row": MAX_SCANNED, "max_col": MAX_COLUMNS, "values_only": True}
    for shown, written in zip(sheet.iter_rows(**limits), source.iter_rows(**limits), strict=True):
        yield [
            NOT_CALCULATED if value is None and origin is not None else _as_text(value)
            for value, origin in zip(shown, written, strict=False)
        ]


def _as_text(value: Any) -> str:
    """Return a cell's value as people see it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _read_tables(data: bytes) -> Iterator[Grid]:
    """Read every table of a document; one without tables is read as its lines of text."""
    import docx

    document = docx.Document(io.BytesIO(data))
    for number, table in enumerate(document.tables, start=1):
        rows = ([cell.text for cell in row.cells[:MAX_COLUMNS]] for row in table.rows)
        yield _grid(f"第 {number} 个表格", rows)
    text = [paragraph.text for paragraph in document.paragraphs]
    if any("\t" in line for line in text):
        yield _grid("正文", (line.split("\t") for line in text))


def _grid(where: str, rows: Iterator[list[str]]) -> Grid:
    """Keep the rows that hold something, and refuse more than anybody would pair."""
    grid = Grid(where, [], [])
    for number, row in enumerate(rows, start=1):
        if not any(cell.strip() for cell in row):
            continue
        if len(grid.rows) >= MAX_ROWS:
            raise _refused(TOO_MANY_ROWS)
        grid.rows.append(row)
        grid.numbers.append(number)
    return grid
