"""Assessments as their pages show them: one sheet, the list, a pairing's years."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal import clock
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Assessment,
    AssessmentScore,
    AssessmentState,
    ExpertAssignment,
    ItemMode,
    Pairing,
    Programme,
    Role,
    Scheme,
    Side,
    User,
)
from portal.policies.assessments import may_judge, reads_assessments, sees_review
from portal.policies.scope import visible_assessments
from portal.queries.assessment_facts import facts_for
from portal.scoring.facts import Figure, Terms
from portal.scoring.rules import RULES
from portal.workdays import workdays_between


def get_assessment(assessment_id: int, *, viewer: User) -> Assessment:
    """Return an assessment that ``viewer`` may see, with everything its sheet shows.

    Five queries. Raises NotVisible for any other id, whether it exists or not.
    """
    assessment = db.session.scalar(
        sa.select(Assessment)
        .where(Assessment.id == assessment_id, visible_assessments(viewer))
        .options(
            joinedload(Assessment.pairing).options(
                joinedload(Pairing.programme).selectinload(Programme.bonus_bands),
                joinedload(Pairing.supporting),
                joinedload(Pairing.supported),
            ),
            joinedload(Assessment.scheme).selectinload(Scheme.items),
            joinedload(Assessment.reviewed_by),
            joinedload(Assessment.published_by),
            selectinload(Assessment.scores).joinedload(AssessmentScore.reviewer),
            selectinload(Assessment.submissions),
            selectinload(Assessment.experts).joinedload(ExpertAssignment.user),
        )
    )
    if assessment is None:
        raise NotVisible()
    return assessment


def figures_of(assessment: Assessment) -> dict[int, Figure]:
    """Return the automatic figures by item id: as frozen, or as the ledger stands now."""
    automatic = [score for score in assessment.scores if score.item.mode is ItemMode.AUTOMATIC]
    if assessment.frozen_at is not None:
        return {
            score.item_id: Figure(score.automatic_score, score.inputs)
            for score in automatic
            if score.automatic_score is not None
        }
    return compute_figures(assessment)


def compute_figures(assessment: Assessment) -> dict[int, Figure]:
    """Compute the automatic figures from the ledger, by item id."""
    facts = facts_for(assessment)
    parameters = assessment.scheme.parameters
    return {
        item.id: RULES[item.rule](facts, Terms(item.points, parameters))
        for item in assessment.scheme.items
        if item.mode is ItemMode.AUTOMATIC
    }


@dataclass(frozen=True)
class AssessmentRow:
    """One assessment in a list, with whom it waits for and what the viewer may know of it."""

    assessment: Assessment
    waits_for: str
    workdays: int
    shows_result: bool


@dataclass(frozen=True)
class ListFilter:
    """The filters of the list, as the address bar carries them; empty means all."""

    year: int | None = None
    state: AssessmentState | None = None
    programme_id: int | None = None


@dataclass(frozen=True)
class AssessmentList:
    """The rows, and what the filters can offer."""

    rows: Sequence[AssessmentRow]
    years: Sequence[int] = field(default_factory=list)
    programmes: Mapping[int, str] = field(default_factory=dict)


def assessment_list(viewer: User, wanted: ListFilter | None = None) -> AssessmentList:
    """Return what ``viewer`` may see, newest year first: four queries, however many rows.

    Raises NotVisible for those who have nothing to do with assessments.
    """
    if not reads_assessments(viewer):
        raise NotVisible()
    wanted = wanted or ListFilter()
    scope = visible_assessments(viewer)
    offered = db.session.execute(
        sa.select(Assessment.year, Programme.id, Programme.name)
        .join(Assessment.pairing)
        .join(Pairing.programme)
        .where(scope)
        .distinct()
    ).all()
    conditions = [scope]
    if wanted.year is not None:
        conditions.append(Assessment.year == wanted.year)
    if wanted.state is not None:
        conditions.append(Assessment.state == wanted.state)
    if wanted.programme_id is not None:
        conditions.append(Pairing.programme_id == wanted.programme_id)
    return AssessmentList(
        _rows(viewer, *conditions),
        sorted({year for year, _, _ in offered}, reverse=True),
        {id_: name for _, id_, name in offered},
    )


def rows_of_pairing(pairing: Pairing, *, viewer: User) -> list[AssessmentRow]:
    """Return the pairing's assessments that ``viewer`` may see, newest year first."""
    return _rows(viewer, Assessment.pairing_id == pairing.id, visible_assessments(viewer))


def _rows(viewer: User, *conditions: sa.ColumnElement[bool]) -> list[AssessmentRow]:
    assessments = db.session.scalars(
        sa.select(Assessment)
        .join(Assessment.pairing)
        .join(Pairing.programme)
        .where(*conditions)
        .options(
            contains_eager(Assessment.pairing).options(
                contains_eager(Pairing.programme),
                joinedload(Pairing.supporting),
                joinedload(Pairing.supported),
            ),
            selectinload(Assessment.submissions),
            selectinload(Assessment.experts),
        )
        .order_by(
            Assessment.year.desc(), Programme.starts_on.desc(), Programme.id, Pairing.sequence
        )
    )
    return [
        AssessmentRow(one, waits_for(one), workdays_waited(one), sees_review(viewer, one))
        for one in assessments
    ]


def waits_for(assessment: Assessment) -> str:
    """Return who must act next, as the page says it; nothing for a final one."""
    match assessment.state:
        case AssessmentState.SELF_ASSESSMENT:
            waiting = [side for side in Side if assessment.submission_of(side) is None]
            names = [assessment.pairing.organisation_on(side).short_name for side in waiting]
            return "、".join(names) + "自评"
        case AssessmentState.SUBMITTED:
            return "省中心开始评审"
        case AssessmentState.REVIEW:
            return "省中心及评审专家打分" if assessment.experts else "省中心打分"
        case AssessmentState.PROVISIONAL:
            return "省卫健委发布"
        case AssessmentState.APPEAL:
            return "省中心答复申诉"
        case _:
            return ""


def workdays_waited(assessment: Assessment) -> int:
    """Return for how many working days the assessment has stood where it stands."""
    return workdays_between(clock.local_date(assessment.state_since), clock.today())


def experts_to_assign(assessment: Assessment) -> list[User]:
    """Return the experts who may still be assigned to ``assessment``, by name."""
    assigned = {one.user_id for one in assessment.experts}
    experts = db.session.scalars(
        sa.select(User).where(User.role == Role.EXPERT, User.is_active).order_by(User.name, User.id)
    )
    return [one for one in experts if one.id not in assigned and may_judge(one, assessment)]


def programmes_to_assess() -> list[Programme]:
    """Return the programmes that have a scheme, newest first, with their pairings."""
    return list(
        db.session.scalars(
            sa.select(Programme)
            .where(Programme.scheme_id.is_not(None))
            .options(
                selectinload(Programme.pairings).joinedload(Pairing.supporting),
                selectinload(Programme.pairings).joinedload(Pairing.supported),
            )
            .order_by(Programme.starts_on.desc(), Programme.id)
        )
    )
