"""Workbooks of tasks: what goes out, what came back, always within what the viewer may see."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload, undefer

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Pairing,
    Plan,
    PlanState,
    Role,
    SheetImport,
    SheetKind,
    Side,
    Task,
    User,
)
from portal.policies.plans import can_edit_plan
from portal.policies.scope import of_own_hospital, visible_pairings, visible_tasks
from portal.policies.sheet_rows import Place
from portal.policies.sheets import can_put_back, can_undo, is_colleague
from portal.policies.tasks import can_assign_in
from portal.queries.ledger import LedgerFilter, ledger_condition
from portal.queries.sheet_checks import load_places

AT_ONCE = 1000
LISTED = 50
"""So many imports are listed, the newest."""


def get_import(import_id: int, *, viewer: User) -> SheetImport:
    """Return an import of the viewer's own, or of a colleague whose hospital they coordinate.

    Only while every pairing in it is one the viewer sees. Raises NotVisible for any other id.
    """
    sheet = db.session.scalar(
        sa.select(SheetImport)
        .where(SheetImport.id == import_id)
        .options(joinedload(SheetImport.user), undefer(SheetImport.findings))
    )
    if sheet is None or not _is_theirs(sheet, viewer):
        raise NotVisible()
    if not set(sheet.pairing_ids) <= _seen_pairings(viewer):
        raise NotVisible()
    return sheet


def list_imports(*, viewer: User) -> list[SheetImport]:
    """Return the newest imports that :func:`get_import` would return."""
    colleagues: sa.ColumnElement[bool] = sa.false()
    if viewer.role is Role.BASE_COORDINATOR and viewer.organisation_id is not None:
        colleagues = SheetImport.user_id.in_(
            sa.select(User.id).where(User.organisation_id == viewer.organisation_id)
        )
    found = db.session.scalars(
        sa.select(SheetImport)
        .where(sa.or_(SheetImport.user_id == viewer.id, colleagues))
        .options(joinedload(SheetImport.user))
        .order_by(SheetImport.id.desc())
        .limit(LISTED)
    ).all()
    seen = _seen_pairings(viewer)
    return [one for one in found if set(one.pairing_ids) <= seen]


def _is_theirs(sheet: SheetImport, viewer: User) -> bool:
    return sheet.user_id == viewer.id or is_colleague(viewer, sheet)


def _seen_pairings(viewer: User) -> set[int]:
    return set(db.session.scalars(sa.select(Pairing.id).where(visible_pairings(viewer))))


def own_pairings(*, viewer: User, with_open_plan: bool) -> list[Pairing]:
    """Return the pairings of the viewer's hospital, in table order.

    ``with_open_plan``: those whose plan is being drawn up.
    """
    statement = (
        sa.select(Pairing)
        .where(visible_pairings(viewer), of_own_hospital(viewer))
        .options(joinedload(Pairing.supporting), joinedload(Pairing.supported))
        .order_by(Pairing.programme_id.desc(), Pairing.sequence)
    )
    if with_open_plan:
        states = (PlanState.DRAFTING, PlanState.AGREED)
        statement = statement.where(
            Pairing.id.in_(sa.select(Plan.pairing_id).where(Plan.state.in_(states)))
        )
    return list(db.session.scalars(statement))


@dataclass(frozen=True)
class Outgoing:
    """The tasks of a workbook that goes out, and whom its lists offer."""

    tasks: list[Task]
    people: dict[Side, list[User]]


def plan_tasks(pairing_ids: Sequence[int], *, viewer: User) -> Outgoing:
    """Return the task lists of these pairings. Raises NotVisible if one is not to be seen."""
    places = load_places(pairing_ids, SheetKind.PLAN, viewer=viewer)
    if {one.pairing.id for one in places} != set(pairing_ids):
        raise NotVisible()
    tasks = _tasks(Task.pairing_id.in_(pairing_ids), viewer, SheetKind.PLAN, limit=None)
    return Outgoing(tasks, _people(places, SheetKind.PLAN, viewer))


def ledger_tasks(wanted: LedgerFilter, *, viewer: User, limit: int) -> Outgoing:
    """Return just the tasks that the ledger shows; one more than ``limit`` where there are more."""
    tasks = _tasks(ledger_condition(wanted, viewer=viewer), viewer, SheetKind.LEDGER, limit + 1)
    ids = sorted({task.pairing_id for task in tasks})
    places = load_places(ids, SheetKind.LEDGER, viewer=viewer)
    return Outgoing(tasks, _people(places, SheetKind.LEDGER, viewer))


def _tasks(
    wanted: sa.ColumnElement[bool], viewer: User, kind: SheetKind, limit: int | None
) -> list[Task]:
    lists = (selectinload(Task.requirements), selectinload(Task.milestones))
    statement = (
        sa.select(Task)
        .join(Task.pairing)
        .where(wanted, visible_tasks(viewer))
        .options(
            joinedload(Task.supporting_owner).lazyload(User.organisation),
            joinedload(Task.supported_owner).lazyload(User.organisation),
            joinedload(Task.pairing).options(
                joinedload(Pairing.supporting), joinedload(Pairing.supported)
            ),
            *(lists if kind is SheetKind.PLAN else ()),
        )
        .order_by(Pairing.programme_id, Pairing.sequence, Task.number)
    )
    return list(db.session.scalars(statement.limit(limit)).unique())


def _people(places: Sequence[Place], kind: SheetKind, viewer: User) -> dict[Side, list[User]]:
    """Return everybody whom ``viewer`` can put in charge, by side, each once.

    Of the other sides nobody: a workbook travels, and names of staff are not for everybody.
    """
    found: dict[Side, dict[int, User]] = {side: {} for side in Side}
    for place in places:
        for side, staff in place.people.items():
            if _assigns(viewer, place, side, kind):
                found[side].update({user.id: user for user in staff})
    return {side: list(people.values()) for side, people in found.items()}


def _assigns(viewer: User, place: Place, side: Side, kind: SheetKind) -> bool:
    """Whether a workbook of that kind lets ``viewer`` put people of ``side`` in charge."""
    if kind is SheetKind.PLAN:
        return place.plan is not None and bool(can_edit_plan(viewer, place.plan))
    return bool(can_assign_in(viewer, place.pairing, side))


def people_for(sheet: SheetImport, *, viewer: User) -> dict[Side, list[User]]:
    """Return whom the lists of a workbook offer that goes out once more."""
    places = load_places(sheet.pairing_ids, sheet.kind, viewer=viewer)
    return _people(places, sheet.kind, viewer)


def may_undo(sheet: SheetImport, *, viewer: User) -> bool:
    """Whether ``viewer`` is offered to take the import back: the rights of undo_import()."""
    if not can_undo(viewer, sheet):
        return False
    ids = [int(one["task"]) for one in sheet.undo]
    statement = sa.select(Task).options(
        joinedload(Task.plan),
        joinedload(Task.pairing),
        joinedload(Task.supporting_owner).lazyload(User.organisation),
        joinedload(Task.supported_owner).lazyload(User.organisation),
    )
    for at in range(0, len(ids), AT_ONCE):
        part = statement.where(Task.id.in_(ids[at : at + AT_ONCE]))
        for task in db.session.scalars(part):
            if not can_put_back(viewer, sheet.kind, task):
                return False
    return True
