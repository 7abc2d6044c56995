"""Plain text and tables of plain text, in UTF-8 or GB18030."""

import codecs
import csv
import io
from pathlib import Path
from typing import Any

from portal.documents.previews.limits import CELL, COLUMNS, DAMAGED, ROWS, TEXT_BYTES, NoPreview

DELIMITERS = ",\t;|"


def text_of(source: Path) -> dict[str, Any]:
    """Return the beginning of a text file, and whether it goes on."""
    text, cut = _beginning(source)
    return {"text": text, "cut": cut}


def table_of(source: Path) -> dict[str, Any]:
    """Return the first rows of a CSV file, and whether rows or columns are left out."""
    text, cut = _beginning(source)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            if len(rows) == ROWS:
                cut = True
                break
            cut = cut or len(row) > COLUMNS
            rows.append([cell[:CELL] for cell in row[:COLUMNS]])
    except csv.Error as error:
        raise NoPreview(DAMAGED) from error
    return {"rows": rows, "cut": cut}


def _beginning(source: Path) -> tuple[str, bool]:
    """Return the first TEXT_BYTES as text, and whether there is more."""
    with source.open("rb") as stream:
        data = stream.read(TEXT_BYTES + 1)
    cut = len(data) > TEXT_BYTES
    data = data[:TEXT_BYTES]
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            # A character cut in two at the end is left out, not taken for an error.
            text = codecs.getincrementaldecoder(encoding)().decode(data, final=not cut)
        except UnicodeDecodeError:
            continue
        return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", ""), cut
    raise NoPreview(DAMAGED)
