"""Pairings as their pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import aliased, contains_eager, joinedload, selectinload

from portal import clock
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Agreement,
    Event,
    LeadershipGroup,
    Organisation,
    Pairing,
    Plan,
    PlanState,
    Programme,
    Side,
    Task,
    User,
)
from portal.policies.groups import composition_gaps
from portal.policies.pairings import can_see_whole
from portal.policies.scope import has_pairings, visible_pairings, visible_tasks
from portal.queries.agreements_at_hand import AtHand, agreements_at_hand

Supporting, Supported = aliased(Organisation), aliased(Organisation)


@dataclass(frozen=True)
class PairingFilter:
    """What the list was narrowed to, as the address bar says it. Nought and blank: all."""

    programme_id: int = 0
    supporting_id: int = 0
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.programme_id or self.supporting_id or self.text)

    def condition(self) -> sa.ColumnElement[bool]:
        """Return the condition on Pairing joined to Supporting and Supported."""
        wanted: list[sa.ColumnElement[bool]] = [sa.true()]
        if self.programme_id:
            wanted.append(Pairing.programme_id == self.programme_id)
        if self.supporting_id:
            wanted.append(Pairing.supporting_id == self.supporting_id)
        if self.text:
            places = [
                column.contains(self.text, autoescape=True)
                for one in (Supporting, Supported)
                for column in (one.name, one.short_name, one.city)
            ]
            wanted.append(sa.or_(*places))
        return sa.and_(*wanted)


@dataclass(frozen=True)
class TaskFigures:
    """How many of the tasks that the viewer sees are closed and overdue."""

    total: int = 0
    closed: int = 0
    overdue: int = 0


@dataclass(frozen=True)
class PairingRow:
    """A pairing in the list, with where it stands."""

    pairing: Pairing
    gaps: list[str]
    agreement: Agreement | None
    plan: Plan | None
    tasks: TaskFigures


@dataclass(frozen=True)
class FilterOptions:
    """What the viewer may narrow the list to: (id, name) pairs."""

    programmes: list[tuple[int, str]]
    supporting: list[tuple[int, str]]


def demand_pairings(viewer: User) -> None:
    """Raise NotVisible for those who have nothing to do with pairings: they have no such page."""
    if not has_pairings(viewer):
        raise NotVisible()


def get_pairing(pairing_id: int, *, viewer: User) -> Pairing:
    """Return a pairing that ``viewer`` may see, its hospitals and programme loaded.

    Raises NotVisible for any other id, whether it exists or not.
    """
    pairing = db.session.scalar(
        sa.select(Pairing)
        .where(Pairing.id == pairing_id, visible_pairings(viewer))
        .options(
            joinedload(Pairing.programme),
            joinedload(Pairing.supporting),
            joinedload(Pairing.supported),
        )
    )
    if pairing is None:
        raise NotVisible()
    return pairing


def get_whole_pairing(pairing_id: int, *, viewer: User) -> Pairing:
    """Like :func:`get_pairing`, but only for those who see more than their own tasks in it."""
    pairing = get_pairing(pairing_id, viewer=viewer)
    if not can_see_whole(viewer, pairing):
        raise NotVisible()
    return pairing


def pairings_seen_by(viewer: User, narrowed: PairingFilter = PairingFilter()) -> list[Pairing]:
    """Return every pairing ``viewer`` may see, newest programme first, in table order."""
    return list(
        db.session.scalars(
            sa.select(Pairing)
            .join(Pairing.programme)
            .join(Supporting, Supporting.id == Pairing.supporting_id)
            .join(Supported, Supported.id == Pairing.supported_id)
            .where(visible_pairings(viewer), narrowed.condition())
            .options(
                contains_eager(Pairing.programme),
                contains_eager(Pairing.supporting.of_type(Supporting)),
                contains_eager(Pairing.supported.of_type(Supported)),
            )
            .order_by(Programme.starts_on.desc(), Pairing.programme_id, Pairing.sequence)
        )
    )


def pairing_rows(viewer: User, narrowed: PairingFilter = PairingFilter()) -> list[PairingRow]:
    """Return the list page's rows: five queries, however many pairings there are."""
    pairings = pairings_seen_by(viewer, narrowed)
    ids = [pairing.id for pairing in pairings]
    groups = groups_of(ids)
    agreements = agreements_at_hand(ids)
    plans = {
        plan.pairing_id: plan
        for plan in db.session.scalars(sa.select(Plan).where(Plan.pairing_id.in_(ids)))
    }
    figures = task_figures(ids, viewer=viewer)
    return [
        PairingRow(
            pairing,
            composition_gaps(groups.get(pairing.id), pairing),
            agreements.get(pairing.id, AtHand()).shown,
            plans.get(pairing.id),
            figures.get(pairing.id, TaskFigures()),
        )
        for pairing in pairings
    ]


