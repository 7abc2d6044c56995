"""What a restored portal must not go on with: log-ins and uploads that only the old one knew."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from portal import clock
from portal.models import Upload, UploadState, UserSession

RESTORED = "系统已从备份恢复"
OPEN_UPLOADS = (UploadState.RECEIVING, UploadState.ASKING)


@dataclass(frozen=True)
class Settled:
    """How many rows were settled."""

    uploads: int
    sessions: int


def settle(session: Any) -> Settled:
    """End every log-in and cancel every upload that was still arriving; does not commit.

    A log-in that was ended after the backup would otherwise come back to life, and the bytes
    of an unfinished upload are not part of a backup. Needs tables of the present revision.
    """
    now = clock.now()
    uploads = session.execute(
        sa.update(Upload)
        .where(Upload.state.in_(OPEN_UPLOADS))
        .values(state=UploadState.CANCELLED, answer=RESTORED, touched_at=now)
    )
    sessions = session.execute(
        sa.update(UserSession)
        .where(UserSession.ended_at.is_(None))
        .values(ended_at=now, ended_why="restored")
    )
    return Settled(uploads.rowcount, sessions.rowcount)
