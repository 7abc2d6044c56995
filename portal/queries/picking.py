"""The page that picks standard tasks for one or several pairings."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Area,
    BaseKind,
    LibraryTask,
    Organisation,
    Pairing,
    Plan,
    PlanState,
    Programme,
    Task,
    User,
)
from portal.policies.plans import coordinates
from portal.policies.recurrence import Occurrence, occurrences
from portal.policies.scope import visible_pairings
from portal.row_ids import LARGEST_ID


@dataclass(frozen=True)
class PickPairing:
    """A pairing one may pick for, with its plan if there is one."""

    pairing: Pairing
    plan: Plan | None
    has_tasks: bool = False

    @property
    def term(self) -> tuple[date, date]:
        """First and last day of its plan, or of the plan it would get."""
        source = self.plan or self.pairing.programme
        return source.starts_on, source.ends_on


@dataclass(frozen=True)
class PickLine:
    """A standard task, the dates it would get, and in how many chosen plans it already is."""

    task: LibraryTask
    dates: list[date]
    taken: int
    chosen: int

    @property
    def is_taken(self) -> bool:
        """Whether every chosen plan contains all of it already."""
        return self.chosen > 0 and self.taken == self.chosen


def pickable(viewer: User) -> list[PickPairing]:
    """Return the viewer's pairings whose plan may still be filled, in table order."""
    pairings = db.session.scalars(
        sa.select(Pairing)
        .join(Pairing.programme)
        .where(visible_pairings(viewer))
        .options(
            joinedload(Pairing.programme),
            joinedload(Pairing.supporting),
            joinedload(Pairing.supported).selectinload(Organisation.bases),
        )
        .order_by(Programme.starts_on.desc(), Pairing.programme_id, Pairing.sequence)
    ).all()
    own = [pairing for pairing in pairings if coordinates(viewer, pairing)]
    ids = [pairing.id for pairing in own]
    plans = {
        plan.pairing_id: plan
        for plan in db.session.scalars(
            sa.select(Plan).where(Plan.pairing_id.in_(ids)).options(selectinload(Plan.endorsements))
        )
    }
    submitted = set(
        db.session.scalars(
            sa.select(Agreement.pairing_id).where(
                Agreement.pairing_id.in_(ids), Agreement.state == AgreementState.SUBMITTED
            )
        )
    )
    begun = set(
        db.session.scalars(sa.select(Task.pairing_id).where(Task.pairing_id.in_(ids)).distinct())
    )
    return [
        PickPairing(one, plans.get(one.id), one.id in begun)
        for one in own
        if one.id not in submitted and _is_open(plans.get(one.id))
    ]


def chosen_pairings(ids: Collection[int], *, viewer: User) -> list[Pairing]:
    """Return the pairings with ``ids`` in table order. Raises NotVisible if one is not seen."""
    if any(not 0 < number <= LARGEST_ID for number in ids):
        raise NotVisible()
    found = pairings_among(ids, viewer=viewer)
    if len(found) != len(set(ids)):
        raise NotVisible()
    return found


def pairings_among(ids: Collection[int], *, viewer: User) -> list[Pairing]:
    """Return the pairings with ``ids`` that ``viewer`` sees, in table order."""
    return list(
        db.session.scalars(
            sa.select(Pairing)
            .where(Pairing.id.in_(ids), visible_pairings(viewer))
            .options(
                joinedload(Pairing.programme),
                joinedload(Pairing.supporting),
                joinedload(Pairing.supported),
            )
            .order_by(Pairing.programme_id, Pairing.sequence)
        )
    )


def plan_of(pairing: Pairing) -> Plan | None:
    """Return the plan of a pairing that the caller has loaded in scope."""
    return db.session.scalar(sa.select(Plan).where(Plan.pairing_id == pairing.id))


def base_kinds_of(chosen: Sequence[PickPairing]) -> set[str]:
    """Return for which programmes the supported hospitals are accredited."""
    return {base.kind.value for one in chosen for base in one.pairing.supported.bases}


def pick_lines(
    library: Sequence[LibraryTask],
    chosen: Sequence[PickPairing],
    *,
    kind: BaseKind | None,
    starts_on: date | None,
) -> list[tuple[Area, list[PickLine]]]:
    """Return the library by area, as it would fall due in the chosen plans.

    ``kind`` keeps what concerns that kind of base; None what concerns the supported
    hospitals' own kinds (all, while none of their bases is recorded).
    """
    kinds = {kind.value} if kind else base_kinds_of(chosen)
    there = _codes_in([one.plan for one in chosen if one.plan])
    found = []
    for area in Area:
        lines = [
            _line(task, chosen, there, starts_on)
            for task in library
            if task.area is area and (not kinds or kinds & set(task.base_kinds))
        ]
        found.append((area, lines))
    return found


def _line(
    task: LibraryTask,
    chosen: Sequence[PickPairing],
    there: dict[int, set[str]],
    starts_on: date | None,
) -> PickLine:
    """Return one standard task as the page shows it."""
    taken = 0
    dates: list[date] = []
    for one in chosen:
        expected = _expected(task, one, starts_on)
        dates = dates or [occurrence.due_on for occurrence in expected]
        codes = {occurrence.code for occurrence in expected}
        taken += one.plan is not None and codes <= there.get(one.plan.id, set())
    return PickLine(task, dates, taken, len(chosen))


def _expected(task: LibraryTask, one: PickPairing, starts_on: date | None) -> list[Occurrence]:
    """Return what the standard task would become in the plan of ``one``."""
    first, last = one.term
    begin = starts_on if starts_on and first <= starts_on <= last else first
    return occurrences(task, starts_on=begin, plan_starts_on=first, plan_ends_on=last)


def _codes_in(plans: Sequence[Plan]) -> dict[int, set[str]]:
    """Return the codes of the tasks in each plan."""
    found: dict[int, set[str]] = {plan.id: set() for plan in plans}
    for plan_id, code in db.session.execute(
        sa.select(Task.plan_id, Task.code).where(Task.plan_id.in_(found))
    ):
        found[plan_id].add(code)
    return found


def _is_open(plan: Plan | None) -> bool:
    return plan is None or plan.state in (PlanState.DRAFTING, PlanState.AGREED)