def task_figures(pairing_ids: Sequence[int], *, viewer: User) -> dict[int, TaskFigures]:
    """Count the tasks of the pairings that ``viewer`` sees, but cancelled ones; overdue today."""
    running = sa.select(Plan.id).where(Plan.state.in_([PlanState.IN_FORCE, PlanState.COMPLETED]))
    # Before the plan is in force nothing can be late.
    overdue = sa.and_(Task.is_late(clock.today()), Task.plan_id.in_(running))
    rows = db.session.execute(
        sa.select(
            Task.pairing_id,
            sa.func.count(),
            sa.func.count(sa.case((Task.is_closed, 1))),
            sa.func.count(sa.case((overdue, 1))),
        )
        .where(Task.pairing_id.in_(pairing_ids), Task.counts, visible_tasks(viewer))
        .group_by(Task.pairing_id)
    )
    return {pairing_id: TaskFigures(*counts) for pairing_id, *counts in rows}


@dataclass(frozen=True)
class SisterRow:
    """Another pairing of the same supporting hospital, with the group it has now."""

    pairing: Pairing
    supporting_members: int
    supported_members: int


def sister_rows(pairing: Pairing, *, viewer: User) -> list[SisterRow]:
    """Return the supporting hospital's other pairings of the programme that ``viewer`` sees."""
    narrowed = PairingFilter(pairing.programme_id, pairing.supporting_id)
    sisters = [one for one in pairings_seen_by(viewer, narrowed) if one.id != pairing.id]
    groups = groups_of([one.id for one in sisters])
    rows = []
    for one in sisters:
        group = groups.get(one.id)
        sides = [member.side for member in group.current_members] if group else []
        rows.append(SisterRow(one, sides.count(Side.SUPPORTING), sides.count(Side.SUPPORTED)))
    return rows


def groups_of(pairing_ids: Sequence[int]) -> dict[int, LeadershipGroup]:
    """Return the leadership group of each pairing with its members: two queries."""
    found = db.session.scalars(
        sa.select(LeadershipGroup)
        .where(LeadershipGroup.pairing_id.in_(pairing_ids))
        .options(selectinload(LeadershipGroup.members))
    )
    return {group.pairing_id: group for group in found}


def filter_options(viewer: User) -> FilterOptions:
    """Return the programmes and supporting hospitals of the pairings ``viewer`` sees."""
    rows = db.session.execute(
        sa.select(Programme.id, Programme.name, Organisation.id, Organisation.name)
        .select_from(Pairing)
        .join(Pairing.programme)
        .join(Organisation, Organisation.id == Pairing.supporting_id)
        .where(visible_pairings(viewer))
        .order_by(Programme.starts_on.desc(), Pairing.sequence)
    ).all()
    return FilterOptions(
        programmes=list({row[0]: (row[0], row[1]) for row in rows}.values()),
        supporting=list({row[2]: (row[2], row[3]) for row in rows}.values()),
    )


def events_of_pairing(pairing: Pairing, limit: int = 50) -> list[Event]:
    """Return what happened lately in the pairing, newest first."""
    return list(
        db.session.scalars(
            sa.select(Event)
            .where(Event.pairing_id == pairing.id)
            .order_by(Event.at.desc(), Event.id.desc())
            .limit(limit)
        )
    )
