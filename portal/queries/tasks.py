"""One task, in scope."""

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, with_expression

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    LibraryExample,
    LibraryTask,
    Milestone,
    Pairing,
    ProblemTask,
    Task,
    User,
)
from portal.policies.scope import visible_tasks
from portal.queries.extensions import with_requests


def get_task(task_id: int, *, viewer: User, lock: bool = False) -> Task:
    """Return a task that ``viewer`` may see, with its plan, pairing, people, requirements and
    requests for more time.

    ``lock`` holds the row until the transaction ends: every change of a task takes it, so that
    two people acting at once come one after the other. Raises NotVisible for any other id.
    """
    statement = (
        sa.select(Task)
        .where(Task.id == task_id, visible_tasks(viewer))
        .options(
            joinedload(Task.plan),
            joinedload(Task.pairing).joinedload(Pairing.programme),
            joinedload(Task.pairing).joinedload(Pairing.supporting),
            joinedload(Task.pairing).joinedload(Pairing.supported),
            joinedload(Task.supporting_owner),
            joinedload(Task.supported_owner),
            joinedload(Task.requirements),
            joinedload(Task.milestones),
            with_requests(),
        )
    )
    if lock:
        statement = statement.with_for_update(of=Task)
    else:
        statement = statement.options(
            with_expression(Task.examples_shown, _examples()),
            joinedload(Task.problem_links).joinedload(ProblemTask.problem),
        )
    task = db.session.scalars(statement).unique().one_or_none()
    if task is None:
        raise NotVisible()
    return task


def get_milestone(task: Task, milestone_id: int) -> Milestone:
    """Return a milestone of ``task``, which was loaded in scope. Raises NotVisible."""
    found = next((one for one in task.milestones if one.id == milestone_id), None)
    if found is None:
        raise NotVisible()
    return found


def _examples() -> sa.ScalarSelect[int]:
    """Return how many examples are shown beside the standard task that a task was made from."""
    return (
        sa.select(sa.func.count(LibraryExample.id))
        .join(LibraryTask, LibraryTask.code == LibraryExample.code)
        .where(LibraryTask.id == Task.library_task_id, LibraryExample.withdrawn_at.is_(None))
        .correlate(Task)
        .scalar_subquery()
    )
