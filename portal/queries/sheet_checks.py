"""Holding the rows of a workbook against what is there: so many rows at a time, few questions."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload, selectinload

from portal.extensions import db
from portal.models import (
    HOSPITAL_ROLES,
    Agreement,
    AgreementState,
    Pairing,
    Plan,
    PlanState,
    SheetImport,
    SheetKind,
    Side,
    Task,
    User,
)
from portal.policies.plans import can_edit_plan
from portal.policies.scope import visible_tasks
from portal.policies.sheet_columns import RowKey, read_key
from portal.policies.sheet_places import PlaceNames
from portal.policies.sheet_rows import (
    FIXED,
    NO_NEW_ROWS,
    Judged,
    Place,
    judge_new,
    judge_task,
    refused,
)
from portal.policies.tasks import why_over
from portal.queries.picking import pairings_among
from portal.queries.sheet_others import changed_today, yearly_standards

LOCKED_BY_AGREEMENT = "帮扶协议已提交备案，计划随协议锁定，请先由省中心退回协议。"
NO_PLAN = "这个结对还没有三年计划，请先在计划页开始制定。"
BAD_KEY = "系统标识被改动过，无法确定是哪项任务。请从系统重新下载表格，在新表中修改。"
NO_TASK = "没有这项任务，或您不能查看。请从系统重新下载表格。"

Row = Mapping[str, Any]


def load_places(pairing_ids: Sequence[int], kind: SheetKind, *, viewer: User) -> list[Place]:
    """Return the pairings among ``pairing_ids`` that ``viewer`` sees, with plan and staff."""
    pairings = pairings_among(pairing_ids, viewer=viewer)
    ids = [one.id for one in pairings]
    plans = {
        one.pairing_id: one
        for one in db.session.scalars(sa.select(Plan).where(Plan.pairing_id.in_(ids)))
    }
    submitted = set(
        db.session.scalars(
            sa.select(Agreement.pairing_id).where(
                Agreement.pairing_id.in_(ids), Agreement.state == AgreementState.SUBMITTED
            )
        )
    )
    staff = _staff(pairings)
    return [
        Place(
            pairing,
            plans.get(pairing.id),
            {
                Side.SUPPORTING: staff.get(pairing.supporting_id, []),
                Side.SUPPORTED: staff.get(pairing.supported_id, []),
            },
            _why_locked(plans.get(pairing.id), pairing.id in submitted, viewer)
            if kind is SheetKind.PLAN
            else "",
        )
        for pairing in pairings
    ]


def _staff(pairings: Sequence[Pairing]) -> dict[int, list[User]]:
    """Return the active people of the hospitals, by hospital."""
    hospitals = {
        one for pairing in pairings for one in (pairing.supporting_id, pairing.supported_id)
    }
    found: dict[int, list[User]] = {}
    for user in db.session.scalars(
        sa.select(User)
        .where(User.organisation_id.in_(hospitals), User.is_active, User.role.in_(HOSPITAL_ROLES))
        .options(lazyload(User.organisation))
        .order_by(User.role, User.id)
    ):
        found.setdefault(user.organisation_id or 0, []).append(user)
    return found


def _why_locked(plan: Plan | None, is_submitted: bool, viewer: User) -> str:
    """Say why ``viewer`` cannot change the plan now; empty when they can."""
    if plan is None:
        return NO_PLAN
    if not (may := can_edit_plan(viewer, plan)):
        return may.reason
    if plan.state not in (PlanState.DRAFTING, PlanState.AGREED):
        return why_over(plan) or FIXED
    return LOCKED_BY_AGREEMENT if is_submitted else ""


class Checker:
    """Judges rows of one workbook for ``viewer``."""

    def __init__(self, sheet: SheetImport, *, viewer: User) -> None:
        self.kind, self.viewer = sheet.kind, viewer
        self.columns = list(sheet.letters)
        places = load_places(sheet.pairing_ids, sheet.kind, viewer=viewer)
        self.places = {one.pairing.id: one for one in places}
        self.names = PlaceNames(places)
        self.yearly = yearly_standards() if self.kind is SheetKind.PLAN else set()
        # The task of every row of the whole workbook, by whatever the row names it.
        self.meant = self._meant(sheet.rows)
        self.first: dict[int, int] = {}
        for number, task_id in self.meant.items():
            self.first.setdefault(task_id, number)

    def check(self, rows: Sequence[Row]) -> list[Judged]:
        """Return what each of ``rows`` would do."""
        ids = {self.meant[n] for row in rows if (n := int(row["row"])) in self.meant}
        tasks = self._tasks(Task.id.in_(ids)) if ids else {}
        return [self._judge(row, tasks) for row in rows]

    def _meant(self, rows: Sequence[Row]) -> dict[int, int]:
        """Return the id of the task that each row names, by its key or by pairing and code."""
        codes = self._codes() if any(_names_code(row["cells"]) for row in rows) else {}
        found: dict[int, int] = {}
        for row in rows:
            cells = row["cells"]
            if key := read_key(cells.get("key", "")):
                found[int(row["row"])] = key.task_id
            elif _names_code(cells) and isinstance(place := self.names.find(cells), Place):
                task_id = codes.get((place.pairing.id, cells["code"]))
                if task_id is not None:
                    found[int(row["row"])] = task_id
        return found

    @cached_property
    def busy(self) -> set[int]:
        """The tasks that somebody else changed today."""
        return changed_today(list(self.places), by_others_than=self.viewer)

    def _codes(self) -> dict[tuple[int, str], int]:
        """Return the ids of all tasks that rows can name by their code."""
        rows = db.session.execute(
            sa.select(Task.pairing_id, Task.code, Task.id).where(
                Task.pairing_id.in_(self.places), visible_tasks(self.viewer)
            )
        )
        return {(pairing_id, code): task_id for pairing_id, code, task_id in rows}

    def _tasks(self, wanted: sa.ColumnElement[bool]) -> dict[int, Task]:
        """Return the tasks that the viewer sees, with what their cells show."""
        lists = (selectinload(Task.requirements), selectinload(Task.milestones))
        statement = (
            sa.select(Task)
            .where(wanted, visible_tasks(self.viewer))
            .options(
                joinedload(Task.supporting_owner).lazyload(User.organisation),
                joinedload(Task.supported_owner).lazyload(User.organisation),
                joinedload(Task.plan),
                joinedload(Task.pairing).options(
                    joinedload(Pairing.supporting), joinedload(Pairing.supported)
                ),
                *(lists if self.kind is SheetKind.PLAN else ()),
            )
            .execution_options(populate_existing=True)
        )
        return {task.id: task for task in db.session.scalars(statement)}

    def _judge(self, row: Row, tasks: Mapping[int, Task]) -> Judged:
        number, cells = int(row["row"]), row["cells"]
        task = tasks.get(self.meant.get(number, 0))
        title = cells.get("title", "")
        if cells.get("key"):
            key = read_key(cells["key"])
            if key is None:
                return refused(number, "key", BAD_KEY, title)
            if key.kind is not self.kind:
                told = f"这一行来自{key.kind.label}的表格，请在对应的页面上传。"
                return refused(number, "key", told, title)
            if task is None:
                return refused(number, "key", NO_TASK, title)
            return self._known(number, cells, task, key)
        place = self.names.find(cells)
        if isinstance(place, str):
            return refused(number, "pairing", place, title)
        if code := cells.get("code"):
            if task is None:
                told = f"{place.pairing.title}没有编号为“{code[:30]}”的任务"
                more = "；新增任务时请把任务编号留空。" if self.kind is SheetKind.PLAN else "。"
                return refused(number, "code", told + more, title)
            return self._known(number, cells, task, None)
        if self.kind is SheetKind.LEDGER:
            return refused(number, "code", NO_NEW_ROWS, title)
        return judge_new(number, cells, place, self.columns)

    def _known(
        self, number: int, cells: Mapping[str, str], task: Task, key: RowKey | None
    ) -> Judged:
        """Judge a row that stands for ``task``, if no other row does and nothing was moved."""
        name = "key" if key else "code"
        title = f"{task.code} {task.title}"
        place = self.places.get(task.pairing_id)
        if place is None:
            told = f"这项任务属于“{task.pairing.title}”，不在本次导入的结对之内。"
            return refused(number, name, told, title)
        first = self.first[task.id]
        if first != number:
            told = (
                f"与第 {first} 行是同一项任务，请只保留一行；新增任务请写在空白行，不要复制整行。"
            )
            return refused(number, name, told, title)
        found = judge_task(
            self.kind,
            number,
            cells,
            task=task,
            place=place,
            key=key,
            columns=self.columns,
            viewer=self.viewer,
            yearly=task.library_task_id in self.yearly,
            busy=key is None and task.id in self.busy,
        )
        if key and cells.get("code") not in (None, task.code):
            found.errors.append(("code", f"任务编号由系统编排，不能修改，应为“{task.code}”。"))
        if key and self.names.is_other(cells, place):
            found.errors.append(("pairing", f"任务不能移到别的结对，应为“{place.pairing.title}”。"))
        return found.settled()


def _names_code(cells: Mapping[str, str]) -> bool:
    """Whether a row names its task by the code alone."""
    return bool(cells.get("code")) and not cells.get("key")
