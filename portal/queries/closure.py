"""A task's closure as its panel and its reviewer's page show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from portal import clock
from portal.errors import NotVisible, StepRefused
from portal.extensions import db
from portal.models import (
    ClosureRequest,
    ClosureState,
    Evidence,
    EvidenceStatus,
    EvidenceUse,
    Pairing,
    Task,
    Upload,
    User,
    VerificationPolicy,
)
from portal.models.files import SHOWN_AS, ShownAs
from portal.policies.scope import visible_tasks
from portal.queries.closure_stepper import StepMark, steps_of
from portal.queries.uploads import closure_gaps
from portal.workflow.closure import CLOSURE, CORE_WEIGHT, rejected_since
from portal.workflow.tasks import Turn, turn_of

CLOSED_STATES = (ClosureState.CLOSED, ClosureState.REOPENED)
"""Rounds that did close their task, whatever came later."""


@dataclass(frozen=True)
class ClosurePanel:
    """What the closure panel of one task shows to one viewer now."""

    task: Task
    steps: list[StepMark]
    turn: Turn | None
    rounds: list[ClosureRequest]
    missing: list[str]
    may: frozenset[str] = field(default_factory=frozenset)

    @property
    def current(self) -> ClosureRequest | None:
        """The latest round, whatever became of it."""
        return self.rounds[0] if self.rounds else None

    @property
    def last_return(self) -> ClosureRequest | None:
        """The round before the latest one, if it was sent back: its reason is to be mended."""
        earlier = [one for one in self.rounds[1:] if one.state is not ClosureState.VOIDED]
        sent_back = earlier and (earlier[0].return_reason or earlier[0].reopen_reason)
        return earlier[0] if sent_back else None

    @property
    def last_statement(self) -> str:
        """What was claimed last time, to be amended; after a look-back it is claimed anew."""
        latest = self.current
        return "" if latest is None or latest.state in CLOSED_STATES else latest.statement

    @property
    def checklist(self) -> list[tuple[str, list[tuple[int, dict[str, Any]]]]]:
        """Each requirement with the pieces of the latest round's snapshot that stand for it.

        A piece is (its number on the page, its snapshot). Evidence beyond what was required
        comes last.
        """
        pieces = list(enumerate(self.current.evidence, 1)) if self.current else []
        known = {one.id for one in self.task.requirements}
        rows = [
            (one.name, [piece for piece in pieces if piece[1]["requirement_id"] == one.id])
            for one in self.task.requirements
        ]
        others = [piece for piece in pieces if piece[1]["requirement_id"] not in known]
        return [*rows, *([("其他材料", others)] if others else [])]

    @property
    def statuses(self) -> dict[int, EvidenceStatus]:
        """What has been decided since about each piece that was applied with, by its id."""
        return {use.evidence_id: use.evidence.status for use in self.task.evidence_uses}

    @property
    def against(self) -> list[str]:
        """What keeps the waiting round from being passed: it can only be returned."""
        return rejected_since(self.task)

    @property
    def shown(self) -> Mapping[str, ShownAs]:
        """How each kind of file is shown in the page, by media type."""
        return SHOWN_AS

    @property
    def centre_always(self) -> bool:
        """Whether the centre is sure to verify this task."""
        programme = self.task.pairing.programme
        return programme.verification is VerificationPolicy.ALL or self.task.weight >= CORE_WEIGHT

    @property
    def has_slip(self) -> bool:
        """Whether a closure slip can be printed."""
        return any(one.state in CLOSED_STATES for one in self.rounds)

    @property
    def can_apply(self) -> bool:
        """Whether the viewer may apply, and no older application waits."""
        return "request_closure" in self.may

    @property
    def can_apply_again(self) -> bool:
        """Whether the viewer may replace an application that waits."""
        return "void_closure" in self.may

    @property
    def can_confirm(self) -> bool:
        """Whether the viewer confirms for the supporting base now."""
        return "confirm_closure" in self.may

    @property
    def can_verify(self) -> bool:
        """Whether the viewer verifies for the centre now."""
        return "verify_closure" in self.may

    @property
    def can_look_back(self) -> bool:
        """Whether the viewer may check the closed task again now."""
        return "reopen_task" in self.may


def get_task(task_id: int, *, viewer: User) -> Task:
    """Return a task that ``viewer`` may see, with all its closure needs. Raises NotVisible."""
    task = db.session.scalar(
        sa.select(Task)
        .where(Task.id == task_id, visible_tasks(viewer))
        .options(
            joinedload(Task.plan),
            joinedload(Task.supported_owner),
            joinedload(Task.pairing).joinedload(Pairing.programme),
            joinedload(Task.pairing).joinedload(Pairing.supporting),
            joinedload(Task.pairing).joinedload(Pairing.supported),
            selectinload(Task.requirements),
            selectinload(Task.evidence_uses)
            .joinedload(EvidenceUse.evidence)
            .joinedload(Evidence.file),
        )
    )
    if task is None:
        raise NotVisible()
    return task


def closed_round(task: Task) -> ClosureRequest:
    """Return the latest round that closed the task, signatures loaded.

    Raises StepRefused while there is none; a reopened one counts, because it did close.
    """
    for one in _rounds_of(task):
        if one.state in CLOSED_STATES:
            return one
    raise StepRefused("该任务尚未销号，没有可以打印的销号确认单。")


def closure_panel(task: Task, viewer: User, waiting: list[Upload] | None = None) -> ClosurePanel:
    """Return the panel of ``task``, which the caller has loaded in scope: two more queries.

    ``waiting`` are the uploads of the task that wait, where the caller knows them: one less.
    """
    rounds = _rounds_of(task)
    may = frozenset(step.action for step in CLOSURE.open_to(task, viewer))
    return ClosurePanel(
        task=task,
        steps=steps_of(rounds[0] if rounds else None),
        turn=turn_of(task, clock.today()),
        rounds=rounds,
        missing=closure_gaps(task, viewer, waiting)
        if may & {"request_closure", "void_closure"}
        else [],
        may=may,
    )


def _rounds_of(task: Task) -> list[ClosureRequest]:
    """Return the rounds, newest first, with everybody who signed them, in one query."""
    rounds = db.session.scalars(
        sa.select(ClosureRequest)
        .where(ClosureRequest.task_id == task.id)
        .order_by(ClosureRequest.round)
        .options(
            joinedload(ClosureRequest.requested_by),
            joinedload(ClosureRequest.confirmed_by),
            joinedload(ClosureRequest.decided_by),
            joinedload(ClosureRequest.reopened_by),
        )
    ).all()
    # The rules read task.closure_requests: they find these instead of asking again.
    set_committed_value(task, "closure_requests", list(rounds))
    return list(reversed(rounds))
