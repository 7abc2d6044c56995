"""Which object a paper is about, loaded in scope: whoever sees its page may take it on paper."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal.errors import NotVisible, StepRefused
from portal.extensions import db
from portal.models import (
    ClosureRequest,
    OutputKind,
    Pairing,
    SurveyState,
    Task,
    User,
)
from portal.policies.scope import visible_tasks
from portal.queries.agreements import get_agreement
from portal.queries.closure import CLOSED_STATES
from portal.queries.pairings import get_whole_pairing
from portal.queries.plans import get_plan
from portal.queries.surveys import get_survey


@dataclass(frozen=True)
class Subject:
    """A paper and what it is about."""

    kind: OutputKind
    about: Any
    pairing: Pairing

    @property
    def title(self) -> str:
        """What the paper is called, with the two hospitals."""
        names = f"{self.pairing.supporting.short_name}帮扶{self.pairing.supported.short_name}"
        return f"{names}{self.kind.label}"


def get_subject(kind: OutputKind, object_id: int, *, viewer: User) -> Subject:
    """Return what the paper ``kind`` of ``object_id`` is about.

    Plan and task list are asked for by the plan, the ledger by the pairing, the slip by the
    closure round, receipt and agreement by the agreement, the report by the survey.
    Raises NotVisible for what the viewer may not see, StepRefused where there is no paper yet.
    """
    about = _LOADERS[kind](object_id, viewer)
    return Subject(kind, about, _pairing_of(about))


def _pairing_of(about: Any) -> Pairing:
    if isinstance(about, Pairing):
        return about
    pairing: Pairing = about.task.pairing if isinstance(about, ClosureRequest) else about.pairing
    return pairing


def _plan(object_id: int, viewer: User) -> Any:
    return get_plan(object_id, viewer=viewer)


def _ledger(object_id: int, viewer: User) -> Any:
    return get_whole_pairing(object_id, viewer=viewer)


def _closure(object_id: int, viewer: User) -> Any:
    found = db.session.scalar(
        sa.select(ClosureRequest)
        .join(ClosureRequest.task)
        .where(ClosureRequest.id == object_id, visible_tasks(viewer))
        .options(
            joinedload(ClosureRequest.requested_by),
            joinedload(ClosureRequest.confirmed_by),
            joinedload(ClosureRequest.decided_by),
            joinedload(ClosureRequest.reopened_by),
            joinedload(ClosureRequest.task).joinedload(Task.pairing).options(*_HOSPITALS),
        )
    )
    if found is None:
        raise NotVisible()
    if found.state not in CLOSED_STATES:
        raise StepRefused("这一轮申请没有销号，没有销号确认单。")
    return found


def _receipt(object_id: int, viewer: User) -> Any:
    agreement = get_agreement(object_id, viewer=viewer)
    if agreement.filed_at is None:
        raise StepRefused("协议还没有备案，没有备案回执。")
    return agreement


def _agreement(object_id: int, viewer: User) -> Any:
    return get_agreement(object_id, viewer=viewer)


def _survey(object_id: int, viewer: User) -> Any:
    survey = get_survey(object_id, viewer=viewer)
    if survey.state in (SurveyState.PLANNED, SurveyState.CANCELLED):
        raise StepRefused(f"实地调研{survey.state.label}，没有调研报告。")
    return survey


_HOSPITALS = (
    joinedload(Pairing.programme),
    joinedload(Pairing.supporting),
    joinedload(Pairing.supported),
)
_LOADERS: dict[OutputKind, Callable[[int, User], Any]] = {
    OutputKind.PLAN: _plan,
    OutputKind.TASK_LIST: _plan,
    OutputKind.LEDGER: _ledger,
    OutputKind.CLOSURE_SLIP: _closure,
    OutputKind.RECEIPT: _receipt,
    OutputKind.SURVEY_REPORT: _survey,
    OutputKind.AGREEMENT: _agreement,
}
