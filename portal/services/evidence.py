"""Evidence 佐证材料: taken into the library, and from there used for whatever it proves."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from portal import clock
from portal.errors import Rejected
from portal.extensions import db
from portal.models import (
    Agreement,
    Assessment,
    Evidence,
    EvidenceKind,
    EvidenceRequirement,
    EvidenceRevision,
    EvidenceStatus,
    Meeting,
    Pairing,
    ScoreItem,
    StoredFile,
    Task,
    User,
)
from portal.policies.decision import require
from portal.policies.evidence import can_add, can_change
from portal.policies.evidence_places import Place
from portal.policies.files import visible_evidence
from portal.services import files as files_service
from portal.services.evidence_changes import (
    Details,
    check_details,
    revise_evidence,
)
from portal.services.evidence_uses import (
    check_place,
    link,
    lock_place,
    require_place_open,
    use_for,
)
from portal.services.tasks import start_if_needed
from portal.workflow import record
from portal.workflow.evidence import EVIDENCE

KINDS_BY_TYPE = (
    ("image/", EvidenceKind.PHOTO),
    ("video/", EvidenceKind.VIDEO),
    ("text/csv", EvidenceKind.DATA),
    ("application/vnd.ms-excel", EvidenceKind.DATA),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml", EvidenceKind.DATA),
)
"""What a file most likely is, by how its media type begins."""


def add_evidence(
    task: Task,
    *,
    requirement: EvidenceRequirement | None,
    file: StoredFile,
    title: str,
    evidence_on: date,
    actor: User,
    kind: EvidenceKind | None = None,
    proves: str = "",
    expires_on: date | None = None,
    way: str = "",
) -> Evidence:
    """Put ``file`` into the pairing's library and let it stand for ``requirement``.

    The first evidence starts the task. See :func:`add_to_library`.
    """
    return add_to_library(
        task.pairing,
        file=file,
        title=title,
        kind=kind,
        proves=proves,
        evidence_on=evidence_on,
        expires_on=expires_on,
        task=task,
        requirement=requirement,
        actor=actor,
        way=way,
    )


def add_to_library(
    pairing: Pairing,
    *,
    file: StoredFile,
    title: str,
    evidence_on: date,
    actor: User,
    kind: EvidenceKind | None = None,
    proves: str = "",
    expires_on: date | None = None,
    task: Task | None = None,
    requirement: EvidenceRequirement | None = None,
    meeting: Meeting | None = None,
    agreement: Agreement | None = None,
    assessment: Assessment | None = None,
    item: ScoreItem | None = None,
    way: str = "",
) -> Evidence:
    """Put ``file`` into the library of ``pairing``, and let it back at most one thing at once.

    ``evidence_on`` is the day of what the file proves, not of the upload. Without ``kind`` the
    file's type decides; without ``proves`` it is said to prove the requirement or item it is
    for. ``way`` goes into the record. A file whose bytes the library already holds is not added
    twice: the piece that is there is used instead, and returned (its ``file_id`` is then
    another). Raises Forbidden, StepRefused, or Rejected: also for a file that was not accepted
    before.
    """
    target = task or meeting or agreement or assessment
    place = Place(target, requirement, item) if target else None
    if place:
        lock_place(place)
        require_place_open(place, actor)
        check_place(place)
    else:
        require(can_add(actor, pairing))
    subject = requirement.name if requirement else item.title if item else ""
    details = Details(
        title.strip(), kind or kind_of(file), (proves or subject).strip(), evidence_on, expires_on
    )
    check_details(details)
    if known := _known_piece(pairing, file, actor):
        if place:
            use_for(place, known, actor=actor)
        return known
    how = [("方式", way)] if way else []
    evidence = _new_piece(pairing, file, details, actor, how)
    if place:
        _attach_new(place, evidence, actor, how)
    db.session.flush()
    return evidence


def replace_file(
    evidence: Evidence,
    kept: files_service.Kept,
    *,
    note: str,
    actor: User,
    seen_version: int | None = None,
) -> EvidenceRevision:
    """Make a file that was kept the piece's next revision. Raises as :func:`revise_evidence`."""
    require(can_change(actor, evidence))
    file = files_service.record_file(
        kept.stored, kept.checked, pairing=evidence.pairing, actor=actor
    )
    return revise_evidence(evidence, file, note=note, seen_version=seen_version, actor=actor)


