"""Problems of a pairing, and the tasks that answer them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from portal import clock
from portal.extensions import db
from portal.models import Area, Pairing, Problem, ProblemTask, Task, User


def make_problem(
    pairing: Pairing, by: User, *, tasks: Sequence[Task] = (), title: str = "", **more: Any
) -> Problem:
    """Add a problem, answered by ``tasks``. ``more`` sets other columns."""
    highest = db.session.scalar(
        sa.select(sa.func.max(Problem.number)).where(Problem.pairing_id == pairing.id)
    )
    number = (highest or 0) + 1
    columns: dict[str, Any] = {
        "area": Area.DEPARTMENT,
        "description": "病房与内科合用，没有单独的床位。",
        "need": "指导病房设置和排班。",
        "goal": "独立设置病房，床位不少于20张。",
        "found_on": clock.today(),
        **more,
    }
    problem = Problem(
        pairing=pairing,
        number=number,
        title=title or f"没有独立的全科病房{number}",
        created_by=by,
        created_at=clock.now(),
        answers=[ProblemTask(task=task, added_by_id=by.id, added_at=clock.now()) for task in tasks],
        **columns,
    )
    db.session.add(problem)
    db.session.flush()
    return problem


def dismissed_problem(pairing: Pairing, by: User, **more: Any) -> Problem:
    """Add a problem that the assistance does not take on."""
    return make_problem(
        pairing,
        by,
        dismissed_at=clock.now(),
        dismissed_by=by,
        dismissed_reason="已由其他项目解决。",
        **more,
    )
