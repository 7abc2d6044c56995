"""Milestones of tasks, figures of goals, and core tasks that are met already."""

from datetime import date
from decimal import Decimal

from portal import clock
from portal.extensions import db
from portal.models import (
    Area,
    Evidence,
    GoalFigure,
    LibraryTask,
    MetTarget,
    Milestone,
    Plan,
    SiteSurvey,
    Task,
    User,
)


def make_milestone(
    task: Task, title: str = "完成选址", *, due_on: date | None = None, done_on: date | None = None
) -> Milestone:
    """Add a milestone to a task, due with the task unless told."""
    milestone = Milestone(
        task=task,
        position=len(task.milestones) + 1,
        title=title,
        due_on=due_on or task.due_on,
        done_on=done_on,
    )
    db.session.add(milestone)
    db.session.flush()
    return milestone


def make_met_target(
    plan: Plan,
    standard: LibraryTask,
    *,
    by: User,
    evidence: Evidence | None = None,
    survey: SiteSurvey | None = None,
) -> MetTarget:
    """Leave a core task out of a plan because of a piece of evidence or a survey."""
    target = MetTarget(
        plan=plan,
        library_task=standard,
        statement="已发文并执行",
        met_on=date(2020, 3, 31),
        evidence=evidence,
        survey=survey,
        added_by=by,
        added_at=clock.now(),
    )
    db.session.add(target)
    db.session.flush()
    return target


def make_figure(
    plan: Plan,
    name: str,
    *,
    area: Area = Area.TEACHING,
    baseline: str | None = None,
    targets: tuple[str, ...] = (),
    item_key: str = "",
) -> GoalFigure:
    """Add a figure with its targets of the first years."""
    figure = GoalFigure(
        plan_id=plan.id,
        area=area,
        position=sum(one.area is area for one in plan.figures) + 1,
        name=name,
        unit="%",
        baseline=Decimal(baseline) if baseline else None,
        targets={str(year): text for year, text in enumerate(targets, 1) if text},
        item_key=item_key,
    )
    plan.figures.append(figure)
    db.session.flush()
    return figure