def kind_of(file: StoredFile) -> EvidenceKind:
    """Return what a file most likely is; OTHER where its type says nothing."""
    for start, kind in KINDS_BY_TYPE:
        if file.media_type.startswith(start):
            return kind
    return EvidenceKind.OTHER


def _new_piece(
    pairing: Pairing,
    file: StoredFile,
    details: Details,
    actor: User,
    how: Sequence[tuple[str, str]] = (),
) -> Evidence:
    """Add the piece with its first revision, and say so in its history."""
    evidence = Evidence(
        pairing=pairing,
        organisation_id=actor.organisation_id,
        file=file,
        added_by=actor,
        added_at=clock.now(),
        **vars(details),
    )
    evidence.revisions.append(
        EvidenceRevision(number=1, file=file, added_by=actor, added_at=evidence.added_at)
    )
    db.session.add(evidence)
    db.session.flush()
    record(
        evidence,
        EVIDENCE.object_type,
        action="added",
        title="上传佐证材料",
        actor=actor,
        details=[("文件", file.name), *how],
    )
    return evidence


def _attach_new(
    place: Place, evidence: Evidence, actor: User, how: Sequence[tuple[str, str]] = ()
) -> None:
    """Let a new piece back ``place``, which the caller has judged to be open."""
    if isinstance(place.target, Task):
        start_if_needed(place.target, actor=actor)
    link(place, evidence, actor=actor)
    record(
        place.target,
        place.kind,
        action="evidence_added",
        title="上传佐证材料",
        actor=actor,
        details=[(place.name, evidence.file.name), *how],
    )


def _known_piece(pairing: Pairing, file: StoredFile, actor: User) -> Evidence | None:
    """Return the standing piece with the same bytes. Raises Rejected if one was not accepted."""
    known = same_file(pairing, file.sha256)
    if known is not None and known.status is EvidenceStatus.REJECTED:
        said = told_of_rejected(known, file.name, viewer=actor)
        raise Rejected({files_service.FIELD: said})
    return known


def is_seen(known: Evidence, viewer: User) -> bool:
    """Whether ``viewer`` sees the piece in the library, and so may be told of it."""
    wanted = sa.select(Evidence.id).where(Evidence.id == known.id, visible_evidence(viewer))
    return db.session.scalar(wanted) is not None


def told_of_rejected(known: Evidence, name: str, *, viewer: User) -> str:
    """Say that the same bytes were not accepted before; why, to those who see the piece."""
    why = f"未获认可：{known.review_reason}" if is_seen(known, viewer) else "未获认可。"
    return f"“{name}”此前上传过，{why}请修改后再上传。"


def same_file(where: Pairing | Task, sha256: str) -> Evidence | None:
    """Return the piece of the pairing's library whose file has the same bytes.

    Withdrawn ones do not count; one that stands comes before one that was not accepted. Until the
    transaction ends nobody else asks for this pairing: of two who send the same at once, the
    second finds the first one's.
    """
    pairing_id = where.pairing_id if isinstance(where, Task) else where.id
    db.session.execute(
        sa.select(Pairing.id).where(Pairing.id == pairing_id).with_for_update(key_share=True)
    )
    return db.session.scalar(
        sa.select(Evidence)
        .join(StoredFile, StoredFile.id == Evidence.file_id)
        .where(
            Evidence.pairing_id == pairing_id,
            Evidence.status != EvidenceStatus.WITHDRAWN,
            StoredFile.sha256 == sha256,
        )
        .order_by(Evidence.status == EvidenceStatus.REJECTED, Evidence.id)
        .limit(1)
    )
