"""What one row of a workbook that came back would do: judged by the rules of the pages.

Nothing is loaded or written here; :mod:`portal.queries.sheet_checks` brings what a row is held
against.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.models import LabelledEnum, Pairing, Plan, SheetKind, Side, Task, User
from portal.policies.recurrence import year_of
from portal.policies.sheet_columns import (
    COLUMNS,
    NOTE,
    PERSONS,
    PROGRESS,
    ROW_KEY,
    RowKey,
    cell_texts,
    compared,
)
from portal.policies.sheet_values import OWNERS, shown, value_of
from portal.policies.task_entries import Charge, Term, read_task, term_of
from portal.policies.task_fields import FIELDS_BY_NAME, TASK_FIELDS
from portal.policies.tasks import can_assign, can_work_on, why_locked, why_over

NOT_CALCULATED = "（公式没有结果）"
"""What the reader of workbooks puts where a formula has no value (documents/workbooks)."""
CELL_ERRORS = re.compile(r"#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!)")

FIXED = "计划已生效，请通过计划调整或延期申请提出。"
FORMULA = "公式没有计算结果。请在 WPS 或 Excel 中打开、保存一次，或把公式改成数值。"
NO_NEW_ROWS = "台账不能增加任务，请通过计划调整提出；原有任务请保留“任务编号”和“系统标识”。"
NOT_A_PROGRESS = "进度应为 0 到 100 的整数。"


class RowKind(LabelledEnum):
    """What became of one row."""

    ADDED = "added", "新增", "success"
    CHANGED = "changed", "修改", "info"
    CONFLICT = "conflict", "冲突", "warning"
    WRONG = "wrong", "有错误", "danger"
    UNCHANGED = "unchanged", "无变化", "neutral"


@dataclass(frozen=True)
class Place:
    """A pairing that the workbook may touch; ``locked`` says why its plan cannot be changed."""

    pairing: Pairing
    plan: Plan | None
    people: Mapping[Side, Sequence[User]]
    locked: str = ""

    @property
    def term(self) -> Term:
        """The days within which tasks lie."""
        return term_of(self.plan or self.pairing.programme)


@dataclass(frozen=True)
class CellChange:
    """One cell that says something new; ``theirs`` is set where somebody else changed it too."""

    name: str
    old: str
    new: str
    clashes: bool = False


@dataclass
class Judged:
    """What was found of one row. ``values`` is what it would set, by field."""

    row: int
    kind: RowKind = RowKind.UNCHANGED
    task: Task | None = None
    place: Place | None = None
    title: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    changes: list[CellChange] = field(default_factory=list)
    # (name of the cell, sentence)
    errors: list[tuple[str, str]] = field(default_factory=list)

    def settled(self) -> "Judged":
        """Name what became of the row, from what was found of its cells."""
        if self.errors:
            self.kind = RowKind.WRONG
        elif self.task is None:
            self.kind = RowKind.ADDED
        elif any(one.clashes for one in self.changes):
            self.kind = RowKind.CONFLICT
        elif self.changes:
            self.kind = RowKind.CHANGED
        return self


Cells = Mapping[str, str]


def refused(number: int, name: str, sentence: str, title: str = "") -> Judged:
    """Return a row that cannot even be laid beside a task."""
    return Judged(number, title=title, errors=[(name, sentence)]).settled()


def judge_new(number: int, cells: Cells, place: Place, columns: Sequence[str]) -> Judged:
    """Judge a row that would become a task of ``place``. ``columns`` are those of the sheet."""
    found = Judged(number, place=place, title=cells.get("title", ""))
    if place.locked:
        found.errors.append(("title", place.locked))
        return found.settled()
    texts = {one.name: cells.get(one.name, "") for one in TASK_FIELDS if one.name in columns}
    found.errors += _unreadable(texts)
    for one in TASK_FIELDS:
        if one.required and one.name not in columns:
            found.errors.append(
                (one.name, f"表中没有“{one.label}”列，新增任务必须填写，请补上这一列。")
            )
    readable = {name: text for name, text in texts.items() if not _unreadable({name: text})}
    values, wrong = read_task(readable, term=place.term, people=place.people)
    found.errors += list(wrong.items())
    if not found.errors:
        if values.get("year") is None:
            values["year"] = year_of(values["due_on"], place.term.starts_on)
        found.values = values
        people = _by_id(place)
        found.changes = [
            CellChange(name, "", text)
            for name, value in values.items()
            if (text := shown(name, value, people))
        ]
    return found.settled()


def judge_task(
    kind: SheetKind,
    number: int,
    cells: Cells,
    *,
    task: Task,
    place: Place,
    key: RowKey | None,
    columns: Sequence[str],
    viewer: User,
    yearly: bool = False,
    busy: bool = False,
) -> Judged:
    """Judge a row that stands for ``task``.

    With ``key`` only cells that were touched count; without, every cell that says something.
    ``yearly``: the task stands for one year of a yearly standard task, whatever its due date.
    ``busy``: somebody else changed it today, which a row without a key cannot know of.
    """
    found = Judged(number, task=task, place=place, title=f"{task.code} {task.title}")
    texts = {
        name: cells.get(name, "")
        for name in compared(kind)
        if name in columns
        and (key.touched(name, cells.get(name, "")) if key else bool(cells.get(name)))
    }
    found.errors += _unreadable(texts)
    texts = {name: text for name, text in texts.items() if not _unreadable({name: text})}
    if kind is SheetKind.PLAN:
        _judge_fields(found, texts, task, place, yearly)
    else:
        _judge_work(found, texts, cells.get(NOTE.name, ""), task, place, viewer)
    now = cell_texts(kind, task)
    people = _by_id(place)
    found.changes = [
        CellChange(
            name,
            "" if name == NOTE.name else shown(name, value_of(task, name), people),
            shown(name, value, people),
            clashes=_clashes(_shown_by(name, texts), key, now, busy),
        )
        for name, value in found.values.items()
    ]
    return found.settled()


def _shown_by(name: str, texts: Cells) -> str:
    """Return the cell that a change comes from: a year nobody wrote comes with the due date."""
    return "due_on" if name == "year" and name not in texts else name


def _clashes(name: str, key: RowKey | None, now: Cells, busy: bool) -> bool:
    """Whether somebody else changed the cell too; without a key, the whole task."""
    if name not in now:
        return False
    return busy if key is None else key.touched(name, now[name])


def _by_id(place: Place) -> dict[int, User]:
    return {user.id: user for staff in place.people.values() for user in staff}


def _unreadable(texts: Cells) -> list[tuple[str, str]]:
    """Return the cells that hold an error, or a formula without its value."""
    found = []
    for name, text in texts.items():
        if text == NOT_CALCULATED:
            found.append((name, FORMULA))
        elif CELL_ERRORS.fullmatch(text.strip()):
            found.append((name, f"单元格是错误值 {text.strip()}，请改成正确的内容。"))
    return found


def _judge_fields(found: Judged, texts: Cells, task: Task, place: Place, yearly: bool) -> None:
    """Judge what a plan's row says of its task; its year follows the due date."""
    values, wrong = read_task(texts, term=place.term, people=place.people, task=task)
    if place.locked:
        changed = {name for name in values if values[name] != value_of(task, name)} | wrong.keys()
        found.errors += [(name, place.locked) for name in texts if name in changed]
        return
    found.errors += list(wrong.items())
    if "year" in values and values["year"] is None:
        values["year"] = year_of(values.get("due_on") or task.due_on, place.term.starts_on)
    elif "due_on" in values and "year" not in values and not (found.errors or yearly):
        values["year"] = year_of(values["due_on"], place.term.starts_on)
    found.values = {name: value for name, value in values.items() if value != value_of(task, name)}


