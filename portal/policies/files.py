"""Who may open an uploaded file."""

import sqlalchemy as sa

from portal.models import (
    Assessment,
    Evidence,
    EvidenceUse,
    Pairing,
    Role,
    StoredFile,
    Task,
    User,
)
from portal.policies.scope import (
    given_to,
    judged_by,
    of_own_hospital,
    sees_all_pairings,
    visible_pairings,
)

PAIRING_READERS = frozenset({Role.BASE_COORDINATOR, Role.BASE_LEADER, Role.CITY_OFFICER})


def visible_files(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on StoredFile under which ``viewer`` may open it.

    The province opens everything; hospitals and cities what belongs to their pairings; a
    contributor the evidence of their own tasks and what they uploaded, as long as they work in
    one of the two hospitals; an expert the evidence of the pairings they assess; administrators
    and auditors nothing.
    """
    if sees_all_pairings(viewer):
        return sa.true()
    if viewer.role in PAIRING_READERS:
        return StoredFile.pairing_id.in_(sa.select(Pairing.id).where(visible_pairings(viewer)))
    if viewer.role is Role.CONTRIBUTOR:
        mine = sa.or_(
            StoredFile.uploaded_by_id == viewer.id,
            StoredFile.id.in_(sa.select(Evidence.file_id).where(visible_evidence(viewer))),
        )
        return sa.and_(mine, StoredFile.pairing_id.in_(_own_pairings(viewer)))
    if viewer.role is Role.EXPERT:
        assessed = sa.select(Assessment.pairing_id).where(judged_by(viewer))
        shown = (
            sa.select(Evidence.file_id)
            .join(EvidenceUse, EvidenceUse.evidence_id == Evidence.id)
            .where(Evidence.pairing_id.in_(assessed), Evidence.withdrawn_at.is_(None))
        )
        return StoredFile.id.in_(shown)
    return sa.false()


def visible_evidence(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Evidence under which ``viewer`` sees it in the library."""
    if sees_all_pairings(viewer):
        return sa.true()
    if viewer.role in PAIRING_READERS:
        return Evidence.pairing_id.in_(sa.select(Pairing.id).where(visible_pairings(viewer)))
    if viewer.role is Role.CONTRIBUTOR:
        in_own_tasks = (
            sa.select(EvidenceUse.evidence_id)
            .join(Task, Task.id == EvidenceUse.task_id)
            .where(given_to(viewer))
        )
        mine = sa.or_(Evidence.added_by_id == viewer.id, Evidence.id.in_(in_own_tasks))
        return sa.and_(mine, Evidence.pairing_id.in_(_own_pairings(viewer)))
    return sa.false()


def _own_pairings(viewer: User) -> sa.Select[int]:
    """Return the pairings of the hospital the viewer works in now."""
    return sa.select(Pairing.id).where(of_own_hospital(viewer))
