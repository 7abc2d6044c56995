"""The five lists 五张清单 of a pairing: five views of the one ledger (§9.1.7, §9.1.10).

Each list is columns over the same rows, problems or tasks; a cell is a plain value that the page,
the printed sheet and the workbook show in their own way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload, load_only, selectinload

from portal import clock
from portal.extensions import db
from portal.models import (
    Area,
    ClosureRequest,
    ClosureState,
    LabelledEnum,
    Light,
    Pairing,
    Plan,
    PlanState,
    ProblemTask,
    Side,
    Task,
    User,
    Weight,
)
from portal.policies.tasks import unbound_words
from portal.queries.problems import ProblemRow, problem_list


class FiveList(LabelledEnum):
    """One of the five lists."""

    PROBLEMS = "problems", "问题清单"
    TASKS = "tasks", "任务清单"
    DUTIES = "duties", "责任清单"
    MEASURES = "measures", "措施清单"
    DEADLINES = "deadlines", "时限清单"


@dataclass(frozen=True)
class Link:
    """A cell that leads to a problem or a task."""

    text: str
    kind: str
    id: int

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Shown:
    """A cell with a light: its colour, and the words beside it."""

    light: Light | None
    text: str

    def __str__(self) -> str:
        return self.text or (self.light.label if self.light else "")


@dataclass(frozen=True)
class TaskRow:
    """One task with what the lists say of it."""

    task: Task
    pairing: Pairing
    plan_state: PlanState | None
    today: date
    reopened: int

    @property
    def light(self) -> Shown:
        """The task's light in words; none before the plan is in force or while the task rests."""
        if rest := self.task.state.rest_label:
            return Shown(None, rest)
        if unbound := unbound_words(self.plan_state):
            return Shown(None, unbound)
        return Shown(self.task.light_on(self.today), "")

    @property
    def problems(self) -> str:
        """The numbers of the problems it answers."""
        numbers = sorted(link.problem.number for link in self.task.problem_links)
        return "、".join(str(number) for number in numbers)

    @property
    def milestones(self) -> str:
        """The steps on the way, a line each, with the day each is due or was reached."""
        return "\n".join(
            f"{one.title}（{one.done_on.isoformat()} 完成）"
            if one.done_on
            else f"{one.title}（{one.due_on.isoformat()}）"
            for one in self.task.milestones
        )

    @property
    def look_back(self) -> str:
        """What a look-back at the closed task came to."""
        return f"重启 {self.reopened} 次" if self.reopened else ""


@dataclass(frozen=True)
class Column:
    """One column: name, width in characters, and what stands in it."""

    name: str
    width: int
    value: Callable[[Any], Any]
    wide: bool = False
    if_any: bool = False
    """Left out where no row has anything to say in it."""


def _problem_link(row: ProblemRow) -> Link:
    return Link(row.problem.title, "problem", row.problem.id)


def _tasks_told(row: ProblemRow) -> str:
    return "、".join(f"{task.code} {task.title}" for task in row.tasks)


def _task_link(row: TaskRow) -> Link:
    return Link(row.task.title, "task", row.task.id)


def _evidence_told(row: TaskRow) -> str:
    return "、".join(one.name for one in row.task.requirements)


def _later_due(row: TaskRow) -> date | None:
    """Return the first due date where it moved."""
    return row.task.first_due_on if row.task.first_due_on != row.task.due_on else None


CODE = Column("任务编号", 12, lambda row: row.task.code)
TASK = Column("任务", 32, _task_link, wide=True)
AREA = Column("领域", 12, lambda row: row.task.area.short)
ANSWERS = Column("对应问题", 10, lambda row: row.problems)
STATE = Column("状态", 14, lambda row: row.task.state)
LIGHT = Column("灯", 10, lambda row: row.light)
PROGRESS = Column("进度%", 8, lambda row: row.task.progress)

