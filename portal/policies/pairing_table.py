"""What is wrong with the rows of a pairing table, before anything is written.

A hospital is supported at most once in a programme and is never on both sides of it
(design/domain.md, "Who"); everything else is about reading a table that people typed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from portal.models import Organisation, OrganisationKind, Pairing, Side
from portal.policies.hospital_names import Directory, name_key

MAX_NAME = 100
MAX_CITY = 40


@dataclass(frozen=True)
class PairLine:
    """One pair as the table says it. ``line`` is the table's row, counted from one."""

    line: int
    supporting: str
    supported: str

    def text_on(self, side: Side) -> str:
        """Return what is written for ``side``."""
        return self.supporting if side is Side.SUPPORTING else self.supported


@dataclass(frozen=True)
class NameChoice:
    """What the user says about a name nobody knows: which hospital it is, or a new one."""

    organisation_id: int | None = None
    is_new: bool = False
    city: str = ""


@dataclass(frozen=True)
class Corrections:
    """What the user changed on the preview. Rows are counted from nought."""

    skipped: frozenset[int] = frozenset()
    cells: Mapping[tuple[int, Side], int] = field(default_factory=dict)
    names: Mapping[str, NameChoice] = field(default_factory=dict)


@dataclass(frozen=True)
class NewHospital:
    """A hospital to be added with the import."""

    name: str
    city: str


@dataclass
class Cell:
    """One side of a row: what was written, whom it means, what is wrong with it."""

    side: Side
    text: str
    hospital: Organisation | NewHospital | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What tells the hospital from all others; empty for none."""
        return name_key(self.hospital.name) if self.hospital else ""

    @property
    def name(self) -> str:
        """The hospital's own name, or what was written."""
        return self.hospital.name if self.hospital else self.text


@dataclass
class CheckedRow:
    """One row of the preview."""

    index: int
    line: int
    supporting: Cell
    supported: Cell
    skipped: bool = False
    exists: bool = False

    @property
    def cells(self) -> tuple[Cell, Cell]:
        """Both sides, supporting first."""
        return self.supporting, self.supported

    @property
    def problems(self) -> list[str]:
        """All that is wrong with the row."""
        return [*self.supporting.problems, *self.supported.problems]

    @property
    def ready(self) -> bool:
        """Whether the row would be imported now."""
        return not self.skipped and not self.problems


@dataclass
class UnknownName:
    """A name that is not registered, once however often it occurs."""

    name: str
    lines: list[int]
    near: list[Organisation]
    choice: NameChoice
    problem: str = ""


@dataclass
class CheckedTable:
    """The whole preview."""

    rows: list[CheckedRow]
    unknown: list[UnknownName]

    @property
    def ready(self) -> list[CheckedRow]:
        """The rows that would be imported."""
        return [row for row in self.rows if row.ready]

    @property
    def wrong(self) -> list[CheckedRow]:
        """The rows that stand in the way."""
        return [row for row in self.rows if row.problems and not row.skipped]

    @property
    def skipped(self) -> list[CheckedRow]:
        """The rows left out."""
        return [row for row in self.rows if row.skipped]

    def count_on(self, side: Side) -> int:
        """Return how many different hospitals the ready rows name on ``side``."""
        return len({row.cells[side is Side.SUPPORTED].key for row in self.ready})

    @property
    def new_hospitals(self) -> list[NewHospital]:
        """The hospitals the import would add, each once."""
        found = {
            cell.key: cell.hospital
            for row in self.ready
            for cell in row.cells
            if isinstance(cell.hospital, NewHospital)
        }
        return list(found.values())


def check_table(
    lines: Sequence[PairLine],
    directory: Directory,
    existing: Iterable[Pairing],
    corrections: Corrections | None,
) -> CheckedTable:
    """Return every row with its problems.

    ``existing`` are the programme's pairings. Without ``corrections`` (the first look) rows
    that the programme already has are left out by themselves.
    """
    given = corrections or Corrections()
    unknown: dict[str, UnknownName] = {}
    rows = []
    for index, line in enumerate(lines):
        left, right = (
            _read_cell(index, line, side, directory, given, unknown)
            for side in (Side.SUPPORTING, Side.SUPPORTED)
        )
        rows.append(CheckedRow(index, line.line, left, right, skipped=index in given.skipped))
    pairings = list(existing)
    _mark_existing(rows, pairings, skip=corrections is None)
    _check_between_rows([row for row in rows if not row.skipped], pairings)
    return CheckedTable(rows, list(unknown.values()))


