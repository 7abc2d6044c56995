"""Problems as their pages show them, always within what the viewer may see."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Area,
    Pairing,
    Plan,
    Problem,
    ProblemSource,
    ProblemTask,
    Severity,
    Task,
    User,
)
from portal.policies.plans import sees_plans
from portal.policies.problems import Standing, standing, unanswered
from portal.policies.scope import visible_pairings


@dataclass(frozen=True)
class ProblemFilter:
    """What the address asks for. Empty fields do not narrow."""

    area: Area | None = None
    standing: Standing | None = None
    severity: Severity | None = None
    source: ProblemSource | None = None
    survey_id: int | None = None

    def __bool__(self) -> bool:
        return self != ProblemFilter()


@dataclass(frozen=True)
class ProblemRow:
    """A problem in a list, with what became of it and the tasks that answer it."""

    problem: Problem
    standing: Standing
    tasks: list[Task]


@dataclass(frozen=True)
class ProblemList:
    """The rows asked for, and how many problems there are of each standing."""

    rows: list[ProblemRow]
    counts: dict[Standing, int]

    @property
    def total(self) -> int:
        """How many problems the pairing has at all."""
        return sum(self.counts.values())


def get_problem(problem_id: int, *, viewer: User, lock: bool = False) -> Problem:
    """Return a problem that ``viewer`` may see, its pairing, tasks and survey loaded.

    ``lock`` holds its row until the transaction ends. Raises NotVisible for any other id, and
    for a contributor, who sees tasks but no problems.
    """
    statement = (
        sa.select(Problem)
        .join(Problem.pairing)
        .where(Problem.id == problem_id)
        .where(visible_pairings(viewer) if sees_plans(viewer) else sa.false())
        .options(
            contains_eager(Problem.pairing).options(
                joinedload(Pairing.programme),
                joinedload(Pairing.supporting),
                joinedload(Pairing.supported),
            ),
            joinedload(Problem.created_by),
            joinedload(Problem.dismissed_by),
            joinedload(Problem.survey),
            joinedload(Problem.item),
            selectinload(Problem.answers).joinedload(ProblemTask.task),
        )
    )
    if lock:
        statement = statement.with_for_update(of=Problem).execution_options(populate_existing=True)
    problem = db.session.scalar(statement)
    if problem is None:
        raise NotVisible()
    return problem


def problem_list(pairing: Pairing, wanted: ProblemFilter = ProblemFilter()) -> ProblemList:
    """Return the problems of ``pairing`` (loaded in scope), by number: three queries."""
    found = [_row(problem) for problem in _problems_of(pairing)]
    counts = {one: sum(row.standing is one for row in found) for one in Standing}
    return ProblemList([row for row in found if _wanted(row, wanted)], counts)


def _problems_of(pairing: Pairing) -> Sequence[Problem]:
    return db.session.scalars(
        sa.select(Problem)
        .where(Problem.pairing_id == pairing.id)
        .options(
            selectinload(Problem.answers).joinedload(ProblemTask.task),
            joinedload(Problem.dismissed_by),
        )
        .order_by(Problem.number)
    ).all()


def _row(problem: Problem) -> ProblemRow:
    return ProblemRow(problem, standing(problem), tasks_of(problem))


def tasks_of(problem: Problem) -> list[Task]:
    """Return the tasks that answer ``problem``, by number."""
    return sorted((answer.task for answer in problem.answers), key=lambda task: task.number)


def _wanted(row: ProblemRow, wanted: ProblemFilter) -> bool:
    return (
        wanted.area in (None, row.problem.area)
        and wanted.standing in (None, row.standing)
        and wanted.severity in (None, row.problem.severity)
        and wanted.source in (None, row.problem.source)
        and wanted.survey_id in (None, row.problem.survey_id)
    )


def unanswered_problems(plan: Plan) -> list[Problem]:
    """Return the problems of the plan's pairing that no task answers, by number: one query."""
    return list(
        db.session.scalars(
            sa.select(Problem)
            .where(Problem.pairing_id == plan.pairing_id, unanswered())
            .order_by(Problem.number)
        )
    )


def plan_of(pairing_id: int) -> Plan | None:
    """Return the plan of a pairing that was loaded in scope, if there is one."""
    return db.session.scalar(sa.select(Plan).where(Plan.pairing_id == pairing_id))
