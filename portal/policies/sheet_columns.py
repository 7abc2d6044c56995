"""The columns of a workbook that goes out to be edited and comes back, and its hidden key.

The key of a row names the task, its version, and a fingerprint of every cell as it went out. So a
workbook that comes back tells which cells its editor touched: only those are changes, and only
those can meet what somebody else changed in the meantime.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.models import Area, SheetKind, Task, Weight
from portal.policies import field_text
from portal.policies.task_fields import FIELDS_BY_NAME, LONG_TEXT, TASK_FIELDS
from portal.row_ids import row_id

MARK = 6
"""Characters of one cell's fingerprint: sixteen million, so that no edit looks like none."""
CHECK = 8
KEY = re.compile(r"([PL])(\d{1,10})\.(\d{1,10})\.([0-9a-f]*)\.([0-9a-f]{8})")
LETTERS = {SheetKind.PLAN: "P", SheetKind.LEDGER: "L"}


@dataclass(frozen=True)
class SheetColumn:
    """One column. ``editable``: what stands in it may be changed in a workbook of that kind."""

    name: str
    label: str
    width: int
    aliases: tuple[str, ...] = ()
    editable: bool = True
    choices: tuple[str, ...] = ()
    is_day: bool = False
    is_long: bool = False
    limit: int = 0
    required: bool = False

    def means(self, heading: str) -> int:
        """Return 2 where ``heading`` is the column's own name, 1 for another one of it, else 0."""
        wanted = field_text.heading_key(heading)
        if wanted == field_text.heading_key(self.label):
            return 2
        return 1 if wanted in {self.name, *map(field_text.heading_key, self.aliases)} else 0


ROW_KEY = SheetColumn("key", "系统标识（请勿改动）", 12, ("系统标识",), editable=False)
PAIRING = SheetColumn("pairing", "结对", 24, ("结对关系", "结对单位"), editable=False)
SUPPORTED = SheetColumn("supported", "受援方", 16, ("受援单位", "受援医院", "受援基地"), False)
CODE = SheetColumn("code", "任务编号", 11, ("编号", "任务编码", "任务代码"), editable=False)
STATE = SheetColumn("state", "状态", 12, ("任务状态",), editable=False)
PROGRESS = SheetColumn("progress", "进度%", 8, ("进度", "完成进度", "完成比例", "完成率"))
NOTE = SheetColumn(
    "note",
    "本次进展说明",
    36,
    ("进展说明", "进展情况", "本次进展", "最新进展", "工作进展", "进展"),
    is_long=True,
    limit=LONG_TEXT,
)
YEARS = ("第1年", "第2年", "第3年")
CHOICES = {
    "area": tuple(area.label for area in Area),
    "weight": tuple(weight.label for weight in reversed(Weight)),
    "year": YEARS,
}
WIDTHS = {"title": 30, "area": 22, "weight": 7, "year": 8, "starts_on": 12, "due_on": 12}
PERSONS = ("supporting_owner", "supported_owner")
DAYS = ("starts_on", "due_on")
IN_LEDGER = ("area", "title", "criteria", "weight", "year", *DAYS, *PERSONS)


def _field_column(name: str, *, editable: bool) -> SheetColumn:
    """Return the column of one field of a task."""
    field = FIELDS_BY_NAME[name]
    return SheetColumn(
        name,
        field.label,
        WIDTHS.get(name, 36 if field.is_long else 14),
        field.aliases,
        editable,
        CHOICES.get(name, ()),
        is_day=name in DAYS,
        is_long=field.is_long,
        limit=field.limit,
        required=field.required,
    )


COLUMNS: dict[SheetKind, tuple[SheetColumn, ...]] = {
    SheetKind.PLAN: (
        ROW_KEY,
        PAIRING,
        CODE,
        *(_field_column(field.name, editable=True) for field in TASK_FIELDS),
    ),
    SheetKind.LEDGER: (
        ROW_KEY,
        PAIRING,
        CODE,
        *(_field_column(name, editable=name in PERSONS) for name in IN_LEDGER),
        STATE,
        PROGRESS,
        NOTE,
    ),
}
"""In the order in which they go out."""

READ_ALSO = (SUPPORTED,)
"""Columns that do not go out, but tell something in a table made by hand."""


def compared(kind: SheetKind) -> tuple[str, ...]:
    """Return the names of the cells whose fingerprints the key carries, in order."""
    if kind is SheetKind.PLAN:
        return tuple(field.name for field in TASK_FIELDS)
    return (*IN_LEDGER, PROGRESS.name)


def cell_texts(kind: SheetKind, task: Task) -> dict[str, str]:
    """Return what the compared cells of ``task`` say now."""
    texts = {
        name: FIELDS_BY_NAME[name].show(task) for name in compared(kind) if name in FIELDS_BY_NAME
    }
    if kind is SheetKind.LEDGER:
        texts[PROGRESS.name] = str(task.progress)
    return texts


def mark_of(text: str) -> str:
    """Return the fingerprint of one cell; space and line ends do not count."""
    lines = [line.strip() for line in field_text.cleaned(text).split("\n")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:MARK]


def key_of(kind: SheetKind, task_id: int, version: int, texts: Mapping[str, str]) -> str:
    """Return the key of a row that goes out with ``texts``."""
    marks = "".join(mark_of(texts[name]) for name in compared(kind))
    body = f"{LETTERS[kind]}{task_id}.{version}.{marks}"
    return f"{body}.{_check(body)}"


def _check(body: str) -> str:
    return hashlib.sha256(f"sheet-row|{body}".encode()).hexdigest()[:CHECK]


@dataclass(frozen=True)
class RowKey:
    """What the key of a row that came back says."""

    kind: SheetKind
    task_id: int
    version: int
    marks: Mapping[str, str]

    def touched(self, name: str, text: str) -> bool:
        """Whether the cell says something else than when it went out."""
        return self.marks[name] != mark_of(text)


def read_key(text: str) -> RowKey | None:
    """Read a key; None for one that was changed or is none of ours."""
    found = KEY.fullmatch(text.strip())
    if found is None or _check(text.strip().rpartition(".")[0]) != found[5]:
        return None
    kind = next(one for one, letter in LETTERS.items() if letter == found[1])
    names: Sequence[str] = compared(kind)
    task_id = row_id(found[2])
    if task_id is None or len(found[4]) != MARK * len(names):
        return None
    marks = {name: found[4][at * MARK : (at + 1) * MARK] for at, name in enumerate(names)}
    return RowKey(kind, task_id, int(found[3]), marks)
