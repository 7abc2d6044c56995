"""Where a file may be sent to, by whom, and until when an upload or a phone's link is alive."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

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
from portal.policies import evidence_places
from portal.policies.decision import Decision
from portal.policies.evidence import can_add
from portal.policies.evidence_places import Place

UNFINISHED = frozenset({UploadState.RECEIVING, UploadState.ASKING})
"""Uploads in these states still hold bytes that are not in the library."""

MAX_UNFINISHED = 200
"""How many unfinished uploads one person may have."""

KEPT_FOR = timedelta(days=7)
"""How long an upload that nobody goes on with is kept (services/sweeping.py)."""

LINK_LIFE = timedelta(minutes=30)
"""How long the address behind a QR code works."""


@dataclass(frozen=True)
class Destination:
    """What a file is sent to: a task (perhaps one requirement), a meeting, or the library alone."""

    pairing: Pairing
    task: Task | None = None
    requirement: EvidenceRequirement | None = None
    meeting: Meeting | None = None

    @classmethod
    def of(cls, upload: Upload) -> "Destination":
        """Return where ``upload`` is bound for."""
        return cls(upload.pairing, upload.task, upload.requirement, upload.meeting)


def can_upload(viewer: User, place: Destination) -> Decision:
    """Whoever may attach evidence to the task or the meeting; else whoever adds to the library.

    Judges the person only; :func:`why_closed` judges the moment.
    """
    target = place.task or place.meeting
    if target is not None:
        return evidence_places.can_attach(viewer, Place(target, place.requirement))
    return can_add(viewer, place.pairing)


def why_closed(place: Destination) -> str:
    """Return why nothing can be sent there now, as a sentence; empty when it can."""
    target = place.task or place.meeting
    return evidence_places.why_locked(Place(target, place.requirement)) if target else ""


def link_is_alive(link: UploadLink, now: datetime) -> bool:
    """Whether a phone may still use ``link``: in time, not revoked, its person active."""
    return link.revoked_at is None and now < link.expires_at and link.user.is_active


def own_unfinished(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Upload of what ``viewer`` has begun and not finished."""
    return sa.and_(Upload.user_id == viewer.id, Upload.state.in_(UNFINISHED))
