"""Reading .xlsx in one pass: values, formulas without values, merged and hidden cells.

openpyxl reads values or formulas, not both at once, and tells of merged and hidden cells only
where it holds the whole sheet; so the parts are read here, by expat, row by row.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from xml.parsers import expat

from portal.documents.workbooks.grid import (
    Budget,
    Sheet,
    Span,
    day_text,
    fill_down,
    keep_row,
    number_text,
)
from portal.documents.workbooks.limits import (
    DAMAGED,
    MAX_COLUMNS,
    MAX_SHEETS,
    NOT_CALCULATED,
    Unreadable,
)

CHUNK = 256 * 1024
PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
# Number formats that are built in and show a day.
DAY_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
PERCENT_FORMATS = frozenset({9, 10})
NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")

Handler = Callable[[str, dict[str, str]], None]


class _Enough(Exception):
    """The rest of a part need not be read."""


@dataclass
class Styles:
    """Which cell styles show a number as a day, or in per cent."""

    days: set[int] = field(default_factory=set)
    percents: set[int] = field(default_factory=set)


def read_xlsx(data: bytes) -> list[Sheet]:
    """Return every sheet. Raises Unreadable, or whatever a damaged part leads to."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = {part.filename.replace("\\", "/").lower(): part for part in package.infolist()}
        book = next(name for name in names if name.endswith("workbook.xml"))
        targets = _targets(package, names, book)
        listed, since_1904 = _listed(package, names[book])
        strings = _strings(package, names, targets)
        styles = _styles(package, names, targets)
        budget = Budget()
        sheets = []
        for title, hidden, relation in listed[:MAX_SHEETS]:
            part = names.get(targets.get(relation, ("", ""))[1])
            if part is None or targets[relation][0] != "worksheet":
                continue
            sheet = Sheet(title, hidden, since_1904=since_1904)
            _SheetReader(sheet, strings, styles, budget).read(package, part)
            sheets.append(sheet)
    return sheets


def _parse(
    package: zipfile.ZipFile,
    part: zipfile.ZipInfo,
    start: Handler,
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Run one part through expat. A document type is refused: office never writes one."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    parser.StartElementHandler = lambda name, attributes: start(_local(name), attributes)
    if end:
        parser.EndElementHandler = lambda name: end(_local(name))
    if text:
        parser.CharacterDataHandler = text
    with package.open(part) as stream:
        try:
            while chunk := stream.read(CHUNK):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except _Enough:
            return


def _refuse_doctype(*_: Any) -> None:
    raise Unreadable(DAMAGED)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _attribute(attributes: dict[str, str], name: str) -> str:
    """Return an attribute by its local name, whatever its namespace (strict or not)."""
    return next((value for key, value in attributes.items() if _local(key) == name), "")


def _targets(
    package: zipfile.ZipFile, names: dict[str, zipfile.ZipInfo], book: str
) -> dict[str, tuple[str, str]]:
    """Return the workbook's relations: id to kind and part. WPS writes absolute paths."""
    folder = posixpath.dirname(book)
    part = names.get(posixpath.join(folder, "_rels", posixpath.basename(book) + ".rels"))
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = attributes.get("Target", "").replace("\\", "/")
            path = target[1:] if target.startswith("/") else posixpath.join(folder, target)
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = kind, posixpath.normpath(path).lower()

    if part is not None:
        _parse(package, part, start)
    return found


def _listed(
    package: zipfile.ZipFile, part: zipfile.ZipInfo
) -> tuple[list[tuple[str, bool, str]], bool]:
    """Return the sheets' names, whether each is hidden, their relations; and the calendar."""
    sheets: list[tuple[str, bool, str]] = []
    calendar = {"since_1904": False}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            hidden = attributes.get("state", "visible") != "visible"
            sheets.append((attributes.get("name", ""), hidden, _attribute(attributes, "id")))
        elif name == "workbookPr":
            calendar["since_1904"] = attributes.get("date1904", "0") in ("1", "true")

    _parse(package, part, start)
    return sheets, calendar["since_1904"]


def _of_kind(
    names: dict[str, zipfile.ZipInfo], targets: dict[str, tuple[str, str]], kind: str
) -> Iterator[zipfile.ZipInfo]:
    return (names[path] for known, path in targets.values() if known == kind and path in names)


def _strings(
    package: zipfile.ZipFile, names: dict[str, zipfile.ZipInfo], targets: dict[str, tuple[str, str]]
) -> list[str]:
    """Return the shared texts; of rich text the words alone, without their phonetic guide."""
    found: list[str] = []
    state: dict[str, Any] = {"words": [], "in_t": False, "phonetic": False}

    def start(name: str, _: dict[str, str]) -> None:
        if name == "si":
            state["words"] = []
        elif name == "rPh":
            state["phonetic"] = True
        elif name == "t":
            state["in_t"] = True

    def end(name: str) -> None:
        if name == "si":
            found.append(_unescaped("".join(state["words"])))
        elif name == "rPh":
            state["phonetic"] = False
        elif name == "t":
            state["in_t"] = False

    def text(words: str) -> None:
        if state["in_t"] and not state["phonetic"]:
            state["words"].append(words)

    for part in _of_kind(names, targets, "sharedStrings"):
        _parse(package, part, start, end, text)
    return found


def _unescaped(text: str) -> str:
    """Return the text without Office's way of writing characters that XML does not take."""
    if "_x" not in text:
        return text
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)).replace("\0", ""), text)


