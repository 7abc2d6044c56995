"""What a fresh revision of an agreement says: the facts of a draft, and the copy after a return."""

from datetime import datetime

import sqlalchemy as sa

from portal.extensions import db
from portal.models import (
    AgreementClause,
    AgreementRevision,
    GroupRole,
    Organisation,
    OrganisationKind,
    Pairing,
)
from portal.policies.agreement_text import UNDECIDED, chinese_date
from portal.workflow.agreements import plan_of, task_counts


def next_revision(before: AgreementRevision, now: datetime) -> AgreementRevision:
    """Return the next revision with the text of ``before``, unsigned and without a scan."""
    return AgreementRevision(
        number=before.number + 1,
        starts_on=before.starts_on,
        ends_on=before.ends_on,
        created_at=now,
        clauses=[
            AgreementClause(
                position=clause.position,
                key=clause.key,
                title=clause.title,
                block=clause.block,
                body=clause.body,
            )
            for clause in before.clauses
        ],
    )


def facts_of(pairing: Pairing) -> dict[str, str]:
    """Return what fills the placeholders of the skeleton (data/agreement_clauses.toml)."""
    programme = pairing.programme
    members = pairing.group.current_members if pairing.group else []
    names = {member.role: member.name for member in members}
    tasks = sum(task_counts(plan_of(pairing)).values())
    return {
        "supporting": pairing.supporting.name,
        "supported": pairing.supported.name,
        "programme": programme.name,
        "document": programme.document,
        "start": chinese_date(programme.starts_on),
        "end": chinese_date(programme.ends_on),
        "deadline": chinese_date(programme.filing_deadline),
        "years": str(len(programme.years)),
        "centre": _body_called(OrganisationKind.CENTRE),
        "commission": _body_called(OrganisationKind.COMMISSION),
        "leader": names.get(GroupRole.LEADER, UNDECIDED),
        "deputy": names.get(GroupRole.DEPUTY, UNDECIDED),
        "task_count": str(tasks) if tasks else UNDECIDED,
        "meeting_interval": str(programme.meeting_interval_months),
    }


def _body_called(kind: OrganisationKind) -> str:
    """Return the name of the provincial body of ``kind``, or what such a body is called."""
    name = db.session.scalar(
        sa.select(Organisation.name)
        .where(Organisation.kind == kind, Organisation.is_active)
        .order_by(Organisation.id)
        .limit(1)
    )
    return name or kind.label
