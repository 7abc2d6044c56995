"""Carrying out an approved amendment: all of its lines, or none of them.

The caller has locked the plan and its tasks, and has seen that every line still fits
(policies/amendment_lines.py: unfit).
"""

from collections.abc import Sequence

from portal import clock
from portal.extensions import db
from portal.models import (
    AmendmentChange,
    Area,
    ChangeKind,
    GoalFigure,
    PlanAmendment,
    Task,
    TaskState,
    User,
)
from portal.policies.amendment_lines import area_of, line_title
from portal.policies.amendment_texts import read_texts
from portal.policies.goal_texts import FIGURES, goal_key, read_figures
from portal.policies.task_fields import FIELDS_BY_NAME
from portal.queries.plans import people_of
from portal.services.extensions import drop_waiting
from portal.services.goals import put_goal
from portal.services.plan_changes import area_letter, new_task, next_number
from portal.services.plan_tasks import fill_new
from portal.services.task_values import write_values
from portal.workflow import record, transition
from portal.workflow.tasks import RESTING


def carry_out(amendment: PlanAmendment, *, actor: User) -> None:
    """Make the plan say what the lines say, and write it into each task's history.

    Raises StepRefused where a requirement would go that has evidence, and Rejected where a day
    does not fit any more: the approval is then undone as a whole.
    """
    do = {ChangeKind.CHANGE: _change, ChangeKind.GOAL: _set_goals, ChangeKind.ADD: _add_task}
    for line in amendment.changes:
        do.get(line.kind, _move)(line, actor)
        db.session.flush()


def _said(line: AmendmentChange) -> str:
    return f"计划调整（第 {line.amendment.number} 号）"


def _task_of(line: AmendmentChange) -> Task:
    if line.task is None:
        raise RuntimeError("a line that changes a task names it")
    return line.task


def _change(line: AmendmentChange, actor: User) -> None:
    task = _task_of(line)
    details = write_values(task, read_texts(task.plan, line.after, task))
    record(
        task,
        "task",
        action="amended",
        title=f"{_said(line)}修改任务",
        actor=actor,
        comment=line.amendment.reason,
        tone="info",
        details=details,
    )


def _add_task(line: AmendmentChange, actor: User) -> None:
    amendment = line.amendment
    texts = {name: text for name, text in line.after.items() if name in FIELDS_BY_NAME}
    values = read_texts(amendment.plan, texts, people=people_of(amendment.pairing))
    area: Area = values["area"]
    task = new_task(
        amendment.plan,
        next_number(amendment.plan),
        area=area,
        title=values["title"],
        criteria=values["criteria"],
    )
    task.code = line.after.get("code") or f"{area_letter(area)}-X{task.number:02d}"
    task.library_task_id = line.after.get("library_task_id")
    fill_new(task, amendment.plan, values)
    db.session.add(task)
    db.session.flush()
    line.task = task
    record(
        task,
        "task",
        action="added",
        title=f"{_said(line)}新增任务",
        actor=actor,
        comment=amendment.reason,
        tone="success",
    )


def _set_goals(line: AmendmentChange, _actor: User) -> None:
    plan, area = line.amendment.plan, area_of(line)
    rows = {goal.year: goal for goal in plan.goals if goal.area is area}
    years = line.amendment.pairing.programme.years
    for year in years:
        text = line.after.get(goal_key(year))
        if text is not None:
            put_goal(plan, rows.get(year), year, area, text)
    if FIGURES in line.after:
        _set_figures(line, area, years)


def _set_figures(line: AmendmentChange, area: Area, years: Sequence[int]) -> None:
    """Replace the area's figures; one that keeps its name keeps where its baseline came from."""
    plan = line.amendment.plan
    known = {one.name: one.item_key for one in plan.figures if one.area is area}
    plan.figures = [one for one in plan.figures if one.area is not area]
    db.session.flush()
    plan.figures.extend(
        GoalFigure(
            area=area,
            position=at,
            name=one.name,
            unit=one.unit,
            baseline=one.baseline,
            targets=one.targets,
            item_key=known.get(one.name, ""),
        )
        for at, one in enumerate(read_figures(line.after[FIGURES], years), 1)
    )


def _move(line: AmendmentChange, actor: User) -> None:
    """Suspend, resume or cancel the task; a request for more time falls with it."""
    task = _task_of(line)
    details = [("依据", _said(line)), ("任务", line_title(line))]
    was = task.state
    action = line.kind.value
    if line.kind is ChangeKind.RESUME and task.suspended_from == TaskState.NOT_STARTED.value:
        action = "resume_not_started"
    # The database wants the state and what belongs to it at once.
    with db.session.no_autoflush:
        comment = line.amendment.reason
        transition(RESTING, task, action, actor=actor, comment=comment, details=details)
        task.suspended_from = was.value if line.kind is ChangeKind.SUSPEND else None
        task.cancelled_on = clock.today() if line.kind is ChangeKind.CANCEL else None
    db.session.flush()
    if not task.is_running:
        drop_waiting(task, actor=actor)
