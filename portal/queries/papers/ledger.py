"""销号台账 as facts (columns of domain-facts §9.1.10)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import sqlalchemy as sa

from portal import clock
from portal.extensions import db
from portal.models import (
    ClosureRequest,
    ClosureState,
    Event,
    Light,
    Pairing,
    Plan,
    PlanState,
    Side,
    Task,
)
from portal.queries.papers.common import Paper, dotted, paper_of, person_on
from portal.queries.papers.tasks import steps_of, tasks_of
from portal.queries.papers.telling import Told


@dataclass(frozen=True)
class LedgerLine:
    """One line of the ledger."""

    number: Annotated[str, Told("序号", "1")]
    code: Annotated[str, Told("任务编号", "A-01")]
    area: Annotated[str, Told("帮扶内容", "科室建设")]
    source: Annotated[str, Told("来源", "实地调研")]
    problem: Annotated[str, Told("问题", "全科病房未独立设置")]
    title: Annotated[str, Told("任务", "独立设置全科医学科")]
    measures: Annotated[str, Told("帮扶措施", "派驻专家指导科室设置。")]
    supported_person: Annotated[str, Told("受援方责任人", "李某某")]
    supporting_person: Annotated[str, Told("帮扶方责任人", "王某某")]
    starts: Annotated[str, Told("起始日期", "2020.5.22")]
    due: Annotated[str, Told("完成时限", "2020.11.22")]
    first_due: Annotated[str, Told("原定时限，未延期时为空", "")]
    steps: Annotated[str, Told("节点（每行一项）", "2020.8.31 完成建设方案")]
    progress: Annotated[str, Told("进度", "60%")]
    light: Annotated[str, Told("灯", "正常")]
    state: Annotated[str, Told("状态", "进行中")]
    extensions: Annotated[str, Told("延期次数", "0")]
    closed: Annotated[str, Told("销号日期，未销号时为空", "")]
    look_back: Annotated[str, Told("回头看结果", "")]


@dataclass(frozen=True)
class LedgerPaper(Paper):
    """销号台账."""

    count: Annotated[str, Told("任务项数（不含已取消）", "3")]
    closed_count: Annotated[str, Told("已销号项数", "1")]
    overdue_count: Annotated[str, Told("逾期项数", "0")]
    cancelled_count: Annotated[str, Told("已取消项数", "0")]
    is_binding: Annotated[bool, Told("计划是否已生效", True)]
    lines: Annotated[list[LedgerLine], Told("任务", [{}, {"number": "2"}, {"number": "3"}])]


def ledger_paper(pairing: Pairing) -> LedgerPaper:
    """Return the facts of the pairing's ledger as it stands today."""
    today = clock.today()
    plan = db.session.scalar(sa.select(Plan).where(Plan.pairing_id == pairing.id))
    tasks = tasks_of(plan) if plan else []
    looked = _look_backs(pairing)
    lines = [_line(number, task, today, looked) for number, task in enumerate(tasks, 1)]
    counted = [task for task in tasks if task.counts]
    lights = Counter(task.light_on(today) for task in counted)
    names = f"{pairing.supporting.name}帮扶{pairing.supported.name}"
    return LedgerPaper(
        **paper_of(pairing, f"{names}销号台账", today),
        count=str(len(counted)),
        closed_count=str(sum(task.is_closed for task in counted)),
        overdue_count=str(lights[Light.RED]),
        cancelled_count=str(len(tasks) - len(counted)),
        is_binding=plan is not None and plan.state not in (PlanState.DRAFTING, PlanState.AGREED),
        lines=lines,
    )


def _look_backs(pairing: Pairing) -> dict[int, str]:
    """Return what the latest look-back at each task found, by the task's id."""
    found: list[tuple[int, date, str]] = [
        (task_id, clock.local_date(at), "通过")
        for task_id, at in db.session.execute(
            sa.select(Event.object_id, Event.at).where(
                Event.pairing_id == pairing.id,
                Event.object_type == "task",
                Event.action == "pass_lookback",
            )
        )
    ]
    reopened = db.session.scalars(
        sa.select(ClosureRequest)
        .join(ClosureRequest.task)
        .where(Task.pairing_id == pairing.id, ClosureRequest.state == ClosureState.REOPENED)
    )
    found += [
        (one.task_id, clock.local_date(one.reopened_at), "重启")
        for one in reopened
        if one.reopened_at
    ]
    found.sort(key=lambda one: one[1])
    return {task_id: f"{dotted(day)}{said}" for task_id, day, said in found}


def _line(number: int, task: Task, today: date, looked: dict[int, str]) -> LedgerLine:
    problems = [link.problem for link in task.problem_links]
    return LedgerLine(
        number=str(number),
        code=task.code,
        area=task.area.short,
        source=_source_of(task, [one.source.label for one in problems]),
        problem="\n".join(one.title for one in problems),
        title=task.title,
        measures=task.what_is_done,
        supported_person=person_on(task, Side.SUPPORTED),
        supporting_person=person_on(task, Side.SUPPORTING),
        starts=dotted(task.starts_on),
        due=dotted(task.due_on),
        first_due=dotted(task.first_due_on) if task.first_due_on != task.due_on else "",
        steps=steps_of(task),
        progress=f"{task.progress}%",
        light=task.state.rest_label or task.light_on(today).label,
        state=task.state.label,
        extensions=str(task.extensions),
        closed=dotted(task.closed_on),
        look_back=looked.get(task.id, ""),
    )


def _source_of(task: Task, sources: Sequence[str]) -> str:
    """Say where the task comes from: the problems it answers, the library, or the two sides."""
    if sources:
        return "、".join(dict.fromkeys(sources))
    return "标准任务" if task.library_task_id else "双方商定"
