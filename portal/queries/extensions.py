"""Requests for more time, always within what the viewer may see."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, lazyload, load_only, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from portal import clock
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    MAX_EXTENSIONS,
    ExtensionRequest,
    ExtensionState,
    Pairing,
    Task,
    User,
)
from portal.policies import extensions as policies
from portal.policies.scope import visible_tasks
from portal.workdays import workdays_between
from portal.workflow.extensions import missing_to_grant

_PEOPLE = tuple(
    joinedload(person).options(
        load_only(User.name, User.role, User.organisation_id, User.is_active),
        lazyload(User.organisation),
    )
    for person in (ExtensionRequest.requested_by, ExtensionRequest.decided_by)
)
"""Load who asked and who decided by name, role and hospital only."""


def with_requests() -> ORMOption:
    """Load a task's requests with the names of who asked and who decided, in the same query."""
    return joinedload(Task.extension_requests).options(*_PEOPLE)


@dataclass(frozen=True)
class RequestLine:
    """One request as one viewer sees it."""

    request: ExtensionRequest
    waits_for: str
    days: int
    can_decide: bool
    can_withdraw: bool

    @property
    def is_late(self) -> bool:
        """Whether it was asked for after the day had passed."""
        return clock.local_date(self.request.requested_at) > self.request.from_due_on


@dataclass(frozen=True)
class ExtensionPanel:
    """What a task's page says about its due date."""

    lines: list[RequestLine]
    can_request: bool
    locked: str
    left: int

    @property
    def shown(self) -> bool:
        """Whether there is anything to say to this viewer."""
        return bool(self.lines) or self.can_request


def extension_panel(task: Task, *, viewer: User) -> ExtensionPanel:
    """Return the panel of ``task``, whose requests the caller has loaded: no further query."""
    today = clock.today()
    locked = policies.why_no_extension(task)
    return ExtensionPanel(
        lines=[request_line(one, viewer, today) for one in reversed(task.extension_requests)],
        can_request=bool(policies.can_request_extension(viewer, task)) and not locked,
        locked=locked,
        left=max(0, MAX_EXTENSIONS - task.extensions),
    )


def request_line(request: ExtensionRequest, viewer: User, today: date) -> RequestLine:
    """Return ``request`` as ``viewer`` sees it; its task, pairing and people are loaded."""
    waits = request.state is ExtensionState.REQUESTED
    return RequestLine(
        request=request,
        waits_for=policies.deciders(request) if waits else "",
        days=workdays_between(clock.local_date(request.requested_at), today) if waits else 0,
        can_decide=waits and bool(policies.can_decide_extension(viewer, request)),
        can_withdraw=waits and bool(policies.can_withdraw_extension(viewer, request)),
    )


@dataclass(frozen=True)
class ExtensionPage:
    """One request with what the task looks like, for whoever decides."""

    line: RequestLine
    others: list[RequestLine]
    obstacles: list[str]


def extension_page(request: ExtensionRequest, *, viewer: User) -> ExtensionPage:
    """Return the page of ``request``: what keeps it from being granted, and earlier requests."""
    today = clock.today()
    lines = [request_line(one, viewer, today) for one in reversed(request.task.extension_requests)]
    waits = request.state is ExtensionState.REQUESTED
    return ExtensionPage(
        line=request_line(request, viewer, today),
        others=[line for line in lines if line.request is not request],
        obstacles=missing_to_grant(request) if waits else [],
    )


def get_extension(extension_id: int, *, viewer: User) -> ExtensionRequest:
    """Return a request of a task that ``viewer`` may see. Raises NotVisible for any other id."""
    request = db.session.scalar(
        sa.select(ExtensionRequest)
        .join(ExtensionRequest.task)
        .where(ExtensionRequest.id == extension_id, visible_tasks(viewer))
        .options(
            contains_eager(ExtensionRequest.task).options(
                joinedload(Task.plan),
                joinedload(Task.pairing).options(*_HOSPITALS),
                selectinload(Task.extension_requests).options(*_PEOPLE),
            ),
            *_PEOPLE,
        )
    )
    if request is None:
        raise NotVisible()
    return request


def waiting_extensions(viewer: User, *, limit: int) -> list[RequestLine]:
    """Return the requests that wait for ``viewer`` to decide, the longest waiting first."""
    found = db.session.scalars(
        sa.select(ExtensionRequest)
        .join(ExtensionRequest.task)
        .join(ExtensionRequest.requested_by)
        .join(Task.pairing)
        .where(
            ExtensionRequest.state == ExtensionState.REQUESTED,
            visible_tasks(viewer),
            policies.decidable_by(viewer),
        )
        .options(
            contains_eager(ExtensionRequest.requested_by),
            contains_eager(ExtensionRequest.task).options(
                contains_eager(Task.pairing).options(*_HOSPITALS)
            ),
        )
        .order_by(ExtensionRequest.requested_at, ExtensionRequest.id)
        .limit(limit)
    ).all()
    today = clock.today()
    return [request_line(one, viewer, today) for one in found]


_HOSPITALS = (joinedload(Pairing.supporting), joinedload(Pairing.supported))
