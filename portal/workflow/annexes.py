"""The seven annexes of a pairing's agreement as they read today (domain-facts §12.1).

They are shown while the agreement is drafted and kept with the revision when signing opens.
"""

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from portal.models import (
    AgreementRevision,
    AnnexKind,
    LeadershipGroup,
    Pairing,
    Plan,
    Role,
    Scheme,
    SiteSurvey,
    SurveyAnswer,
    SurveyState,
    Task,
    User,
)
from portal.policies import annexes
from portal.policies.annexes import Content
from portal.workflow.engine import session_of

FIXED = (AnnexKind.PLAN, AnnexKind.TASKS)
"""What signing fixes between the two sides: a later change wants another signature."""


def annexes_today(pairing: Pairing) -> dict[AnnexKind, Content]:
    """Return all seven annexes as they read now: a fixed number of queries."""
    survey = _last_survey(pairing)
    return {
        **fixed_today(pairing),
        AnnexKind.GROUP: annexes.group_annex(_group(pairing), pairing),
        AnnexKind.CONTACTS: annexes.contacts_annex(_coordinators(pairing), pairing),
        AnnexKind.BASELINE: annexes.baseline_annex(survey, _answers(survey)),
        AnnexKind.ASSESSMENT: annexes.assessment_annex(_scheme(pairing)),
        AnnexKind.SECURITY: annexes.security_annex(pairing),
    }


def fixed_today(pairing: Pairing) -> dict[AnnexKind, Content]:
    """Return plan and task list as they read now."""
    plan = _plan(pairing)
    return {
        AnnexKind.PLAN: annexes.plan_annex(plan),
        AnnexKind.TASKS: annexes.tasks_annex(plan),
    }


def kept_annexes(revision: AgreementRevision) -> dict[AnnexKind, Content]:
    """Return the annexes kept with ``revision``, in their order; none before it was signed."""
    kept = {one.kind: one.content for one in revision.annexes}
    return {kind: kept[kind] for kind in AnnexKind if kind in kept}


def outdated(revision: AgreementRevision, pairing: Pairing) -> list[str]:
    """Return a sentence for each fixed annex that no longer says what was signed."""
    kept = kept_annexes(revision)
    if not kept:
        return []
    now = fixed_today(pairing)
    return [
        f"附件“{kind.label}”在提请签署后有改动，请撤回修改后重新提请签署"
        for kind in FIXED
        if annexes.binding_part(kept.get(kind)) != annexes.binding_part(now[kind])
    ]


def _plan(pairing: Pairing) -> Plan | None:
    return session_of(pairing).scalar(
        sa.select(Plan)
        .where(Plan.pairing_id == pairing.id)
        .options(
            selectinload(Plan.goals),
            selectinload(Plan.figures),
            selectinload(Plan.tasks).options(
                selectinload(Task.requirements),
                joinedload(Task.supporting_owner),
                joinedload(Task.supported_owner),
            ),
        )
    )


def _group(pairing: Pairing) -> LeadershipGroup | None:
    return session_of(pairing).scalar(
        sa.select(LeadershipGroup)
        .where(LeadershipGroup.pairing_id == pairing.id)
        .options(selectinload(LeadershipGroup.members))
    )


def _coordinators(pairing: Pairing) -> list[User]:
    return list(
        session_of(pairing).scalars(
            sa.select(User)
            .where(
                User.organisation_id.in_([pairing.supporting_id, pairing.supported_id]),
                User.role == Role.BASE_COORDINATOR,
                User.is_active,
            )
            .order_by(User.id)
        )
    )


def _last_survey(pairing: Pairing) -> SiteSurvey | None:
    return session_of(pairing).scalar(
        sa.select(SiteSurvey)
        .where(SiteSurvey.pairing_id == pairing.id, SiteSurvey.state == SurveyState.CONFIRMED)
        .order_by(SiteSurvey.confirmed_at.desc(), SiteSurvey.id.desc())
        .limit(1)
    )


def _answers(survey: SiteSurvey | None) -> list[SurveyAnswer]:
    if survey is None:
        return []
    return list(
        session_of(survey).scalars(
            sa.select(SurveyAnswer)
            .where(SurveyAnswer.survey_id == survey.id)
            .options(joinedload(SurveyAnswer.item))
        )
    )


def _scheme(pairing: Pairing) -> Scheme | None:
    return session_of(pairing).scalar(
        sa.select(Scheme)
        .where(Scheme.id == pairing.programme.scheme_id)
        .options(selectinload(Scheme.items))
    )
