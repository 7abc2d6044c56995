"""Reading tables as text: .csv and .txt in the encodings and separators that programs write."""

import csv
import io

from portal.documents.workbooks.grid import Budget, Sheet, keep_row
from portal.documents.workbooks.limits import MAX_CELL, UNREADABLE_TEXT, WRONG_KIND, Unreadable

SEPARATORS = (",", "\t", ";", "，", "|")
LOOKED_AT = 20
"""So many lines tell which separator a table has."""
TITLE = "CSV 文件"


def read_delimited(data: bytes) -> list[Sheet]:
    """Return the one table. Raises Unreadable."""
    text = decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    separator = _separator(text)
    if text.lower().startswith("sep="):
        text = "\n" + text.partition("\n")[2]
    sheet, budget = Sheet(TITLE), Budget()
    # Twice the most that is kept, so that a longer cell is told as too long and not as damaged.
    csv.field_size_limit(max(4 * MAX_CELL, 131_072))
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    start = 1
    try:
        for row in reader:
            if not keep_row(sheet, start, row, budget):
                break
            start = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(UNREADABLE_TEXT) from error
    return [sheet]


def decoded(data: bytes) -> str:
    """Return the text: UTF-8, UTF-16 or GB18030, with or without its mark. Raises Unreadable."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif b"\0" in data[:4000]:
        # One byte of each separator and digit is nought: the second, where the lower comes first.
        second_is = data[1:4000:2].count(0) > data[0:4000:2].count(0)
        encodings = ["utf-16-le" if second_is else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text or sum(one < " " and one not in "\t\r\n" for one in text[:4000]) > 5:
            raise Unreadable(WRONG_KIND)
        return text
    raise Unreadable(UNREADABLE_TEXT)


def _separator(text: str) -> str:
    """Return what sets the columns apart: what stands most often in the first lines."""
    if text.lower().startswith("sep="):
        return text[4:5] or ","
    lines = [line for line in text.split("\n", LOOKED_AT)[:LOOKED_AT] if line.strip()]
    return max(SEPARATORS, key=lambda one: max((line.count(one) for line in lines), default=0))
