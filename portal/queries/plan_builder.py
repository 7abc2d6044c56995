"""What the plan builder offers: figures of the survey, proof for met targets, who is usual."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import clock
from portal.extensions import db
from portal.models import (
    Area,
    Duty,
    EditionState,
    Evidence,
    GroupMember,
    LeadershipGroup,
    LibraryEdition,
    LibraryTask,
    MetTarget,
    Pairing,
    Plan,
    Role,
    Side,
    SiteSurvey,
    SurveyAnswer,
    SurveyItem,
    SurveyState,
    User,
)
from portal.policies.evidence import counted
from portal.policies.files import visible_evidence
from portal.queries.evidence import CHOICE_SIZE
from portal.workflow.plans import CORE_WEIGHT

USABLE_SURVEYS = (SurveyState.IN_FIELD, SurveyState.REPORT_DRAFT, SurveyState.CONFIRMED)


@dataclass(frozen=True)
class SurveyFigure:
    """One figure that a survey has found."""

    key: str
    label: str
    unit: str
    area: Area | None
    number: Decimal
    is_cell: bool


def survey_figures(pairing_ids: Iterable[int]) -> dict[int, list[SurveyFigure]]:
    """Return the figures of each pairing's last confirmed survey, or of the one in the field."""
    latest: dict[int, SiteSurvey] = {}
    for survey in db.session.scalars(
        sa.select(SiteSurvey)
        .where(SiteSurvey.pairing_id.in_(pairing_ids), SiteSurvey.state.in_(USABLE_SURVEYS))
        .order_by(SiteSurvey.state == SurveyState.CONFIRMED, SiteSurvey.starts_on, SiteSurvey.id)
    ):
        latest[survey.pairing_id] = survey
    found: dict[int, list[SurveyFigure]] = {pairing_id: [] for pairing_id in latest}
    chosen = {survey.id: survey for survey in latest.values()}
    answers = db.session.scalars(
        sa.select(SurveyAnswer)
        .join(SurveyAnswer.item)
        .where(SurveyAnswer.survey_id.in_(chosen), SurveyAnswer.number.is_not(None))
        .options(joinedload(SurveyAnswer.item))
        .order_by(SurveyItem.position, SurveyAnswer.id)
    )
    for answer in answers:
        found[chosen[answer.survey_id].pairing_id].append(_figure(answer))
    return found


def _figure(answer: SurveyAnswer) -> SurveyFigure:
    """Return one answer as a figure with the label of its place."""
    item = answer.item
    place = f"{item.key}.{answer.cell}" if answer.cell else item.key
    label = item.label + (f"：{_cell_label(item, answer.cell)}" if answer.cell else "")
    number = answer.number if answer.number is not None else Decimal(0)
    return SurveyFigure(place, label[:100], item.unit, item.area, number, bool(answer.cell))


def _cell_label(item: SurveyItem, cell: str) -> str:
    """Return how a cell of a matrix is called: its row, then its column."""
    row, _, column = cell.partition(".")
    options: Any = item.options if isinstance(item.options, dict) else {}
    rows, columns = dict(options.get("rows", [])), dict(options.get("columns", []))
    return "·".join(str(one) for one in (rows.get(row, row), columns.get(column, column)) if one)


def proofs_for(plan: Plan, *, viewer: User) -> list[Evidence]:
    """Return pieces that can show a target as met: of the supported hospital or this pairing."""
    return list(
        db.session.scalars(
            sa.select(Evidence)
            .where(
                visible_evidence(viewer),
                sa.or_(
                    Evidence.organisation_id == plan.pairing.supported_id,
                    Evidence.pairing_id == plan.pairing_id,
                ),
                counted(clock.today()),
            )
            .order_by(Evidence.id.desc())
            .limit(CHOICE_SIZE)
        )
    )


def surveys_for(plan: Plan) -> list[SiteSurvey]:
    """Return the surveys of the plan's pairing that have found something, newest first."""
    return list(
        db.session.scalars(
            sa.select(SiteSurvey)
            .where(SiteSurvey.pairing_id == plan.pairing_id, SiteSurvey.state.in_(USABLE_SURVEYS))
            .order_by(SiteSurvey.starts_on.desc(), SiteSurvey.id.desc())
        )
    )


def find_met_target(plan: Plan, target_id: int) -> MetTarget | None:
    """Return a met target of ``plan``, which the caller has loaded in scope."""
    return db.session.scalar(
        sa.select(MetTarget)
        .where(MetTarget.id == target_id, MetTarget.plan_id == plan.id)
        .options(joinedload(MetTarget.library_task))
    )


def find_core_task(standard_id: int) -> LibraryTask | None:
    """Return a core task of the current edition; the library is the same for everybody."""
    return db.session.scalar(
        sa.select(LibraryTask)
        .join(LibraryTask.of_edition)
        .where(
            LibraryTask.id == standard_id,
            LibraryTask.weight == CORE_WEIGHT,
            LibraryEdition.state == EditionState.PUBLISHED,
        )
    )


def usual_people(
    pairings: Sequence[Pairing], staff: Mapping[int, Mapping[Side, Sequence[User]]]
) -> dict[int, dict[Side, str]]:
    """Return who is usually in charge on each side: the GP base's director, else the coordinator.

    The group's members count first (H-30); a side without either stays empty. ``staff`` is what
    ``queries.plans.people_of_all`` returned for the same pairings.
    """
    found = {
        one.id: {side: _coordinator_in(staff[one.id][side]) for side in Side} for one in pairings
    }
    directors = db.session.execute(
        sa.select(LeadershipGroup.pairing_id, GroupMember.side, GroupMember.name)
        .join(GroupMember, GroupMember.group_id == LeadershipGroup.id)
        .where(
            LeadershipGroup.pairing_id.in_(found),
            GroupMember.duty == Duty.GP_DIRECTOR,
            GroupMember.left_on.is_(None),
        )
        .order_by(GroupMember.position)
    )
    for pairing_id, side, name in directors:
        found[pairing_id][side] = name
    return found


def _coordinator_in(staff: Sequence[User]) -> str:
    """Return the name of the first coordinator of a hospital; empty while it has none."""
    return next((one.name for one in staff if one.role is Role.BASE_COORDINATOR), "")
