"""Deciding many applications for closure at once: what can go through does, the rest is named."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from portal.errors import PortalError
from portal.extensions import db
from portal.models import Evidence, EvidenceUse, Role, Task, User
from portal.services.closure import confirm_closure, return_closure, verify_closure


@dataclass(frozen=True)
class Verdict:
    """What the reviewer decided about one task: with a reason it is returned, else approved."""

    task: Task
    reason: str = ""
    seen_version: int | None = None


@dataclass(frozen=True)
class Refusal:
    """A verdict that could not be carried out, and why. The task's row is as it was."""

    task_id: int
    title: str
    sentence: str
    reason: str


@dataclass
class Outcome:
    """What became of a pile of verdicts."""

    approved: int = 0
    returned: int = 0
    refused: list[Refusal] = field(default_factory=list)


def decide(verdicts: Iterable[Verdict], *, actor: User) -> Outcome:
    """Carry out each verdict in a savepoint of its own.

    All is held before the first is decided, so that two reviewers with overlapping piles wait
    for each other instead of locking each other out.
    """
    outcome = Outcome()
    pile = sorted(verdicts, key=lambda one: one.task.id)
    _lock([verdict.task.id for verdict in pile])
    for verdict in pile:
        task_id, title = verdict.task.id, verdict.task.title
        try:
            with db.session.begin_nested():
                _carry_out(verdict, actor)
        except PortalError as refusal:
            sentence = "".join(refusal.sentences)
            outcome.refused.append(Refusal(task_id, title, sentence, verdict.reason))
        else:
            outcome.returned += bool(verdict.reason)
            outcome.approved += not verdict.reason
    return outcome


def _lock(task_ids: Sequence[int]) -> None:
    """Hold all the tasks, then all their evidence, which their closing accepts."""
    tasks = sa.select(Task.id).where(Task.id.in_(task_ids)).order_by(Task.id)
    db.session.execute(tasks.with_for_update(of=Task))
    shown = sa.select(EvidenceUse.evidence_id).where(EvidenceUse.task_id.in_(task_ids))
    pieces = sa.select(Evidence.id).where(Evidence.id.in_(shown)).order_by(Evidence.id)
    db.session.execute(pieces.with_for_update(of=Evidence))


def _carry_out(verdict: Verdict, actor: User) -> None:
    """Return, verify or confirm one task."""
    task, seen = verdict.task, verdict.seen_version
    if verdict.reason:
        return_closure(task, reason=verdict.reason, actor=actor, seen_version=seen)
    elif actor.role is Role.CENTRE_REVIEWER:
        verify_closure(task, actor=actor, seen_version=seen)
    else:
        confirm_closure(task, actor=actor, seen_version=seen)
