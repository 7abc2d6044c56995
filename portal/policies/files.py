"""Who may open an uploaded file, and who sees a piece of evidence.

Who sees the thing that a piece backs sees the piece and its files, older ones included.
"""

import sqlalchemy as sa

from portal.models import (
    Agreement,
    Assessment,
    Evidence,
    EvidenceRevision,
    EvidenceStatus,
    EvidenceUse,
    Meeting,
    MetTarget,
    Pairing,
    Plan,
    Role,
    StoredFile,
    Task,
    User,
)
from portal.policies.agreements import visible_agreements
from portal.policies.meetings import visible_meetings
from portal.policies.scope import (
    judged_by,
    of_own_hospital,
    sees_all_pairings,
    visible_assessments,
    visible_pairings,
    visible_tasks,
)

PAIRING_READERS = frozenset({Role.BASE_COORDINATOR, Role.BASE_LEADER, Role.CITY_OFFICER})


def visible_files(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on StoredFile under which ``viewer`` may open it.

    The province opens everything; hospitals and cities what belongs to their pairings, and the
    evidence that something of theirs rests on; a contributor the evidence of their own tasks
    and what they uploaded, as long as they work in one of the two hospitals; an expert the
    evidence of the pairings and items they assess; administrators and auditors nothing.
    """
    if sees_all_pairings(viewer):
        return sa.true()
    if viewer.role in PAIRING_READERS:
        own = sa.select(Pairing.id).where(visible_pairings(viewer))
        backs = sa.or_(_backs_seen(viewer), _shows_met(own))
        return sa.or_(StoredFile.pairing_id.in_(own), _is_file_of(backs))
    if viewer.role is Role.CONTRIBUTOR:
        mine = sa.and_(
            StoredFile.uploaded_by_id == viewer.id,
            StoredFile.pairing_id.in_(_own_pairings(viewer)),
        )
        return sa.or_(mine, _is_file_of(visible_evidence(viewer)))
    if viewer.role is Role.EXPERT:
        shown = sa.and_(Evidence.status != EvidenceStatus.WITHDRAWN, _backs_judged(viewer))
        return sa.exists().where(Evidence.file_id == StoredFile.id, shown)
    return sa.false()


def visible_evidence(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Evidence under which ``viewer`` sees it in the library."""
    if sees_all_pairings(viewer):
        return sa.true()
    if viewer.role in PAIRING_READERS:
        own = sa.select(Pairing.id).where(visible_pairings(viewer))
        return sa.or_(Evidence.pairing_id.in_(own), _backs_seen(viewer), _shows_met(own))
    if viewer.role is Role.CONTRIBUTOR:
        mine = sa.and_(
            Evidence.added_by_id == viewer.id, Evidence.pairing_id.in_(_own_pairings(viewer))
        )
        return sa.or_(mine, _backs_seen(viewer))
    return sa.false()


def uses_seen(viewer: User) -> sa.Select[EvidenceUse]:
    """Return the uses whose task, meeting, agreement or assessment ``viewer`` sees.

    The statement is joined to all four; it may be narrowed and ordered further.
    """
    return (
        sa.select(EvidenceUse)
        .outerjoin(Task, Task.id == EvidenceUse.task_id)
        .outerjoin(Meeting, Meeting.id == EvidenceUse.meeting_id)
        .outerjoin(Agreement, Agreement.id == EvidenceUse.agreement_id)
        .outerjoin(Assessment, Assessment.id == EvidenceUse.assessment_id)
        .where(
            sa.or_(
                sa.and_(EvidenceUse.task_id.is_not(None), visible_tasks(viewer)),
                sa.and_(EvidenceUse.meeting_id.is_not(None), visible_meetings(viewer)),
                sa.and_(EvidenceUse.agreement_id.is_not(None), visible_agreements(viewer)),
                sa.and_(EvidenceUse.assessment_id.is_not(None), visible_assessments(viewer)),
            )
        )
    )


def _backs_seen(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Evidence that backs something ``viewer`` sees.

    Asked of one piece at a time, by the indexes of its uses.
    """
    of_piece = uses_seen(viewer).where(EvidenceUse.evidence_id == Evidence.id)
    return of_piece.with_only_columns(EvidenceUse.id).exists()


def _shows_met(pairings: sa.Select[int]) -> sa.ColumnElement[bool]:
    """Return the condition on Evidence by which a plan of ``pairings`` leaves a core task out."""
    return (
        sa.select(MetTarget.id)
        .join(Plan, Plan.id == MetTarget.plan_id)
        .where(MetTarget.evidence_id == Evidence.id, Plan.pairing_id.in_(pairings))
        .exists()
    )


def _backs_judged(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Evidence that an expert needs: of tasks and items they assess."""
    return (
        sa.select(EvidenceUse.id)
        .outerjoin(Task, Task.id == EvidenceUse.task_id)
        .where(
            EvidenceUse.evidence_id == Evidence.id,
            sa.or_(
                Task.pairing_id.in_(sa.select(Assessment.pairing_id).where(judged_by(viewer))),
                EvidenceUse.assessment_id.in_(sa.select(Assessment.id).where(judged_by(viewer))),
            ),
        )
        .exists()
    )


def _is_file_of(wanted: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Return the condition on StoredFile that a piece of evidence which is ``wanted`` has had."""
    now = sa.exists().where(Evidence.file_id == StoredFile.id, wanted)
    before = (
        sa.select(EvidenceRevision.id)
        .join(Evidence, Evidence.id == EvidenceRevision.evidence_id)
        .where(EvidenceRevision.file_id == StoredFile.id, wanted)
        .exists()
    )
    return sa.or_(now, before)


def _own_pairings(viewer: User) -> sa.Select[int]:
    """Return the pairings of the hospital the viewer works in now."""
    return sa.select(Pairing.id).where(of_own_hospital(viewer))
