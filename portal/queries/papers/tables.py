"""Tables whose columns are not known beforehand, as facts: annexes and the survey's sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from portal.queries.papers.telling import Told

NARROWEST, WIDEST = 4, 24
"""In characters: what a column is given room for."""
LATIN_END = 0x2000


@dataclass(frozen=True)
class Line:
    """One line of such a table."""

    cells: Annotated[list[str], Told("各栏内容", ["1", "全科医学科建设", "2020.11.22"])]


@dataclass(frozen=True)
class Table:
    """Such a table."""

    title: Annotated[str, Told("表名，没有时为空", "")]
    columns: Annotated[list[str], Told("各栏名称", ["序号", "事项", "时限"])]
    shares: Annotated[list[str], Told("各栏占表宽的百分数", ["20", "50", "30"])]
    rows: Annotated[list[Line], Told("各行", 2)]


def table_of(columns: Sequence[Any], rows: Sequence[Sequence[Any]], title: str = "") -> Table:
    """Return a table in which every line has as many cells as there are columns."""
    width = len(columns)
    lines = [[str(cell if cell is not None else "") for cell in row][:width] for row in rows]
    return Table(
        title=title,
        columns=[str(one) for one in columns],
        shares=_shares([[str(one) for one in columns], *lines]),
        rows=[Line(cells=line + [""] * (width - len(line))) for line in lines],
    )


def _shares(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return how wide each column should be, in hundredths: by what it usually holds."""
    needs = [_need([line[at] for line in lines if at < len(line)]) for at in range(len(lines[0]))]
    shares = [need * 100 // sum(needs) for need in needs]
    # What division leaves over goes to the widest.
    shares[shares.index(max(shares))] += 100 - sum(shares)
    return [str(share) for share in shares]


def _need(cells: Sequence[str]) -> int:
    lengths = [max(_width(part) for part in cell.split("\n")) for cell in cells]
    usual = (sum(lengths) // len(lengths) + max(lengths)) // 2
    return min(max(usual, _width(cells[0]), NARROWEST), WIDEST) + 1


def _width(text: str) -> int:
    """Return how wide ``text`` is in Chinese characters: two Latin ones take the room of one."""
    return (sum(1 if ord(one) < LATIN_END else 2 for one in text) + 1) // 2
