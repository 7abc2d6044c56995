"""What goes into a pack: every piece with the place it has there, in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementRevision,
    Assessment,
    Evidence,
    EvidenceKind,
    EvidenceRequirement,
    EvidenceStatus,
    EvidenceUse,
    Meeting,
    Organisation,
    Pairing,
    ScanState,
    ScoreItem,
    StoredFile,
    Task,
    User,
)
from portal.policies.files import visible_evidence, visible_files
from portal.policies.packs import packable_bases
from portal.policies.scope import visible_pairings

AGREEMENT, MEETING, ASSESSMENT, UNUSED = "协议", "会议", "年度考核", "尚未使用的材料"
FURTHER = "其他材料"
BACKED = sa.func.coalesce(
    Task.pairing_id, Meeting.pairing_id, Agreement.pairing_id, Assessment.pairing_id
)
"""The pairing of the thing that a use backs; NULL for a piece without use."""


@dataclass(frozen=True)
class PackPiece:
    """One file at one place of a pack. ``place`` is its folder within the pairing's."""

    pairing_id: int
    place: tuple[str, ...]
    title: str
    file_name: str
    sha256: str
    size: int
    scan: ScanState
    uploaded_at: datetime
    uploader: str
    organisation: str
    on: date | None = None
    kind: EvidenceKind | None = None
    proves: str = ""
    expires_on: date | None = None
    status: EvidenceStatus | None = None
    reason: str = ""

    @property
    def fell(self) -> bool:
        """Whether it was withdrawn or rejected."""
        return self.status in (EvidenceStatus.WITHDRAWN, EvidenceStatus.REJECTED)


def get_base(organisation_id: int, *, viewer: User) -> Organisation:
    """Return a hospital whose pack ``viewer`` may take. Raises NotVisible for any other id."""
    base = db.session.scalar(
        sa.select(Organisation).where(Organisation.id == organisation_id, packable_bases(viewer))
    )
    if base is None:
        raise NotVisible()
    return base


def pairings_of(base: Organisation, *, viewer: User) -> list[Pairing]:
    """Return the pairings of ``base`` that ``viewer`` sees, oldest programme first."""
    return list(
        db.session.scalars(
            sa.select(Pairing)
            .where(
                sa.or_(Pairing.supporting_id == base.id, Pairing.supported_id == base.id),
                visible_pairings(viewer),
            )
            .options(
                joinedload(Pairing.programme),
                joinedload(Pairing.supporting),
                joinedload(Pairing.supported),
            )
            .order_by(Pairing.programme_id, Pairing.sequence)
        )
    )


def pieces_of_task(task: Task, *, viewer: User) -> list[PackPiece]:
    """Return the pieces used for a task that the caller has loaded in scope: one query."""
    return _evidence([task.pairing_id], viewer, EvidenceUse.task_id == task.id)


def pieces_of_pairings(pairings: Sequence[Pairing], *, viewer: User) -> list[PackPiece]:
    """Return the scans and pieces of pairings loaded in scope, by pairing: two queries.

    A piece that backs several things is at each of their places.
    """
    ids = [pairing.id for pairing in pairings]
    held = sa.or_(Evidence.pairing_id.in_(ids), BACKED.in_(ids))
    found = [*_scans(ids, viewer), *_evidence(ids, viewer, held)]
    order = {one: place for place, one in enumerate(ids)}
    return sorted(found, key=lambda piece: order[piece.pairing_id])


def _scans(pairing_ids: Sequence[int], viewer: User) -> list[PackPiece]:
    """Return the signed scans of the agreements, each revision's."""
    rows = db.session.execute(
        sa.select(Agreement, AgreementRevision.number, StoredFile, User, Organisation.name)
        .join(AgreementRevision, AgreementRevision.agreement_id == Agreement.id)
        .join(StoredFile, StoredFile.id == AgreementRevision.scan_id)
        .join(User, User.id == StoredFile.uploaded_by_id)
        .outerjoin(Organisation, Organisation.id == User.organisation_id)
        .where(Agreement.pairing_id.in_(pairing_ids), visible_files(viewer))
        .order_by(Agreement.id, AgreementRevision.number)
    )
    return [
        PackPiece(
            pairing_id=agreement.pairing_id,
            place=(AGREEMENT, _name_of(agreement)),
            title=f"签署扫描件 第{number}稿",
            file_name=file.name,
            sha256=file.sha256,
            size=file.size,
            scan=file.scan,
            uploaded_at=file.uploaded_at,
            uploader=uploader.name,
            organisation=hospital or "",
        )
        for agreement, number, file, uploader, hospital in rows
    ]


