"""The gallery of a pairing or of a task: what can be looked at, always scoped to a viewer."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Evidence, EvidenceStatus, EvidenceUse, Pairing, Task, User
from portal.policies.files import visible_evidence

PAGE_SIZE = 48


@dataclass(frozen=True)
class GalleryPage:
    """One page of thumbnails, the latest added first; the ids lead to its neighbours."""

    pieces: Sequence[Evidence]
    newer_than: int | None = None
    older_than: int | None = None


@dataclass(frozen=True)
class GalleryItem:
    """One piece shown large, with the pieces before and after it in the gallery."""

    piece: Evidence
    before: int | None
    after: int | None
    page_before: int | None
    """What the page it stands on starts below; None: the first page."""


def shown_in(where: Pairing | Task, viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Evidence under which it stands in the gallery of ``where``.

    The caller has loaded ``where`` in the viewer's scope. What was withdrawn is left to the
    library.
    """
    if isinstance(where, Task):
        used = sa.select(EvidenceUse.evidence_id).where(EvidenceUse.task_id == where.id)
        belongs: sa.ColumnElement[bool] = Evidence.id.in_(used)
    else:
        belongs = Evidence.pairing_id == where.id
    return sa.and_(belongs, visible_evidence(viewer), Evidence.status != EvidenceStatus.WITHDRAWN)


def gallery_page(
    where: Pairing | Task, *, viewer: User, before: int | None = None, after: int | None = None
) -> GalleryPage:
    """Return the pieces just older than id ``before``, or just newer than ``after``: one query."""
    statement = (
        sa.select(Evidence).where(shown_in(where, viewer)).options(joinedload(Evidence.file))
    )
    if after is not None:
        statement = statement.where(Evidence.id > after).order_by(Evidence.id)
    else:
        statement = statement.order_by(Evidence.id.desc())
        if before is not None:
            statement = statement.where(Evidence.id < before)
    found = list(db.session.scalars(statement.limit(PAGE_SIZE + 1)))
    more, pieces = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if after is not None:
        pieces.reverse()
    if not pieces:
        return GalleryPage([])
    newer = more if after is not None else before is not None
    older = True if after is not None else more
    return GalleryPage(pieces, pieces[0].id if newer else None, pieces[-1].id if older else None)


def gallery_item(where: Pairing | Task, evidence_id: int, *, viewer: User) -> GalleryItem:
    """Return one piece of the gallery. Raises NotVisible for any other id. Two or three queries."""
    condition = shown_in(where, viewer)
    piece = db.session.scalar(
        sa.select(Evidence)
        .where(Evidence.id == evidence_id, condition)
        .options(joinedload(Evidence.file), joinedload(Evidence.added_by))
    )
    if piece is None:
        raise NotVisible()
    newer = sa.select(sa.func.min(Evidence.id)).where(condition, Evidence.id > evidence_id)
    older = sa.select(sa.func.max(Evidence.id)).where(condition, Evidence.id < evidence_id)
    rank = sa.select(sa.func.count(Evidence.id)).where(condition, Evidence.id > evidence_id)
    before, after, at = db.session.execute(
        sa.select(newer.scalar_subquery(), older.scalar_subquery(), rank.scalar_subquery())
    ).one()
    page_before = None
    if first := at - at % PAGE_SIZE:
        ids = sa.select(Evidence.id).where(condition).order_by(Evidence.id.desc())
        page_before = db.session.scalar(ids.offset(first - 1).limit(1))
    return GalleryItem(piece, before, after, page_before)
