"""Standard tasks of a draft: added, edited, moved, left out and taken in again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from portal.errors import NotVisible, Rejected
from portal.extensions import db
from portal.models import Area, LibraryEdition, LibraryTask, Recurrence, User
from portal.policies.library_fields import differences, values_of
from portal.services.library_editions import copied, note_edit, open_for_editing
from portal.workflow import check_version

CODE = re.compile(r"[A-E]-\d{2}")


@dataclass(frozen=True)
class StandardEntry:
    """What the form of a standard task says; ``code`` counts for a new one only."""

    code: str
    area: Area
    title: str
    description: str
    criteria: str
    measures: str
    evidence: tuple[str, ...]
    weight: int
    due_months: int
    recurrence: Recurrence
    milestones: tuple[tuple[str, int], ...]
    checks: tuple[str, ...]
    base_kinds: tuple[str, ...]
    basis: str
    verified: bool
    item_keys: tuple[str, ...]

    def values(self) -> dict[str, object]:
        """Return the columns of LibraryTask, lists as JSON keeps them."""
        found = {name: value for name, value in vars(self).items() if name != "code"}
        for name in ("evidence", "checks", "base_kinds", "item_keys"):
            found[name] = list(found[name])
        found["milestones"] = [list(pair) for pair in self.milestones]
        return found


def add_standard_task(edition: LibraryEdition, entry: StandardEntry, *, actor: User) -> LibraryTask:
    """Add a standard task at the end of its area. Raises Forbidden, StepRefused or Rejected."""
    open_for_editing(edition, actor=actor)
    _check(entry)
    _check_code(edition, entry)
    positions = [task.position for task in edition.tasks]
    task = LibraryTask(
        edition=edition.edition,
        code=entry.code,
        position=max(positions, default=-1) + 1,
        **entry.values(),
    )
    db.session.add(task)
    db.session.flush()
    note_edit(edition, f"新增标准任务 {task.code}", [("任务", task.title)], actor=actor)
    return task


def edit_standard_task(
    task: LibraryTask, entry: StandardEntry, *, seen_version: int | None, actor: User
) -> None:
    """Make a draft's task say what ``entry`` says; its code stays.

    Raises Forbidden, StepRefused, StaleEdit, Rejected, or NotVisible if it was left out meanwhile.
    """
    edition = task.of_edition
    open_for_editing(edition, actor=actor)
    _read_anew(task)
    check_version(task, seen_version)
    _check(entry)
    before, after = values_of(task), entry.values()
    changed = differences(before, after)
    if not changed:
        return
    for name, value in after.items():
        setattr(task, name, value)
    db.session.flush()
    details = [
        (one.label, f"{one.before or '（空）'} → {one.after or '（空）'}") for one in changed
    ]
    note_edit(edition, f"修改标准任务 {task.code}", details, actor=actor)


def leave_out(task: LibraryTask, *, actor: User) -> None:
    """Take a task out of the draft. Plans that hold it keep it. Raises as editing does."""
    edition = task.of_edition
    open_for_editing(edition, actor=actor)
    _read_anew(task)
    name = f"{task.code} {task.title}"
    db.session.delete(task)
    db.session.flush()
    note_edit(edition, "停用标准任务", [("任务", name)], actor=actor)


def take_back(edition: LibraryEdition, code: str, *, actor: User) -> LibraryTask:
    """Bring a task back to what the edition before says, left out or changed.

    Raises Forbidden, StepRefused, or NotVisible for a code that edition does not know.
    """
    open_for_editing(edition, actor=actor)
    before = _task_of(edition.based_on, code)
    if before is None:
        raise NotVisible()
    there = _task_of(edition.edition, code)
    if there is None:
        there = copied(before, edition.edition)
        db.session.add(there)
    else:
        for name, value in values_of(before).items():
            setattr(there, name, value)
    db.session.flush()
    note_edit(edition, f"恢复标准任务 {code}", [("任务", there.title)], actor=actor)
    return there


def move_task(task: LibraryTask, steps: int, *, actor: User) -> None:
    """Move a draft's task ``steps`` places down (or up) within its area, as far as it goes."""
    edition = task.of_edition
    open_for_editing(edition, actor=actor)
    _read_anew(task)
    row = [one for one in edition.tasks if one.area is task.area]
    before = row.index(task)
    after = min(max(before + steps, 0), len(row) - 1)
    if after == before:
        return
    places = [one.position for one in row]
    row.insert(after, row.pop(before))
    _put(row, places)
    note_edit(
        edition, f"调整 {task.code} 的顺序", [("位置", f"本领域第 {after + 1} 项")], actor=actor
    )


def _put(row: Sequence[LibraryTask], places: Sequence[int]) -> None:
    """Give the tasks of ``row`` those places; equal ones of older data are pulled apart."""
    for at, task in enumerate(row):
        place = max(places[at], row[at - 1].position + 1) if at else places[at]
        if task.position != place:
            task.position = place
    db.session.flush()


def _check(entry: StandardEntry) -> None:
    """Refuse what no task could be made from."""
    wrong: dict[str, str] = {}
    if not entry.evidence:
        wrong["evidence"] = "请至少写一项佐证材料，销号时逐项核对。"
    if not entry.base_kinds:
        wrong["base_kinds"] = "请至少选一类适用基地。"
    if any(months > entry.due_months for _title, months in entry.milestones):
        wrong["milestones"] = f"节点应在第 {entry.due_months} 个月以内。"
    if wrong:
        raise Rejected(wrong)


def _check_code(edition: LibraryEdition, entry: StandardEntry) -> None:
    """Refuse a code that is taken, or whose letter is that of another area."""
    letter = "ABCDE"[entry.area.number - 1]
    if not CODE.fullmatch(entry.code) or entry.code[0] != letter:
        raise Rejected(
            {"task_code": f"“{entry.area.label}”的编号应为 {letter}-01 至 {letter}-99。"}
        )
    if _task_of(edition.edition, entry.code) is not None:
        raise Rejected({"task_code": f"编号 {entry.code} 已有标准任务。"})
    if _task_of(edition.based_on, entry.code) is not None:
        raise Rejected(
            {"task_code": f"编号 {entry.code} 属于已停用的标准任务，请恢复它或换一个编号。"}
        )


def _task_of(edition: str, code: str) -> LibraryTask | None:
    return db.session.scalar(
        sa.select(LibraryTask).where(LibraryTask.edition == edition, LibraryTask.code == code)
    )


def _read_anew(task: LibraryTask) -> None:
    """Read the task behind the edition's lock. Raises NotVisible if it was left out meanwhile."""
    if db.session.scalar(sa.select(LibraryTask.id).where(LibraryTask.id == task.id)) is None:
        raise NotVisible()
    db.session.refresh(task)
