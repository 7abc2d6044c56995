"""Phone links 手机上传码: made for one person and one task, short-lived, revoked by the next."""

import sqlalchemy as sa

from portal import clock, tokens
from portal.extensions import db
from portal.models import Task, UploadLink, User
from portal.policies.uploads import LINK_LIFE
from portal.services.tasks import require_open


def make_link(task: Task, *, actor: User) -> tuple[UploadLink, str]:
    """Make the link by which a phone sends ``actor``'s files for ``task``; older ones end.

    Returns it with its secret, which is kept nowhere. Raises Forbidden or StepRefused.
    """
    require_open(task, actor)
    revoke_links(task, actor=actor)
    secret, now = tokens.new_secret(), clock.now()
    link = UploadLink(
        token_hash=tokens.fingerprint(secret),
        task=task,
        user=actor,
        created_at=now,
        expires_at=now + LINK_LIFE,
    )
    db.session.add(link)
    db.session.flush()
    return link, secret


def revoke_links(task: Task, *, actor: User) -> None:
    """End the actor's own links to ``task``; none is no error."""
    db.session.execute(
        sa.update(UploadLink)
        .where(
            UploadLink.task_id == task.id,
            UploadLink.user_id == actor.id,
            UploadLink.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now())
    )
