"""What a restored portal must not go on with: log-ins, links and uploads of the old one."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from portal import clock
from portal.models import Invitation, Upload, UploadLink, UploadState, UserSession
from portal.policies.uploads import UNFINISHED

RESTORED = "系统已从备份恢复"


@dataclass(frozen=True)
class Settled:
    """How many rows were settled."""

    uploads: int
    sessions: int
    links: int


def settle(session: Any) -> Settled:
    """End every log-in, cancel every unfinished upload, revoke every link; does not commit.

    A log-in, an invitation or a phone's link that was ended or used after the backup would
    otherwise come back to life, and the bytes of an unfinished upload are not part of a backup.
    Needs tables of the present revision.
    """
    now = clock.now()
    uploads = session.execute(
        sa.update(Upload)
        .where(Upload.state.in_(UNFINISHED))
        .values(state=UploadState.CANCELLED, answer=RESTORED, touched_at=now)
    )
    sessions = session.execute(
        sa.update(UserSession)
        .where(UserSession.ended_at.is_(None))
        .values(ended_at=now, ended_why="restored")
    )
    phones = session.execute(
        sa.update(UploadLink).where(UploadLink.revoked_at.is_(None)).values(revoked_at=now)
    )
    invitations = session.execute(
        sa.update(Invitation)
        .where(Invitation.revoked_at.is_(None), Invitation.used_at.is_(None))
        .values(revoked_at=now)
    )
    return Settled(uploads.rowcount, sessions.rowcount, phones.rowcount + invitations.rowcount)
