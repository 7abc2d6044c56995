"""The process that reads one workbook: bytes on standard input, JSON on standard output."""

import json
import sys

from portal import apart
from portal.documents.workbooks.grid import Sheet
from portal.documents.workbooks.kinds import kind_of
from portal.documents.workbooks.limits import (
    DAMAGED,
    MAX_BYTES,
    MEMORY,
    SECONDS,
    TOO_MUCH_WORK,
    Unreadable,
)

REFUSED = 3
"""Exit status that means: standard output holds the sentence."""


def read(data: bytes) -> list[Sheet]:
    """Return the sheets of a workbook in ``data``. Raises Unreadable, and nothing else."""
    try:
        return _read(data, kind_of(data))
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        # Libraries raise whatever a damaged or hostile file makes them stumble over.
        raise Unreadable(DAMAGED) from error


def _read(data: bytes, kind: str) -> list[Sheet]:
    # Imported late: the process loads only what it needs.
    if kind == "xlsx":
        from portal.documents.workbooks.xlsx import read_xlsx

        return read_xlsx(data)
    if kind == "xls":
        from portal.documents.workbooks.xls import read_xls

        return read_xls(data)
    from portal.documents.workbooks.delimited import read_delimited

    return read_delimited(data)


def main(_arguments: list[str]) -> int:
    """Read standard input; answer with the sheets, or with REFUSED and a sentence."""
    apart.limit(SECONDS, MEMORY)
    with open("/dev/stdin", "rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    try:
        sheets = read(data)
    except Unreadable as refusal:
        sys.stdout.write(refusal.sentence)
        return REFUSED
    except MemoryError:
        sys.stdout.write(TOO_MUCH_WORK)
        return REFUSED
    json.dump([sheet.packed() for sheet in sheets], sys.stdout, ensure_ascii=False)
    return 0
