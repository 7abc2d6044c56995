"""What somebody had typed when the log-in ran out: kept for a day, given back to them alone.

Parking carries nothing out. The form is sent again by its owner, from a page that shows it.
"""

import json

import sqlalchemy as sa

from portal import clock, tokens
from portal.extensions import db
from portal.models import ParkedForm, User
from portal.queries.parked_forms import KEPT
from portal.workflow import record

LARGEST = 256 * 1024
"""Bytes of typed text beyond which a form is not kept."""

MOST = 20
"""How many forms of one person are kept; the oldest go first."""

Field = list[str | None]
"""[name, text], or [name, None] for a field whose files must be chosen again."""


def park_form(
    user: User, *, path: str, page: str, fields: list[Field], files: int = 0
) -> str | None:
    """Keep what ``user`` sent to ``path`` from ``page``; return the secret of its address.

    None when it is too large to keep.
    """
    kept = [[name, text and text.replace("\0", "")] for name, text in fields]
    if len(path) > 500 or len(json.dumps(kept, ensure_ascii=False).encode()) > LARGEST:
        return None
    secret = tokens.new_secret()
    _make_room(user)
    db.session.add(
        ParkedForm(
            token_hash=tokens.fingerprint(secret),
            user_id=user.id,
            path=path,
            page=page if len(page) <= 500 else "/",
            fields=kept,
            files=files,
            created_at=clock.now(),
        )
    )
    record(user, "user", action="form_parked", title="登录超时，暂存未提交的内容", actor=None)
    db.session.flush()
    return secret


def drop_parked(parked: ParkedForm) -> None:
    """Remove what its owner does not want any more."""
    db.session.delete(parked)
    db.session.flush()


def forget_parked(secret: str, *, user_id: int) -> None:
    """Remove what its owner has sent again."""
    db.session.execute(
        sa.delete(ParkedForm).where(
            ParkedForm.token_hash == tokens.fingerprint(secret), ParkedForm.user_id == user_id
        )
    )


def remove_expired() -> None:
    """Remove what nobody fetched in time."""
    db.session.execute(sa.delete(ParkedForm).where(ParkedForm.created_at < clock.now() - KEPT))


def _make_room(user: User) -> None:
    """Remove the oldest of many."""
    newest = (
        sa.select(ParkedForm.id)
        .where(ParkedForm.user_id == user.id)
        .order_by(ParkedForm.id.desc())
        .limit(MOST - 1)
    )
    kept = list(db.session.scalars(newest))
    db.session.execute(
        sa.delete(ParkedForm).where(ParkedForm.user_id == user.id, ParkedForm.id.not_in(kept))
    )
