"""Reading a pairing table (notice, annex): from xlsx, docx or pasted text to pairs of names."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from portal.documents.office import MAX_ROWS, TOO_MANY_ROWS, Grid, read_grids
from portal.errors import Rejected
from portal.policies.hospital_names import tidy_name
from portal.policies.pairing_table import PairLine

MAX_TEXT = 100_000
NO_HEADER = (
    "没有找到结对表的表头。表头应同时有帮扶方一列（如“培训基地”“帮扶单位”）"
    "和受援方一列（如“对口帮扶基地”“受援单位”）。"
)
NO_ROWS = "找到了表头，但下面没有数据行。"

# A header names an organisation; 帮扶内容 or 结对帮扶表 do not.
ORGANISATION = re.compile(r"(?:基地|单位|医院|机构|[^双]方|对象)$")
TRAILING = re.compile(r"(?:名称|名单|全称)$")
SUPPORTED = re.compile(r"受援|受帮扶|受扶|受支援|受助|被帮扶|被支援|被援|帮扶对象|结对对象")
OPPOSITE = re.compile(r"对口|结对")
SUPPORTING = re.compile(r"帮扶|支援|牵头|援助|支持|指导|派出|对口")
TRAINING = re.compile(r"培训基地|住培基地|培训医院")
REMARK = re.compile(r"^(?:注|备注|说明|合计|总计|填表|制表|联系人)(?:[:：0-9（(]|$|人|说明)")
# Numbers between the names, and dashes for nothing.
NO_NAME = re.compile(r"^[\d.、．:：|_—–―-]*$")
LONGEST_HEADER = 24
# As Excel's clipboard, as a Markdown table, as columns set apart by spaces, as a csv file.
SEPARATORS = ("\t", "|", "  ", ",", " ")


@dataclass(frozen=True)
class PairingTable:
    """What was read: the pairs, and where they stood."""

    lines: list[PairLine]
    where: str


@dataclass(frozen=True)
class Header:
    """Where the two columns are."""

    row: int
    supporting: int
    supported: int
    is_last: bool


def read_file(stream: BinaryIO) -> PairingTable:
    """Read an xlsx or docx. Raises Rejected({"file": …})."""
    return _read(read_grids(stream), "file")


def read_text(text: str) -> PairingTable:
    """Read a table pasted from anywhere. Raises Rejected({"text": …})."""
    if len(text) > MAX_TEXT:
        raise Rejected({"text": f"粘贴的内容超过 {MAX_TEXT} 个字，请只粘贴结对表。"})
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) > MAX_ROWS * 10 or sum(bool(line.strip()) for line in lines) > MAX_ROWS:
        raise Rejected({"text": TOO_MANY_ROWS})
    return _read((_split_text(text, separator) for separator in SEPARATORS), "text")


def _read(grids: Iterator[Grid] | Sequence[Grid], source: str) -> PairingTable:
    """Take the first table with a header and rows under it."""
    found_header = False
    for grid in grids:
        header = find_header(grid.rows)
        if header is None:
            continue
        found_header = True
        if lines := list(_lines(grid, header)):
            if len(lines) > MAX_ROWS:
                raise Rejected({source: TOO_MANY_ROWS})
            return PairingTable(lines, grid.where)
    raise Rejected({source: NO_ROWS if found_header else NO_HEADER})


def _split_text(text: str, separator: str) -> Grid:
    """Cut pasted text into cells."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    grid = Grid("粘贴的内容", [], [], loose_end=separator == ",")
    for number, row in _text_rows(text, separator):
        if any(cell.strip() for cell in row):
            grid.rows.append(row)
            grid.numbers.append(number)
    return grid