def _read_cell(
    index: int,
    line: PairLine,
    side: Side,
    directory: Directory,
    given: Corrections,
    unknown: dict[str, UnknownName],
) -> Cell:
    """Find out which hospital one cell means."""
    cell = Cell(side, line.text_on(side))
    chosen = directory.by_id.get(given.cells.get((index, side), 0))
    if chosen is not None:
        cell.hospital = chosen
    elif not cell.text:
        cell.problems.append(f"{side.label}为空。")
    elif len(cell.text) > MAX_NAME:
        cell.problems.append(f"{side.label}名称超过 {MAX_NAME} 个字。")
    else:
        cell.hospital = directory.find(cell.text)
        if cell.hospital is None:
            _name_unknown(cell, line, directory, given, unknown, skipped=index in given.skipped)
    if isinstance(cell.hospital, Organisation):
        _check_organisation(cell, cell.hospital)
    return cell


def _check_organisation(cell: Cell, found: Organisation) -> None:
    """Refuse what is registered but cannot be paired."""
    if found.kind is not OrganisationKind.HOSPITAL:
        cell.problems.append(f"“{found.name}”不是医院，不能列入结对。")
    elif not found.is_active:
        cell.problems.append(f"“{found.name}”已停用，不能列入结对。")


def _name_unknown(
    cell: Cell,
    line: PairLine,
    directory: Directory,
    given: Corrections,
    unknown: dict[str, UnknownName],
    *,
    skipped: bool,
) -> None:
    """Ask about a name once, and use the answer in every row that has it."""
    key = name_key(cell.text)
    entry = unknown.get(key)
    if entry is None:
        choice = given.names.get(key, NameChoice())
        entry = UnknownName(cell.text, [], directory.near(cell.text), choice)
        unknown[key] = entry
    entry.lines.append(line.line)
    chosen = directory.by_id.get(entry.choice.organisation_id or 0)
    if chosen is not None:
        cell.hospital = chosen
        return
    if entry.choice.is_new:
        if not skipped and not entry.choice.city:
            entry.problem = "请填写所在市。"
        elif len(entry.choice.city) > MAX_CITY:
            entry.problem = f"所在市最多 {MAX_CITY} 个字。"
        if not entry.problem:
            cell.hospital = NewHospital(cell.text, entry.choice.city)
            return
        cell.problems.append(f"新增“{cell.text}”：{entry.problem}")
        return
    hint = f"是否为“{entry.near[0].name}”？" if entry.near else "请核对名称或新增该医院。"
    cell.problems.append(f"系统中没有“{cell.text}”，{hint}")


def _mark_existing(rows: Sequence[CheckedRow], existing: Sequence[Pairing], *, skip: bool) -> None:
    """Find the rows that the programme already has, word for word."""
    pairs = {(name_key(one.supporting.name), name_key(one.supported.name)): one for one in existing}
    for row in rows:
        row.exists = (row.supporting.key, row.supported.key) in pairs
        if row.exists and skip:
            row.skipped = True


def _check_between_rows(rows: Sequence[CheckedRow], existing: Sequence[Pairing]) -> None:
    """Find what no single row can tell: twice supported, or on both sides."""
    supporters = {name_key(one.supporting.name): "本周期已有结对" for one in existing}
    supported = {
        name_key(one.supported.name): f"本周期已由“{one.supporting.name}”帮扶" for one in existing
    }
    as_supporter: dict[str, int] = {}
    as_supported: dict[str, int] = {}
    for row in rows:
        if row.supporting.key:
            as_supporter.setdefault(row.supporting.key, row.line)
    for row in rows:
        left, right = row.cells
        if left.key and left.key == right.key:
            right.problems.append("帮扶方与受援方是同一家医院。")
            continue
        if right.key in supported:
            right.problems.append(f"“{right.name}”{supported[right.key]}，不能重复受援。")
        elif right.key in as_supported:
            right.problems.append(
                f"“{right.name}”在第 {as_supported[right.key]} 行已是受援方，不能重复受援。"
            )
        elif right.key:
            as_supported[right.key] = row.line
        if right.key in supporters:
            right.problems.append(f"“{right.name}”在{supporters[right.key]}中是帮扶方。")
        elif right.key in as_supporter:
            right.problems.append(f"“{right.name}”在第 {as_supporter[right.key]} 行又是帮扶方。")
    for row in rows:
        if row.supporting.key == row.supported.key:
            continue
        if row.supporting.key in supported:
            row.supporting.problems.append(
                f"“{row.supporting.name}”{supported[row.supporting.key]}，不能同时作为帮扶方。"
            )
        elif row.supporting.key in as_supported:
            row.supporting.problems.append(
                f"“{row.supporting.name}”在第 {as_supported[row.supporting.key]} 行又是受援方。"
            )
