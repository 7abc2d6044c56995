"""Hand-overs 工作交接: who can give and receive, and the sheets of those that were made."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Handover, Pairing, Plan, Task, User
from portal.policies.handovers import (
    can_hand_over,
    colleagues_of,
    keeps_people,
    possible_receivers,
    visible_givers,
    visible_handovers,
)
from portal.policies.tasks import is_open_with

PAST = 50


def get_giver(user_id: int, *, viewer: User) -> User:
    """Return an account whose open work ``viewer`` may know of. Raises NotVisible."""
    user = db.session.scalar(sa.select(User).where(User.id == user_id, visible_givers(viewer)))
    if user is None:
        raise NotVisible()
    return user


def receivers(giver: User, *, viewer: User) -> list[User]:
    """Return who can be given the work of ``giver``, by role and name."""
    return list(
        db.session.scalars(
            sa.select(User)
            .where(possible_receivers(viewer, giver))
            .order_by(User.role, User.name, User.id)
        )
    )


def post_is_empty(giver: User) -> bool:
    """Whether nobody but ``giver`` holds their role in their hospital; never outside of one."""
    if not giver.role.in_hospital:
        return False
    other = sa.select(User.id).where(
        User.role == giver.role,
        User.organisation_id == giver.organisation_id,
        User.is_active,
        User.id != giver.id,
    )
    return db.session.scalar(other.limit(1)) is None


def get_handover(handover_id: int, *, viewer: User) -> Handover:
    """Return a hand-over whose sheet ``viewer`` may read. Raises NotVisible."""
    handover = db.session.scalar(
        sa.select(Handover).where(Handover.id == handover_id, visible_handovers(viewer))
    )
    if handover is None:
        raise NotVisible()
    return handover


def past_handovers(*, viewer: User, of: User | None = None) -> Sequence[Handover]:
    """Return the hand-overs that ``viewer`` may read, newest first; ``of`` narrows to a person."""
    statement = sa.select(Handover).where(visible_handovers(viewer))
    if of is not None:
        statement = statement.where(sa.or_(Handover.from_id == of.id, Handover.to_id == of.id))
    return db.session.scalars(
        statement.order_by(Handover.id.desc())
        .limit(PAST)
        .options(
            joinedload(Handover.from_user),
            joinedload(Handover.to_user),
            joinedload(Handover.made_by),
        )
    ).all()


def people_with_tasks(*, viewer: User) -> list[tuple[User, int, bool]]:
    """Return the people of the viewer's hospital, how many open tasks each has in hand, and
    whether the viewer may hand their work over; disabled ones only while they have any.

    Raises NotVisible for everyone who looks after no hospital.
    """
    if not keeps_people(viewer):
        raise NotVisible()
    rows = db.session.execute(
        sa.select(User, _open_tasks().label("tasks"))
        .where(colleagues_of(viewer))
        .order_by(User.is_active.desc(), User.role, User.name, User.id)
    )
    return [
        (user, tasks, bool(can_hand_over(viewer, user)))
        for user, tasks in rows
        if user.is_active or tasks
    ]


def _open_tasks() -> sa.ScalarSelect[int]:
    """Return the number of tasks in the person's hands, as a column of a query on User."""
    return (
        sa.select(sa.func.count())
        .select_from(Task)
        .join(Plan, Plan.id == Task.plan_id)
        .join(Pairing, Pairing.id == Task.pairing_id)
        .where(is_open_with(User))
        .correlate(User)
        .scalar_subquery()
    )