def _evidence(
    pairing_ids: Sequence[int], viewer: User, which: sa.ColumnElement[bool]
) -> list[PackPiece]:
    """Return the pieces chosen by ``which``, once for each thing of the pairings they back.

    A piece may back things of several pairings; here only those of ``pairing_ids`` are told.
    One of these pairings that backs none of their things is among the unused.
    """
    rows = db.session.execute(
        sa.select(
            Evidence,
            StoredFile,
            User.name,
            Organisation.name,
            BACKED,
            Task,
            EvidenceRequirement,
            Meeting,
            Agreement,
            Assessment.year,
            ScoreItem,
        )
        .join(StoredFile, StoredFile.id == Evidence.file_id)
        .join(User, User.id == Evidence.added_by_id)
        .join(Organisation, Organisation.id == Evidence.organisation_id)
        .outerjoin(EvidenceUse, EvidenceUse.evidence_id == Evidence.id)
        .outerjoin(Task, Task.id == EvidenceUse.task_id)
        .outerjoin(EvidenceRequirement, EvidenceRequirement.id == EvidenceUse.requirement_id)
        .outerjoin(Meeting, Meeting.id == EvidenceUse.meeting_id)
        .outerjoin(Agreement, Agreement.id == EvidenceUse.agreement_id)
        .outerjoin(Assessment, Assessment.id == EvidenceUse.assessment_id)
        .outerjoin(ScoreItem, ScoreItem.id == EvidenceUse.item_id)
        .where(which, visible_evidence(viewer))
        .order_by(
            Task.number,
            EvidenceRequirement.position,
            Meeting.planned_at,
            Agreement.id,
            Assessment.year,
            ScoreItem.position,
            Evidence.evidence_on,
            Evidence.id,
        )
    ).all()
    placed = [
        _piece(piece, file, uploader, hospital, pairing_id, _place(*backed))
        for piece, file, uploader, hospital, pairing_id, *backed in rows
        if pairing_id in pairing_ids
    ]
    used = {row[0].id for row in rows if row[4] in pairing_ids}
    unused = {
        piece.id: _piece(piece, file, uploader, hospital, piece.pairing_id, (UNUSED,))
        for piece, file, uploader, hospital, *_ in rows
        if piece.id not in used and piece.pairing_id in pairing_ids
    }
    return [*placed, *unused.values()]


def _piece(
    evidence: Evidence,
    file: StoredFile,
    uploader: str,
    hospital: str,
    pairing_id: int,
    place: tuple[str, ...],
) -> PackPiece:
    return PackPiece(
        pairing_id=pairing_id,
        place=place,
        title=evidence.title,
        file_name=file.name,
        sha256=file.sha256,
        size=file.size,
        scan=file.scan,
        uploaded_at=evidence.added_at,
        uploader=uploader,
        organisation=hospital,
        on=evidence.evidence_on,
        kind=evidence.kind,
        proves=evidence.proves,
        expires_on=evidence.expires_on,
        status=evidence.status,
        reason=evidence.withdrawn_reason or evidence.review_reason,
    )


def _place(
    task: Task | None,
    requirement: EvidenceRequirement | None,
    meeting: Meeting | None,
    agreement: Agreement | None,
    year: int | None,
    item: ScoreItem | None,
) -> tuple[str, ...]:
    """Return the folders, outermost first, that say what a piece backs."""
    if task is not None:
        kind = f"{requirement.position} {requirement.name}" if requirement else FURTHER
        return (f"任务 {task.code} {task.title}", kind)
    if meeting is not None:
        day = f"{meeting.held_on.isoformat()} " if meeting.held_on else ""
        return (MEETING, f"{day}{meeting.title}")
    if agreement is not None:
        return (AGREEMENT, _name_of(agreement))
    if item is not None:
        return (ASSESSMENT, f"{year}年度", f"{item.code} {item.title}")
    raise ValueError("a use backs one thing")


def _name_of(agreement: Agreement) -> str:
    return agreement.filing_number or f"{agreement.state.label}的协议"
