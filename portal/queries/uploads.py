"""Uploads and phone links: each belongs to one person, and to nobody else."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import clock, tokens
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Meeting, Pairing, Task, Upload, UploadLink, UploadState, User
from portal.policies.tasks import can_work_on, why_locked
from portal.policies.uploads import UNFINISHED, link_is_alive
from portal.queries.tasks import get_task
from portal.workflow.closure import missing_for_closure

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
COUNTED_FOR = timedelta(hours=8)
GONE = "这个上传码已失效或不正确。请在电脑上打开任务页面，重新点“手机扫码上传”。"


def get_upload(token: str, *, viewer: User, link: UploadLink | None = None) -> Upload:
    """Return the upload of ``token`` if ``viewer`` began it (through ``link``, if one is given).

    Raises NotVisible for any other.
    """
    if not _TOKEN.fullmatch(token):
        # Whatever else stands in the address, the database need not be able to take it.
        raise NotVisible()
    statement = sa.select(Upload).where(Upload.token == token, Upload.user_id == viewer.id)
    if link is not None:
        statement = statement.where(Upload.link_id == link.id)
    upload = db.session.scalar(
        statement.options(
            joinedload(Upload.pairing), joinedload(Upload.task), joinedload(Upload.meeting)
        )
    )
    if upload is None:
        raise NotVisible()
    return upload


def open_uploads(
    viewer: User,
    *,
    task: Task | None = None,
    meeting: Meeting | None = None,
    pairing: Pairing | None = None,
    link: UploadLink | None = None,
) -> list[Upload]:
    """Return what ``viewer`` has begun for one place and must still look at, oldest first.

    Unfinished ones, those that ask something, and stored ones with something to say. Of a
    ``pairing``: those bound for its library alone. Through a ``link``: those sent by it.
    """
    statement = sa.select(Upload).where(Upload.user_id == viewer.id, _to_look_at())
    if task is not None:
        statement = statement.where(Upload.task_id == task.id)
    elif meeting is not None:
        statement = statement.where(Upload.meeting_id == meeting.id)
    elif pairing is not None:
        library = (Upload.task_id.is_(None), Upload.meeting_id.is_(None))
        statement = statement.where(Upload.pairing_id == pairing.id, *library)
    if link is not None:
        statement = statement.where(Upload.link_id == link.id)
    return list(
        db.session.scalars(
            statement.options(joinedload(Upload.requirement)).order_by(Upload.id).limit(200)
        )
    )


def _to_look_at() -> sa.ColumnElement[bool]:
    """Return the condition on Upload: not finished, or stored with something to say."""
    return sa.or_(
        Upload.state.in_(UNFINISHED),
        sa.and_(Upload.state == UploadState.STORED, Upload.answer != ""),
    )


def waiting_for(task: Task) -> list[Upload]:
    """Return what anybody has begun for ``task`` and must still look at, oldest first.

    The task page shows its viewer's and tells the closure panel of all: one query for both.
    """
    return list(
        db.session.scalars(
            sa.select(Upload)
            .where(Upload.task_id == task.id, _to_look_at())
            .options(joinedload(Upload.requirement))
            .order_by(Upload.id)
            .limit(200)
        )
    )


def date_offers(upload: Upload, *, link: UploadLink | None = None) -> list[Upload]:
    """Return all stored photographs in the box of ``upload`` that offer another day.

    Its sender's for the same place; to a phone those of its own ``link`` alone.
    """
    only: dict[str, Any] = {"task": upload.task, "meeting": upload.meeting}
    if upload.task is None and upload.meeting is None:
        only = {"pairing": upload.pairing}
    return [one for one in open_uploads(upload.user, link=link, **only) if one.offers_day]


def closure_gaps(task: Task, viewer: User, waiting: list[Upload] | None = None) -> list[str]:
    """Return what keeps ``viewer`` from applying for the closure of ``task``, as sentences.

    The task's own checklist, and the viewer's files that wait for an answer: an application
    would go without them, although they were chosen. One query, unless the caller has asked
    :func:`waiting_for` already.
    """
    found = waiting_for(task) if waiting is None else waiting
    asked = [one for one in found if one.state is UploadState.ASKING]
    mine = sum(one.user_id == viewer.id for one in asked)
    gaps = [f"还有 {mine} 个文件待您确认，请先在“待处理的上传”中逐个处理"] if mine else []
    return [*gaps, *missing_for_closure(task, {one.requirement_id for one in asked})]


def get_link(secret: str) -> UploadLink:
    """Return the live link with that secret in its address, with its person and its task.

    Raises NotVisible (404) for a wrong, expired or revoked one, for one whose person was
    disabled or no longer works on the task, and while the task is locked: a phone is told the
    same for all of these.
    """
    link = db.session.scalar(
        sa.select(UploadLink)
        .where(UploadLink.token_hash == tokens.fingerprint(secret))
        .options(joinedload(UploadLink.user))
    )
    if link is None or not link_is_alive(link, clock.now()):
        raise NotVisible(GONE)
    try:
        task = get_task(link.task_id, viewer=link.user)
    except NotVisible as error:
        raise NotVisible(GONE) from error
    if not can_work_on(link.user, task) or why_locked(task):
        raise NotVisible(GONE)
    return link


def live_link(task: Task, viewer: User) -> UploadLink | None:
    """Return the viewer's newest link to ``task`` that still works, if there is one."""
    return db.session.scalar(
        sa.select(UploadLink)
        .where(
            UploadLink.task_id == task.id,
            UploadLink.user_id == viewer.id,
            UploadLink.revoked_at.is_(None),
            UploadLink.expires_at > clock.now(),
        )
        .order_by(UploadLink.id.desc())
        .limit(1)
    )


@dataclass(frozen=True)
class Sent:
    """How many files came by phone, by what became of them."""

    stored: int = 0
    asking: int = 0
    refused: int = 0

    def __str__(self) -> str:
        """Say it in words: the saved ones always, the others where there are any."""
        parts = [f"已保存 {self.stored} 个"]
        parts += [f"{self.asking} 个待确认"] if self.asking else []
        parts += [f"{self.refused} 个未通过"] if self.refused else []
        return "，".join(parts)

    @property
    def mark(self) -> str:
        """What changes when anything of it does."""
        return f"{self.stored}-{self.asking}-{self.refused}"

    @classmethod
    def of(cls, states: list[UploadState]) -> "Sent":
        """Count ``states``."""
        wanted = (UploadState.STORED, UploadState.ASKING, UploadState.REFUSED)
        return cls(*(states.count(one) for one in wanted))


def sent_by_phone(task: Task, viewer: User) -> Sent:
    """Count what the viewer's phone sent for ``task`` in the last hours, by whichever code.

    A new code ends the one before, and must not set the count back.
    """
    return Sent.of(
        list(
            db.session.scalars(
                sa.select(Upload.state).where(
                    Upload.task_id == task.id,
                    Upload.user_id == viewer.id,
                    Upload.link_id.is_not(None),
                    Upload.created_at > clock.now() - COUNTED_FOR,
                )
            )
        )
    )


def sent_by(link: UploadLink) -> list[Upload]:
    """Return the files of ``link`` that have arrived, in their order, refused ones too."""
    arrived = (UploadState.STORED, UploadState.ASKING, UploadState.REFUSED)
    return list(
        db.session.scalars(
            sa.select(Upload)
            .where(Upload.link_id == link.id, Upload.state.in_(arrived))
            .options(joinedload(Upload.requirement))
            .order_by(Upload.id)
        )
    )
