"""The plan as its pages show it, always within what the viewer may see."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, lazyload, load_only, selectinload

from portal import clock
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    HOSPITAL_ROLES,
    Agreement,
    AgreementState,
    Area,
    Comparison,
    Evidence,
    LibraryTask,
    MetTarget,
    Organisation,
    Pairing,
    Plan,
    PlanState,
    Problem,
    Side,
    Standard,
    SurveyItem,
    Task,
    User,
)
from portal.policies.goal_figures import figure_advice
from portal.policies.plans import can_edit_plan, sees_plans
from portal.policies.scope import visible_pairings
from portal.queries.agreements_at_hand import AtHand, agreements_at_hand
from portal.queries.problems import unanswered_problems
from portal.workdays import workdays_between
from portal.workflow.plans import Gap, gaps_for_agreement

OWNERS = tuple(
    joinedload(owner).options(load_only(User.name), lazyload(User.organisation))
    for owner in (Task.supporting_owner, Task.supported_owner)
)
"""Load the persons in charge by name only."""


@dataclass(frozen=True)
class Waiting:
    """Who must act next, what for, and for how many working days they have been waited for."""

    who: str
    what: str
    days: int


@dataclass(frozen=True)
class PlanPage:
    """The plan's tab: what is in it, what is missing and who must act."""

    plan: Plan
    areas: list[tuple[Area, list[Task]]]
    gaps: list[Gap]
    advice: list[str]
    problems: list[Problem]
    waiting: Waiting | None
    locked: bool

    @property
    def blocking(self) -> list[str]:
        """What keeps the leaders from endorsing, as sentences."""
        return [gap.text for gap in self.gaps]

    @property
    def core_gaps(self) -> list[LibraryTask]:
        """The core tasks that are left out without proof."""
        return [gap.standard for gap in self.gaps if gap.standard]


def get_plan(plan_id: int, *, viewer: User) -> Plan:
    """Return a plan the viewer may see, pairing loaded. Raises NotVisible for any other id."""
    plan = db.session.scalar(_seen_by(viewer).where(Plan.id == plan_id))
    if plan is None:
        raise NotVisible()
    return plan


def get_plan_task(plan_id: int, task_id: int, *, viewer: User) -> Task:
    """Return a task of a plan the viewer may see. Raises NotVisible for any other pair of ids."""
    plan = get_plan(plan_id, viewer=viewer)
    task = db.session.scalar(
        sa.select(Task)
        .where(Task.id == task_id, Task.plan_id == plan.id)
        .options(selectinload(Task.requirements), selectinload(Task.milestones), *OWNERS)
    )
    if task is None:
        raise NotVisible()
    return task


def find_plan(pairing: Pairing, *, viewer: User) -> Plan | None:
    """Return the pairing's plan with all that its tab shows, or None where there is none yet.

    Raises NotVisible for a contributor, who sees tasks but no plan.
    """
    if not sees_plans(viewer):
        raise NotVisible()
    return db.session.scalar(
        sa.select(Plan)
        .where(Plan.pairing_id == pairing.id)
        .options(
            joinedload(Plan.pairing).joinedload(Pairing.supported).selectinload(Organisation.bases),
            selectinload(Plan.goals),
            selectinload(Plan.figures),
            selectinload(Plan.met_targets).options(
                joinedload(MetTarget.library_task),
                joinedload(MetTarget.evidence).joinedload(Evidence.file),
                joinedload(MetTarget.survey),
            ),
            selectinload(Plan.endorsements),
            selectinload(Plan.tasks).options(
                selectinload(Task.requirements), selectinload(Task.milestones), *OWNERS
            ),
        )
    )


def plan_page(plan: Plan) -> PlanPage:
    """Return what the plan's tab shows; ``plan`` comes from :func:`find_plan`."""
    open_now = plan.state in (PlanState.DRAFTING, PlanState.AGREED)
    at_hand = agreements_at_hand([plan.pairing_id]) if open_now else {}
    agreement = at_hand.get(plan.pairing_id, AtHand()).being_made
    gaps = gaps_for_agreement(plan) if open_now else []
    return PlanPage(
        plan=plan,
        areas=[(area, [one for one in plan.tasks if one.area is area]) for area in Area],
        gaps=gaps,
        advice=advice_of(plan) if open_now else [],
        problems=unanswered_problems(plan) if open_now else [],
        waiting=_waiting(plan, bool(gaps), agreement),
        locked=agreement is not None and agreement.state is AgreementState.SUBMITTED,
    )


def advice_of(plan: Plan) -> list[str]:
    """Return what the leaders should know but may accept."""
    return figure_advice(plan.figures, _comparisons(plan))


def _comparisons(plan: Plan) -> dict[str, Comparison]:
    """Return by the key of a figure's survey item whether more or less of it is better."""
    keys = {figure.item_key for figure in plan.figures if figure.item_key}
    if not keys:
        return {}
    rows = db.session.execute(
        sa.select(SurveyItem.key, Standard.key, Standard.comparison).outerjoin_from(
            Standard, SurveyItem, SurveyItem.standard_key == Standard.key
        )
    )
    found: dict[str, Comparison] = {}
    for item_key, key, comparison in rows:
        found.update({one: comparison for one in (key, item_key) if one in keys})
    return found


