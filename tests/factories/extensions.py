"""Requests for more time at every stage, brought there by the services."""

from datetime import date, timedelta

from portal import clock
from portal.extensions import db
from portal.models import ExtensionReason, ExtensionRequest, Task, User
from portal.policies.scope import side_of
from portal.services import extensions
from tests.factories.scenes import Scene, make_scene

REASON = "病房改造工程尚未验收，预计下一季度交付。"


def running_scene(**programme: object) -> Scene:
    """A province whose programme began a year ago and ends in two."""
    today = clock.today()
    term = {"starts_on": today - timedelta(days=365), "ends_on": today + timedelta(days=730)}
    return make_scene(**{**term, **programme})


def extension_row(task: Task, *, by: User) -> ExtensionRequest:
    """Add a waiting request as a row, whatever the task's dates are today."""
    request = ExtensionRequest(
        task=task,
        pairing_id=task.pairing_id,
        state_since=clock.now(),
        reason_class=ExtensionReason.STAFF,
        reason=REASON,
        from_due_on=task.due_on,
        to_due_on=task.due_on + timedelta(days=30),
        requested_by=by,
        asked_side=side_of(by, task.pairing),
        requested_at=clock.now(),
    )
    db.session.add(request)
    db.session.flush()
    return request


def waiting_extension(
    task: Task, *, by: User, to_due_on: date | None = None, reason: str = REASON
) -> ExtensionRequest:
    """Ask for sixty days more, unless told otherwise."""
    return extensions.request_extension(
        task,
        reason_class=ExtensionReason.WORKS,
        reason=reason,
        to_due_on=to_due_on or task.due_on + timedelta(days=60),
        actor=by,
    )


def granted_extension(
    task: Task, *, by: User, decider: User, to_due_on: date | None = None
) -> ExtensionRequest:
    """Ask, and have it granted."""
    asked = waiting_extension(task, by=by, to_due_on=to_due_on)
    return extensions.grant_extension(asked, actor=decider)