def _judge_work(
    found: Judged, texts: Cells, note: str, task: Task, place: Place, viewer: User
) -> None:
    """Judge what a ledger's row says of its task: how far it is, and who is in charge."""
    for name, text in texts.items():
        if name == PROGRESS.name:
            _judge_progress(found, text, task)
        elif name in PERSONS:
            _judge_person(found, name, text, task, place, viewer)
        elif _says_other(name, text, task):
            found.errors.append((name, why_over(task.plan) or FIXED))
    if note:
        _judge_note(found, note)
    if {PROGRESS.name, NOTE.name} & found.values.keys():
        may = can_work_on(viewer, task)
        if sentence := "" if may and not why_locked(task) else may.reason or why_locked(task):
            name = next(n for n in (PROGRESS.name, NOTE.name) if n in found.values)
            found.errors.append((name, sentence))


def _says_other(name: str, text: str, task: Task) -> bool:
    """Whether a cell that cannot be changed here says something else than the task."""
    parsed = FIELDS_BY_NAME[name].parse(text)
    return bool(parsed.wrong) or parsed.value != value_of(task, name)


def _judge_progress(found: Judged, text: str, task: Task) -> None:
    word = unicodedata.normalize("NFKC", text).replace(" ", "").removesuffix("%")
    if not re.fullmatch(r"\d{1,3}(?:\.0+)?", word) or not 0 <= int(float(word)) <= 100:
        found.errors.append((PROGRESS.name, NOT_A_PROGRESS))
    elif int(float(word)) != task.progress:
        found.values[PROGRESS.name] = int(float(word))


def _judge_note(found: Judged, note: str) -> None:
    if unreadable := _unreadable({NOTE.name: note}):
        found.errors += unreadable
    elif len(note) > NOTE.limit:
        found.errors.append((NOTE.name, f"最多 {NOTE.limit} 个字，现有 {len(note)} 个字。"))
    else:
        found.values[NOTE.name] = note


def _judge_person(
    found: Judged, name: str, text: str, task: Task, place: Place, viewer: User
) -> None:
    """Judge who shall be in charge: of the own side, and with an account."""
    side = OWNERS[name]
    values, wrong = read_task({name: text}, term=place.term, people=place.people, task=task)
    if not wrong and values[name] == value_of(task, name):
        return
    may = can_assign(viewer, task, side)
    charge = values.get(name)
    if not may:
        found.errors.append((name, may.reason))
    elif wrong:
        found.errors.append((name, wrong[name]))
    elif task.state.is_over or why_over(task.plan):
        found.errors.append((name, why_locked(task)))
    elif isinstance(charge, Charge) and charge.person:
        found.errors.append(
            (name, f"{side.label}没有名为“{charge.person}”的在用账号，请从名单中选择。")
        )
    else:
        found.values[name] = charge


def label_of(kind: SheetKind, name: str) -> str:
    """Return what a cell's column is called."""
    return next((one.label for one in COLUMNS[kind] if one.name == name), ROW_KEY.label)