def _text_rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Return each line's number and cells; a quoted cell may hold several lines."""
    if separator in ("\t", ","):
        source = text.replace("，", ",") if separator == "," else text
        reader = csv.reader(io.StringIO(source), delimiter=separator)
        start = 1
        try:
            for row in reader:
                yield start, row
                start = reader.line_num + 1
            return
        except csv.Error:
            # A cell longer than csv allows is no table of names: fall back to plain lines.
            pass
    for number, line in enumerate(text.split("\n"), start=1):
        if separator == "|":
            yield number, line.strip().strip("|").split("|")
        elif separator == "  ":
            yield number, re.split(r"(?: |\u3000){2,}|\u3000", line.strip())
        else:
            yield number, line.split(separator)


def find_header(rows: Sequence[Sequence[str]]) -> Header | None:
    """Return the first row that names both columns, in whatever order and wording."""
    for number, row in enumerate(rows):
        names = [_header_name(cell) for cell in row]
        supported = _first(names, SUPPORTED)
        if supported is None:
            # 对口帮扶基地 is the supported side, unless another column says so more plainly.
            supported = _first(names, OPPOSITE)
        if supported is None:
            continue
        others = [
            "" if column == supported or SUPPORTED.search(name) else name
            for column, name in enumerate(names)
        ]
        supporting = _first(others, SUPPORTING)
        if supporting is None:
            supporting = _first(others, TRAINING)
        if supporting is not None:
            is_last = not any(cell.strip() for cell in row[supported + 1 :])
            return Header(number, supporting, supported, is_last)
    return None


def _header_name(cell: str) -> str:
    """Return a header's words without space; nothing if it names no organisation.

    What stands in brackets may say which side it is: 医院（帮扶方）.
    """
    name = re.sub(r"\s+", "", unicodedata.normalize("NFKC", cell)).strip("*:")
    bare = TRAILING.sub("", re.sub(r"[(\[【].*?[)\]】]", "", name))
    return name if len(name) <= LONGEST_HEADER and ORGANISATION.search(bare) else ""


def _first(names: Sequence[str], pattern: re.Pattern[str]) -> int | None:
    return next((column for column, name in enumerate(names) if pattern.search(name)), None)


def _lines(grid: Grid, header: Header) -> Iterator[PairLine]:
    """Return one line for each supported hospital under the header."""
    above = ""
    body = zip(grid.numbers[header.row + 1 :], grid.rows[header.row + 1 :], strict=True)
    for number, row in body:
        if _is_no_data(row):
            continue
        supporting = tidy_name(_cell(row, header.supporting))
        if not NO_NAME.match(supporting):
            # A merged or blank cell continues the row above.
            above = supporting
        written = _cell(row, header.supported)
        if grid.loose_end and header.is_last:
            # Without quotes, commas between the names cut the last column into pieces.
            written = "、".join(row[header.supported :])
        for name in split_names(written) or [""]:
            yield PairLine(number, above, name)


def _is_no_data(row: Sequence[str]) -> bool:
    """Whether the row is a remark below the table or a header repeated on the next page."""
    first = next((cell.strip() for cell in row if cell.strip()), "")
    if REMARK.match(first) or find_header([row]) is not None:
        return True
    return all(NO_NAME.match(cell.strip()) and not cell.strip().isdigit() for cell in row)


def _cell(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def split_names(text: str) -> list[str]:
    """Return the hospitals of one cell, set apart by 、，,;；/ or a new line.

    Brackets are left whole: 海南西部中心医院（儋州、洋浦院区） is one name.
    """
    parts, depth = [""], 0
    for character in text:
        depth += (character in "（(") - (character in "）)")
        if depth <= 0 and character in "、，,;；/／\n\r\v":
            parts.append("")
        else:
            parts[-1] += character
    names = [name for part in parts for name in _spaced(part)]
    return [name for name in names if name and not NO_NAME.match(name)]


def _spaced(part: str) -> list[str]:
    """Two whole names with a space between are two; a space inside one name is nothing."""
    words = part.split()
    if len(words) > 1 and all(word.endswith(("医院", "中心", "卫生院")) for word in words):
        return [tidy_name(word) for word in words]
    return [tidy_name(part)]