def people_of(pairing: Pairing) -> dict[Side, list[User]]:
    """Return who can be put in charge of a task, by side: active people of the two hospitals."""
    return people_of_all([pairing])[pairing.id]


def people_of_all(pairings: Sequence[Pairing]) -> dict[int, dict[Side, list[User]]]:
    """Return the same for several pairings, by their ids, in one query."""
    hospitals = {one.organisation_on(side).id for one in pairings for side in Side}
    staff: dict[int, list[User]] = {hospital: [] for hospital in hospitals}
    for user in db.session.scalars(
        sa.select(User)
        .where(User.organisation_id.in_(hospitals), User.is_active, User.role.in_(HOSPITAL_ROLES))
        .order_by(User.role, User.id)
    ):
        staff[user.organisation_id or 0].append(user)
    return {
        one.id: {side: staff[one.organisation_on(side).id] for side in Side} for one in pairings
    }


def names_of(people: Mapping[Side, Sequence[User]]) -> dict[Side, list[str]]:
    """Return the names to offer for persons in charge; two of one name with their accounts."""
    return {side: _told_apart(staff) for side, staff in people.items()}


def _told_apart(staff: Sequence[User]) -> list[str]:
    """Return the names of people, with the account where two share one."""
    counts = Counter(one.name for one in staff)
    return [f"{one.name}（{one.username}）" if counts[one.name] > 1 else one.name for one in staff]


def open_plans(viewer: User, *, besides: Plan) -> list[Plan]:
    """Return the viewer's other plans that may still be changed, in table order."""
    submitted = sa.select(Agreement.pairing_id).where(Agreement.state == AgreementState.SUBMITTED)
    wanted = _seen_by(viewer).where(
        Plan.id != besides.id,
        Plan.state.in_([PlanState.DRAFTING, PlanState.AGREED]),
        Plan.pairing_id.not_in(submitted),
    )
    return list(db.session.scalars(wanted.order_by(Pairing.programme_id, Pairing.sequence)))


def plans_without_goals(viewer: User, *, besides: Plan) -> list[int]:
    """Return which of :func:`open_plans` the viewer writes, have tasks, but no goals yet."""
    ids = [one.id for one in open_plans(viewer, besides=besides) if can_edit_plan(viewer, one)]
    wanted = sa.select(Plan.id).where(Plan.id.in_(ids), Plan.tasks.any(), ~Plan.goals.any())
    return list(db.session.scalars(wanted))


def get_open_plans(ids: Sequence[int], *, viewer: User, besides: Plan) -> list[Plan]:
    """Return those of :func:`open_plans` with ``ids``. Raises NotVisible if one is not there."""
    found = [plan for plan in open_plans(viewer, besides=besides) if plan.id in ids]
    if len(found) != len(set(ids)):
        raise NotVisible()
    return found


def year_spans(plan: Plan) -> list[tuple[int, date, date]]:
    """Return the plan's years: number, first day, last day."""
    spans = []
    for year in plan.pairing.programme.years:
        first = clock.add_months(plan.starts_on, 12 * (year - 1))
        last = clock.add_months(plan.starts_on, 12 * year)
        spans.append((year, first, min(date.fromordinal(last.toordinal() - 1), plan.ends_on)))
    return spans


def _seen_by(viewer: User) -> sa.Select[Plan]:
    """Return the select of every plan ``viewer`` may see, pairing and hospitals loaded."""
    return (
        sa.select(Plan)
        .join(Plan.pairing)
        .where(visible_pairings(viewer) if sees_plans(viewer) else sa.false())
        .options(
            contains_eager(Plan.pairing).options(
                joinedload(Pairing.programme),
                joinedload(Pairing.supporting),
                joinedload(Pairing.supported),
            )
        )
    )


def _waiting(plan: Plan, blocking: bool, agreement: Agreement | None) -> Waiting | None:
    """Say who must act next until the plan is in force."""
    since = plan.state_since
    if plan.state is PlanState.AGREED:
        if agreement and agreement.state is AgreementState.SUBMITTED:
            since = agreement.submitted_at or since
            who, what = "省中心", "备案协议，备案后计划即生效"
        else:
            who, what = "双方基地管理员", "提交帮扶协议备案"
    elif plan.state is PlanState.DRAFTING and blocking:
        who, what = "双方基地管理员", "补齐任务清单"
    elif plan.state is PlanState.DRAFTING:
        since = max([since, *(mark.endorsed_at for mark in plan.endorsements)])
        who, what = "、".join(_leaders_awaited(plan)), "认可计划"
    else:
        return None
    return Waiting(who, what, workdays_between(clock.local_date(since), clock.today()))


def _leaders_awaited(plan: Plan) -> list[str]:
    """Name the leaders who have not endorsed yet."""
    return [
        f"{plan.pairing.organisation_on(side).short_name}负责人"
        for side in Side
        if plan.endorsement_of(side) is None
    ]
