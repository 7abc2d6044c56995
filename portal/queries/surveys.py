"""Site surveys as their pages show them, always within the viewer's scope."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Pairing,
    Problem,
    SiteSurvey,
    SurveyAnswer,
    SurveyPhoto,
    SurveyState,
    SurveyTemplate,
    User,
)
from portal.policies.survey_findings import Finding, finding_of, in_order, kept_finding
from portal.policies.surveys import Waiting, visible_surveys, waits_for
from portal.queries.pairings import get_whole_pairing

_PAIRING: tuple[ORMOption, ...] = (
    joinedload(SiteSurvey.pairing).options(
        joinedload(Pairing.programme),
        joinedload(Pairing.supporting),
        joinedload(Pairing.supported),
    ),
    selectinload(SiteSurvey.confirmations),
)
_SHEET: tuple[ORMOption, ...] = (
    joinedload(SiteSurvey.template).selectinload(SurveyTemplate.items),
    selectinload(SiteSurvey.answers).joinedload(SurveyAnswer.answered_by),
)
_VISIT: tuple[ORMOption, ...] = (
    joinedload(SiteSurvey.created_by),
    selectinload(SiteSurvey.members),
    selectinload(SiteSurvey.departments),
    selectinload(SiteSurvey.photos).options(
        joinedload(SurveyPhoto.file), joinedload(SurveyPhoto.added_by)
    ),
)


@dataclass(frozen=True)
class SurveyRow:
    """A survey in the list of its pairing, with who must act next."""

    survey: SiteSurvey
    waits: list[Waiting]


def get_pairing_of_surveys(pairing_id: int, *, viewer: User) -> Pairing:
    """Return a pairing whose surveys ``viewer`` may read. Raises NotVisible for any other."""
    return get_whole_pairing(pairing_id, viewer=viewer)


def surveys_of(pairing: Pairing, *, viewer: User) -> list[SurveyRow]:
    """Return the pairing's surveys, newest first: two queries."""
    found = db.session.scalars(
        sa.select(SiteSurvey)
        .where(SiteSurvey.pairing_id == pairing.id, visible_surveys(viewer))
        .options(*_PAIRING)
        .order_by(SiteSurvey.starts_on.desc(), SiteSurvey.id.desc())
    )
    return [SurveyRow(survey, waits_for(survey)) for survey in found]


def get_survey(
    survey_id: int, *, viewer: User, lock: bool = False, visit: bool = True
) -> SiteSurvey:
    """Return a survey that ``viewer`` may see, its sheet and answers loaded.

    ``visit`` loads team, departments and photos too. ``lock`` holds its row until the end of
    the transaction: for whoever is about to write. Raises NotVisible for any other id.
    """
    query = (
        sa.select(SiteSurvey)
        .where(SiteSurvey.id == survey_id, visible_surveys(viewer))
        .options(*_PAIRING, *_SHEET, *(_VISIT if visit else ()))
    )
    if lock:
        query = query.with_for_update(of=SiteSurvey).execution_options(populate_existing=True)
    survey = db.session.scalar(query)
    if survey is None:
        raise NotVisible()
    return survey


def get_photo(photo_id: int, *, viewer: User) -> tuple[SiteSurvey, SurveyPhoto]:
    """Return a photo of a survey that ``viewer`` may see, the survey's row held.

    Raises NotVisible for any other id.
    """
    survey_id = db.session.scalar(
        sa.select(SurveyPhoto.survey_id)
        .join(SiteSurvey, SiteSurvey.id == SurveyPhoto.survey_id)
        .where(SurveyPhoto.id == photo_id, visible_surveys(viewer))
    )
    if survey_id is None:
        raise NotVisible()
    survey = get_survey(survey_id, viewer=viewer, lock=True)
    return survey, next(one for one in survey.photos if one.id == photo_id)


def findings_of(survey: SiteSurvey) -> list[Finding]:
    """Return what the report says of the problems. The caller has loaded the survey in scope.

    A report that both sides confirmed says what it said then, whatever came later.
    """
    if survey.state is SurveyState.CONFIRMED:
        return [kept_finding(stored) for stored in survey.reported]
    found = db.session.scalars(
        sa.select(Problem).where(Problem.survey_id == survey.id, Problem.dismissed_at.is_(None))
    )
    return in_order([finding_of(problem) for problem in found])


def number_of_surveys(pairing: Pairing) -> int:
    """Return how many surveys the pairing has had, cancelled ones included."""
    query = sa.select(sa.func.count(SiteSurvey.id)).where(SiteSurvey.pairing_id == pairing.id)
    return db.session.scalar(query) or 0


def photos_by_item(survey: SiteSurvey) -> dict[int | None, Sequence[SurveyPhoto]]:
    """Return the survey's photos by the item they stand beside, withdrawn ones last."""
    found: dict[int | None, list[SurveyPhoto]] = {}
    for photo in sorted(survey.photos, key=lambda one: (one.withdrawn_at is not None, one.id)):
        found.setdefault(photo.item_id, []).append(photo)
    return dict(found)
