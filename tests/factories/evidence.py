"""Small real files of every accepted kind, and pieces of evidence."""

import io
import struct
import zipfile
import zlib
from datetime import date
from itertools import count

from portal import clock
from portal.extensions import db
from portal.models import (
    Agreement,
    Assessment,
    Evidence,
    EvidenceRequirement,
    EvidenceRevision,
    EvidenceStatus,
    EvidenceUse,
    Meeting,
    Pairing,
    ScoreItem,
    Task,
    User,
)
from portal.policies.evidence_places import Place
from portal.services.evidence import replace_file
from portal.services.evidence_reviews import accept_evidence, reject_evidence
from portal.services.evidence_uses import link
from portal.services.files import keep_upload, store_upload

_numbers = count(1)


def pdf_bytes(mark: str = "") -> bytes:
    """Return a one-page PDF; ``mark`` makes its bytes differ from another's."""
    body = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(
        (
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 120] >>",
        ),
        1,
    ):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(body)
    body += b"xref\n0 4\n0000000000 65535 f \n"
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    return body + b"% " + mark.encode() + b"\n"


def locked_pdf_bytes() -> bytes:
    """Return a PDF that opens with a password only: none is right."""
    plain = pdf_bytes("locked")
    lock = b"/Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s>" % (b"00" * 32, b"11" * 32)
    return plain.replace(b"/Root 1 0 R", b"/Root 1 0 R /ID [<00><00>] /Encrypt << %s >>" % lock)


def png_bytes(grey: int = 200) -> bytes:
    """Return a PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixel = zlib.compress(bytes([0, grey]))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")
    )


def zip_bytes(*names: str) -> bytes:
    """Return an archive whose members are ``names``, each with a little text."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names or ("材料/说明.txt",):
            archive.writestr(name, "内容")
    return buffer.getvalue()


def office_bytes(folder: str = "word", *more: str) -> bytes:
    """Return what a word, xl or ppt file looks like from outside."""
    return zip_bytes("[Content_Types].xml", f"{folder}/document.xml", *more)


def ole_bytes(*streams: str) -> bytes:
    """Return an old Office container that names ``streams``."""
    names = b"".join(name.encode("utf-16-le") + b"\0\0" for name in streams)
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + names + bytes(600)


def evidence_for(
    task: Task,
    requirement: EvidenceRequirement | None = None,
    *,
    by: User,
    name: str = "",
    content: bytes = b"",
    evidence_on: date | None = None,
) -> EvidenceUse:
    """Add a stored file as evidence for a requirement (the task's first unless said)."""
    requirement = requirement or (task.requirements[0] if task.requirements else None)
    evidence = evidence_in(task.pairing, by=by, name=name, content=content, evidence_on=evidence_on)
    use = EvidenceUse(
        task=task, evidence=evidence, requirement=requirement, added_at=evidence.added_at
    )
    db.session.add(use)
    db.session.flush()
    return use


def evidence_in(
    pairing: Pairing,
    *,
    by: User,
    name: str = "",
    content: bytes = b"",
    evidence_on: date | None = None,
) -> Evidence:
    """Add a piece of evidence to a pairing's library that no task uses yet."""
    number = next(_numbers)
    file = store_upload(
        name or f"佐证材料{number}.pdf",
        io.BytesIO(content or pdf_bytes(str(number))),
        pairing=pairing,
        actor=by,
    )
    evidence = Evidence(
        pairing_id=pairing.id,
        organisation_id=by.organisation_id or pairing.supported_id,
        file=file,
        title=name.rpartition(".")[0] or f"佐证材料{number}",
        evidence_on=evidence_on or clock.today(),
        added_by=by,
        added_at=clock.now(),
    )
    evidence.revisions.append(
        EvidenceRevision(number=1, file=file, added_by=by, added_at=evidence.added_at)
    )
    db.session.add(evidence)
    db.session.flush()
    return evidence


def withdrawn(evidence: Evidence, *, by: User, reason: str = "传错了文件") -> Evidence:
    """Mark a piece of evidence as withdrawn."""
    evidence.status = EvidenceStatus.WITHDRAWN
    evidence.withdrawn_at = clock.now()
    evidence.withdrawn_by_id = by.id
    evidence.withdrawn_reason = reason
    db.session.flush()
    return evidence


def accepted(evidence: Evidence, *, by: User) -> Evidence:
    """Let ``by`` accept a piece of evidence, through the service."""
    accept_evidence(evidence, actor=by)
    return evidence


def rejected(evidence: Evidence, *, by: User, reason: str = "缺少印章") -> Evidence:
    """Let ``by`` not accept a piece of evidence, through the service."""
    reject_evidence(evidence, reason=reason, actor=by)
    return evidence


def in_status(status: EvidenceStatus, evidence: Evidence, *, reviewer: User) -> Evidence:
    """Take a pending piece to ``status``."""
    if status in (EvidenceStatus.ACCEPTED, EvidenceStatus.REJECTED):
        {EvidenceStatus.ACCEPTED: accepted, EvidenceStatus.REJECTED: rejected}[status](
            evidence, by=reviewer
        )
    elif status is EvidenceStatus.WITHDRAWN:
        withdrawn(evidence, by=evidence.added_by)
    return evidence


def used_at(
    target: Task | Meeting | Agreement | Assessment,
    evidence: Evidence,
    *,
    by: User,
    item: ScoreItem | None = None,
) -> EvidenceUse:
    """Add the row that says ``evidence`` backs ``target``, whatever state it is in."""
    use = link(Place(target, item=item), evidence, actor=by)
    db.session.flush()
    return use


def replaced(evidence: Evidence, *, by: User, content: bytes = b"", note: str = "补盖公章") -> None:
    """Put a new file in the place of the old one, through the service."""
    replace_file(
        evidence,
        keep_upload("新版本.pdf", io.BytesIO(content or pdf_bytes(f"v{next(_numbers)}"))),
        note=note,
        actor=by,
    )
