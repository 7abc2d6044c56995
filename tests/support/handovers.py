"""What the tests of a hand-over share."""

from datetime import date
from typing import Any

from portal.extensions import db
from portal.models import (
    Assessment,
    Event,
    Handover,
    Role,
    Task,
    User,
)
from portal.queries.open_work import open_work_of
from portal.services import assessment_reviews, handovers
from tests.factories import Scene, make_user
from tests.factories.assessments import self_assessing
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task

DUE = date(2030, 6, 30)


def staff(scene: Scene, role: Role = Role.CONTRIBUTOR, **named: str) -> User:
    """Somebody more at the supported hospital."""
    return make_user(role, scene.pairing.supported, **named)


def task_of(scene: Scene, owner: User, **state: Any) -> Task:
    """A task of the plan in force, given to ``owner`` on the supported side."""
    task = make_task(plan_of(scene), **{"due_on": DUE, **state})
    task.supported_owner = owner
    db.session.flush()
    return task


def plan_of(scene: Scene) -> Any:
    from portal.models import Plan

    found = db.session.query(Plan).filter_by(pairing_id=scene.pairing_id).one_or_none()
    return found or plan_in_force(scene.pairing, scene)


def keys_of(user: User) -> list[str]:
    return [thing.key for thing in open_work_of(user)]


def events_of(kind: str, number: int) -> list[Event]:
    rows = db.session.query(Event).filter_by(object_type=kind, object_id=number)
    return list(rows.order_by(Event.id))


def give(scene: Scene, giver: User, receiver: User, **changed: Any) -> Handover:
    asked: dict[str, Any] = {
        "keys": keys_of(giver),
        "reason": "调离科教科",
        "actor": scene.supported_leader,
    }
    return handovers.hand_over(giver, receiver, **{**asked, **changed})


def experts(scene: Scene) -> tuple[Assessment, User]:
    assessment = self_assessing(scene)
    assessment_reviews.assign_expert(assessment, scene.expert, actor=scene.centre)
    return assessment, make_user(Role.EXPERT)