COLUMNS: dict[FiveList, tuple[Column, ...]] = {
    FiveList.PROBLEMS: (
        Column("编号", 6, lambda row: row.problem.number),
        Column("领域", 12, lambda row: row.problem.area.short),
        Column("来源", 14, lambda row: row.problem.source.label),
        Column("问题", 32, _problem_link),
        Column("严重程度", 10, lambda row: row.problem.severity),
        Column("需求", 32, lambda row: row.problem.need),
        Column("目标", 40, lambda row: row.problem.goal, wide=True),
        Column("对应任务", 36, _tasks_told),
        Column("解决情况", 12, lambda row: row.standing),
        Column("不列入原因", 24, lambda row: row.problem.dismissed_reason, if_any=True),
    ),
    FiveList.TASKS: (
        CODE,
        AREA,
        ANSWERS,
        TASK,
        Column("验收标准", 40, lambda row: row.task.criteria),
        Column("佐证材料", 32, _evidence_told),
        Column("权重", 8, lambda row: Weight(str(row.task.weight))),
        STATE,
        LIGHT,
        PROGRESS,
    ),
    FiveList.DUTIES: (
        CODE,
        TASK,
        AREA,
        Column("责任单位（受援方）", 20, lambda row: row.pairing.supported.short_name),
        Column("受援方责任人", 14, lambda row: row.task.in_charge_on(Side.SUPPORTED)),
        Column("支持单位（帮扶方）", 20, lambda row: row.pairing.supporting.short_name),
        Column("帮扶方责任人", 14, lambda row: row.task.in_charge_on(Side.SUPPORTING)),
        STATE,
    ),
    FiveList.MEASURES: (
        CODE,
        ANSWERS,
        TASK,
        Column("帮扶措施", 50, lambda row: row.task.what_is_done, wide=True),
        Column("验收标准", 40, lambda row: row.task.criteria, wide=True),
        PROGRESS,
        STATE,
    ),
    FiveList.DEADLINES: (
        CODE,
        TASK,
        Column("起始", 12, lambda row: row.task.starts_on),
        Column("节点", 36, lambda row: row.milestones),
        Column("完成时限", 12, lambda row: row.task.due_on),
        Column("首次时限", 12, _later_due),
        Column("延期次数", 8, lambda row: row.task.extensions),
        LIGHT,
        Column("销号日期", 12, lambda row: row.task.closed_on),
        Column("回头看", 12, lambda row: row.look_back),
    ),
}
"""What each list shows."""


@dataclass(frozen=True)
class ListPage:
    """One list of a pairing, ready to be shown."""

    which: FiveList
    columns: tuple[Column, ...]
    lines: list[list[Any]]


def list_page(which: FiveList, pairing: Pairing, *, area: Area | None = None) -> ListPage:
    """Return one list of a pairing that was loaded in scope: seven queries at most.

    Only for those who see the whole pairing.
    """
    rows: Sequence[Any]
    if which is FiveList.PROBLEMS:
        rows = problem_list(pairing).rows
        rows = [row for row in rows if area in (None, row.problem.area)]
    else:
        rows = [row for row in _task_rows(pairing) if area in (None, row.task.area)]
    columns = tuple(
        one for one in COLUMNS[which] if not one.if_any or any(one.value(row) for row in rows)
    )
    return ListPage(which, columns, [[one.value(row) for one in columns] for row in rows])


def _task_rows(pairing: Pairing) -> list[TaskRow]:
    """Return the tasks of a pairing by area and number, with all that a list may say of them."""
    state = db.session.scalar(sa.select(Plan.state).where(Plan.pairing_id == pairing.id))
    by_name = (load_only(User.name), lazyload(User.organisation))
    tasks = db.session.scalars(
        sa.select(Task)
        .where(Task.pairing_id == pairing.id)
        .options(
            joinedload(Task.supporting_owner).options(*by_name),
            joinedload(Task.supported_owner).options(*by_name),
            selectinload(Task.requirements),
            selectinload(Task.milestones),
            selectinload(Task.problem_links).joinedload(ProblemTask.problem),
        )
        .order_by(Task.number)
    ).all()
    reopened = _reopened(pairing)
    today = clock.today()
    rows = [TaskRow(task, pairing, state, today, reopened.get(task.id, 0)) for task in tasks]
    return sorted(rows, key=lambda row: (row.task.area.number, row.task.number))


def _reopened(pairing: Pairing) -> dict[int, int]:
    """Return how often a look-back opened each task again."""
    rows = db.session.execute(
        sa.select(ClosureRequest.task_id, sa.func.count())
        .join(ClosureRequest.task)
        .where(Task.pairing_id == pairing.id, ClosureRequest.state == ClosureState.REOPENED)
        .group_by(ClosureRequest.task_id)
    )
    return {row[0]: row[1] for row in rows}