def _styles(
    package: zipfile.ZipFile, names: dict[str, zipfile.ZipInfo], targets: dict[str, tuple[str, str]]
) -> Styles:
    """Return which styles show days and per cent."""
    formats: dict[int, str] = {}
    styles = Styles()
    state = {"in_cells": False, "at": 0}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            formats[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            state["in_cells"] = True
        elif name == "xf" and state["in_cells"]:
            number = int(attributes.get("numFmtId", "0"))
            shown = NOT_SHOWN.sub("", formats.get(number, "")).lower()
            if number in DAY_FORMATS or re.search("[ymd年月日]", shown.partition(";")[0]):
                styles.days.add(state["at"])
            elif number in PERCENT_FORMATS or "%" in shown:
                styles.percents.add(state["at"])
            state["at"] += 1

    def end(name: str) -> None:
        if name == "cellXfs":
            state["in_cells"] = False

    for part in _of_kind(names, targets, "styles"):
        _parse(package, part, start, end)
    return styles


class _SheetReader:
    """Reads one sheet's part; every method answers one kind of element."""

    def __init__(self, sheet: Sheet, strings: list[str], styles: Styles, budget: Budget) -> None:
        self.sheet, self.strings, self.styles, self.budget = sheet, strings, styles, budget
        self.number = 0
        self.column = -1
        self.row: list[str] = []
        self.kind = ""
        self.style = 0
        self.words: list[str] = []
        self.listening = False
        self.has_value = self.has_formula = False
        self.phonetic = False
        self.merged: list[Span] = []

    def read(self, package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
        """Read the whole part, or as much as a sheet may have."""
        _parse(package, part, self._start, self._end, self._text)
        fill_down(self.sheet, self.merged)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._begin_cell(attributes)
        elif name in ("v", "t"):
            self.listening = not self.phonetic
            self.has_value = True
        elif name == "f":
            self.has_formula = True
        elif name == "row":
            self.number = int(attributes.get("r", self.number + 1))
            self.row, self.column = [], -1
            if attributes.get("hidden") in ("1", "true"):
                self.sheet.hidden_rows.append(self.number)
        elif name == "rPh":
            self.phonetic = True
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            first = int(attributes.get("min", "1"))
            last = min(int(attributes.get("max", "1")), MAX_COLUMNS)
            self.sheet.hidden_columns.extend(range(first - 1, last))
        elif name == "mergeCell":
            self.merged.append(_span(attributes.get("ref", "")))
        elif name == "autoFilter":
            self.sheet.filtered = True

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = PLACE.fullmatch(attributes.get("r", ""))
        self.column = column_of(place[1]) if place else self.column + 1
        self.kind = attributes.get("t", "n")
        self.style = int(attributes.get("s", "0"))
        self.words = []
        self.has_value = self.has_formula = False

    def _end(self, name: str) -> None:
        if name == "c":
            if 0 <= self.column < MAX_COLUMNS and (self.has_value or self.has_formula):
                self.row.extend([""] * (self.column + 1 - len(self.row)))
                self.row[self.column] = self._cell("".join(self.words))
        elif name in ("v", "t"):
            self.listening = False
        elif name == "rPh":
            self.phonetic = False
        elif name == "row" and not keep_row(self.sheet, self.number, self.row, self.budget):
            raise _Enough

    def _text(self, words: str) -> None:
        if self.listening:
            self.words.append(words)

    def _cell(self, raw: str) -> str:
        """Return the cell as people see it."""
        if self.kind == "s":
            at = int(raw) if raw.isdigit() else -1
            return self.strings[at] if 0 <= at < len(self.strings) else ""
        if self.kind in ("str", "inlineStr"):
            return _unescaped(raw)
        if not raw:
            return NOT_CALCULATED if self.has_formula else ""
        if self.kind == "b":
            return "TRUE" if raw.strip() in ("1", "true") else "FALSE"
        if self.kind == "d":
            return day_text(datetime.fromisoformat(raw))
        if self.kind == "e":
            return raw
        if self.style in self.styles.days:
            return _day(raw, self.sheet.since_1904)
        return number_text(raw, percent=self.style in self.styles.percents)


def _day(raw: str, since_1904: bool) -> str:
    """Return the day that a number stands for; a number no calendar has, as it is."""
    from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

    try:
        value = from_excel(float(raw), CALENDAR_MAC_1904 if since_1904 else CALENDAR_WINDOWS_1900)
    except (ValueError, OverflowError):
        return number_text(raw)
    return day_text(value) if isinstance(value, datetime | time) else number_text(raw)


def _span(reference: str) -> Span:
    """Return the rows and columns of a range such as A5:A8."""
    first, _, last = reference.partition(":")
    start, end = PLACE.fullmatch(first), PLACE.fullmatch(last or first)
    if start is None or end is None:
        return 1, 1, 0, 0
    return int(start[2]), int(end[2]), column_of(start[1]), column_of(end[1])


def column_of(letters: str) -> int:
    """Return the number of a column from nought: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
