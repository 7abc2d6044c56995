"""Uploads in whatever state a test needs, and phones' links."""

import io
from datetime import date, datetime
from itertools import count

from portal import clock, storage, tokens
from portal.extensions import db
from portal.models import (
    EvidenceRequirement,
    Meeting,
    Pairing,
    Task,
    Upload,
    UploadLink,
    UploadState,
    User,
)
from portal.policies.uploads import LINK_LIFE
from portal.services import uploads as services
from tests.factories.evidence import pdf_bytes

_numbers = count(1)


def receiving(
    where: Task | Meeting | Pairing,
    *,
    by: User,
    content: bytes = b"",
    arrived: int = 0,
    name: str = "会议记录.pdf",
    requirement: EvidenceRequirement | None = None,
    evidence_on: date | None = None,
    link: UploadLink | None = None,
) -> Upload:
    """An upload of ``content`` of which the first ``arrived`` bytes are in the store."""
    content = content or pdf_bytes("途中")
    upload = Upload(
        token=f"{tokens.new_secret()[:32]}",
        user=by,
        pairing=where if isinstance(where, Pairing) else where.pairing,
        task=where if isinstance(where, Task) else None,
        meeting=where if isinstance(where, Meeting) else None,
        requirement=requirement,
        link=link,
        name=name,
        evidence_on=evidence_on or clock.today(),
        size=len(content),
        received=arrived,
        created_at=clock.now(),
        touched_at=clock.now(),
    )
    db.session.add(upload)
    db.session.flush()
    if arrived:
        storage.store().append(upload.token, 0, io.BytesIO(content[:arrived]))
    return upload


def settled(where: Task | Meeting | Pairing, *, by: User, content: bytes, name: str) -> Upload:
    """An upload that arrived whole and was decided about."""
    upload = receiving(where, by=by, content=content, arrived=len(content), name=name)
    services.settle(upload, services.inspect_received(upload))
    return upload


def asking(where: Task | Meeting | Pairing, *, by: User, phone: str = "13812345678") -> Upload:
    """An upload that waits for an answer, because of a phone number in its text."""
    upload = settled(where, by=by, content=f"联系电话 {phone}".encode(), name="通讯录.txt")
    assert upload.state is UploadState.ASKING
    return upload


def live_link(task: Task, *, by: User) -> tuple[UploadLink, str]:
    """A phone's link that works, and its secret."""
    secret = tokens.new_secret()
    link = UploadLink(
        token_hash=tokens.fingerprint(secret),
        task=task,
        user=by,
        created_at=clock.now(),
        expires_at=clock.now() + LINK_LIFE,
    )
    db.session.add(link)
    db.session.flush()
    return link, secret


def upload_of(
    pairing: Pairing,
    *,
    by: User,
    content: bytes = b"the beginning",
    size: int = 1000,
    state: UploadState = UploadState.RECEIVING,
    touched_at: datetime | None = None,
) -> Upload:
    """An upload of which ``content`` has arrived."""
    token = f"upload-of-the-tests-{next(_numbers):06}"
    if content:
        storage.store().append(token, 0, io.BytesIO(content))
    upload = Upload(
        token=token,
        user=by,
        pairing=pairing,
        name="方案.pdf",
        evidence_on=clock.today(),
        size=size,
        received=len(content),
        state=state,
        created_at=touched_at or clock.now(),
        touched_at=touched_at or clock.now(),
    )
    db.session.add(upload)
    db.session.flush()
    return upload
