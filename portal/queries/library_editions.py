"""Editions of the library as their pages show them, within what the viewer may read."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    EditionState,
    LibraryEdition,
    LibraryTask,
    Pairing,
    Plan,
    PlanState,
    SurveyItem,
    SurveyTemplate,
    Task,
    User,
)
from portal.policies.library import sees_drafts
from portal.policies.library_changes import Fate, TaskChange, areas_in_new_order, compare
from portal.queries.library import library_tasks

STILL_OPEN = (PlanState.DRAFTING, PlanState.AGREED)


@dataclass(frozen=True)
class EditionRow:
    """One edition in the list, with how many tasks it has."""

    edition: LibraryEdition
    tasks: int


@dataclass(frozen=True)
class Touched:
    """A plan that holds tasks made from a standard task that changes."""

    plan: Plan
    codes: list[str]


@dataclass(frozen=True)
class Changes:
    """What an edition changes, and whom that reaches (issue 4 §3)."""

    changes: list[TaskChange]
    new_order: list[str]
    open_plans: list[Touched]
    closed_plans: int

    def count(self, fate: Fate) -> int:
        """Return how many standard tasks met that fate."""
        return sum(change.fate is fate for change in self.changes)


def edition_rows(viewer: User) -> list[EditionRow]:
    """Return the editions the viewer may read, newest first, in one query."""
    counted = (
        sa.select(LibraryTask.edition, sa.func.count().label("tasks"))
        .group_by(LibraryTask.edition)
        .subquery()
    )
    wanted = (
        sa.select(LibraryEdition, sa.func.coalesce(counted.c.tasks, 0))
        .outerjoin(counted, counted.c.edition == LibraryEdition.edition)
        .where(_readable(viewer))
        .options(joinedload(LibraryEdition.published_by), joinedload(LibraryEdition.edited_by))
        .order_by(LibraryEdition.id.desc())
    )
    return [EditionRow(edition, tasks) for edition, tasks in db.session.execute(wanted)]


def get_edition(edition_id: int, *, viewer: User) -> LibraryEdition:
    """Return an edition the viewer may read. Raises NotVisible: drafts are the province's."""
    edition = db.session.scalar(
        sa.select(LibraryEdition)
        .where(LibraryEdition.id == edition_id, _readable(viewer))
        .options(joinedload(LibraryEdition.published_by), joinedload(LibraryEdition.edited_by))
    )
    if edition is None:
        raise NotVisible()
    return edition


def get_edition_task(edition_id: int, task_id: int, *, viewer: User) -> LibraryTask:
    """Return a standard task of an edition the viewer may read. Raises NotVisible."""
    edition = get_edition(edition_id, viewer=viewer)
    task = db.session.scalar(
        sa.select(LibraryTask).where(
            LibraryTask.id == task_id, LibraryTask.edition == edition.edition
        )
    )
    if task is None:
        raise NotVisible()
    return task


def draft_of(viewer: User) -> LibraryEdition | None:
    """Return the draft, if there is one that the viewer may read."""
    if not sees_drafts(viewer):
        return None
    return db.session.scalar(
        sa.select(LibraryEdition)
        .where(LibraryEdition.state == EditionState.DRAFT)
        .options(joinedload(LibraryEdition.edited_by))
    )


def changes_of(edition: LibraryEdition) -> Changes:
    """Return what ``edition`` changes against the one it was copied from, and whom it reaches.

    The caller has loaded the edition in scope; plans are named to the province only.
    """
    after = library_tasks(edition=edition.edition)
    before = library_tasks(edition=edition.based_on) if edition.based_on else []
    changes = compare(before, after)
    touched = _touched({one.code for one in changes if one.fate is not Fate.ADDED})
    return Changes(
        changes=changes,
        new_order=[area.label for area in areas_in_new_order(before, after)],
        open_plans=[one for one in touched if one.plan.state in STILL_OPEN],
        closed_plans=sum(one.plan.state not in STILL_OPEN for one in touched),
    )


def item_labels() -> dict[str, str]:
    """Return what the current survey sheet calls its items, by key, in their order."""
    rows = db.session.execute(
        sa.select(SurveyItem.key, SurveyItem.section, SurveyItem.label)
        .join(SurveyItem.template)
        .where(SurveyTemplate.is_current)
        .order_by(SurveyItem.position)
    )
    return {key: f"{section} · {label}" for key, section, label in rows}


def _touched(codes: set[str]) -> list[Touched]:
    """Return the plans with tasks made from one of these standard tasks, in table order."""
    if not codes:
        return []
    held: dict[int, list[str]] = {}
    for plan_id, code in db.session.execute(
        sa.select(Task.plan_id, LibraryTask.code)
        .join(LibraryTask, LibraryTask.id == Task.library_task_id)
        .where(LibraryTask.code.in_(codes))
        .distinct()
        .order_by(LibraryTask.code)
    ):
        held.setdefault(plan_id, []).append(code)
    plans = db.session.scalars(
        sa.select(Plan)
        .where(Plan.id.in_(held))
        .join(Plan.pairing)
        .options(
            joinedload(Plan.pairing).options(
                joinedload(Pairing.supporting), joinedload(Pairing.supported)
            )
        )
        .order_by(Pairing.programme_id, Pairing.sequence)
    )
    return [Touched(plan, held[plan.id]) for plan in plans]


def _readable(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition under which ``viewer`` reads an edition."""
    return sa.true() if sees_drafts(viewer) else LibraryEdition.state != EditionState.DRAFT
