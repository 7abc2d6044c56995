"""Uploads on their way in."""

from __future__ import annotations

import io
from datetime import datetime
from itertools import count

from portal import clock, storage
from portal.extensions import db
from portal.models import Pairing, Upload, UploadState, User

_numbers = count(1)


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
