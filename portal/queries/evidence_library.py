"""The library of evidence 佐证库: every piece a viewer may see, narrowed by the address bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal import clock
from portal.extensions import db
from portal.models import (
    Area,
    Evidence,
    EvidenceKind,
    EvidenceStatus,
    EvidenceUse,
    Organisation,
    Pairing,
    Task,
    User,
)
from portal.policies.evidence import (
    can_review,
    expired,
    expiring,
    reviewable_by,
    why_not_counted,
)
from portal.policies.files import visible_evidence
from portal.policies.scope import visible_pairings
from portal.queries.evidence import matching, uses_by_piece
from portal.queries.paging import page_of

PAGE_SIZE = 30
EXPIRED, EXPIRING = "expired", "expiring"


@dataclass(frozen=True)
class LibraryFilter:
    """What the address asks for. Empty fields do not narrow."""

    organisation_id: int | None = None
    pairing_id: int | None = None
    text: str = ""
    kind: EvidenceKind | None = None
    status: EvidenceStatus | None = None
    area: Area | None = None
    year: int | None = None
    expiry: str = ""
    unused: bool = False
    to_review: bool = False

    def conditions(self, viewer: User, today: date) -> list[sa.ColumnElement[bool]]:
        """Return the conditions on Evidence joined to its file."""
        found = [visible_evidence(viewer), matching(self.text)]
        for column, value in (
            (Evidence.organisation_id, self.organisation_id),
            (Evidence.pairing_id, self.pairing_id),
            (Evidence.kind, self.kind),
            (Evidence.status, self.status),
        ):
            if value is not None:
                found.append(column == value)
        if self.area is not None:
            in_area = sa.select(EvidenceUse.evidence_id).join(Task).where(Task.area == self.area)
            found.append(Evidence.id.in_(in_area))
        if self.year is not None:
            days = date(self.year, 1, 1), date(self.year, 12, 31)
            found.append(Evidence.evidence_on.between(*days))
        if self.expiry:
            found.append(expired(today) if self.expiry == EXPIRED else expiring(today))
        if self.unused:
            found.append(~Evidence.uses.any())
        if self.to_review:
            found += [Evidence.status == EvidenceStatus.PENDING, reviewable_by(viewer)]
        return found


@dataclass(frozen=True)
class LibraryRow:
    """A piece as the list shows it to one viewer."""

    evidence: Evidence
    uses: list[EvidenceUse]
    may_accept: bool
    idle_because: str
    expiry: str
    """Empty, or which of EXPIRED and EXPIRING."""


@dataclass(frozen=True)
class LibraryPage:
    """One page of the library, newest first; the ids lead to its neighbours."""

    rows: list[LibraryRow]
    newer_than: str | None
    older_than: str | None

    @property
    def reviewable(self) -> bool:
        """Whether the viewer may accept something on this page."""
        return any(row.may_accept for row in self.rows)


def library_page(
    wanted: LibraryFilter,
    *,
    viewer: User,
    before: int | None = None,
    after: int | None = None,
) -> LibraryPage:
    """Return the pieces just older than id ``before``, or just newer than id ``after``.

    Three queries, wherever in the library the page lies.
    """
    today = clock.today()
    statement = (
        sa.select(Evidence)
        .join(Evidence.file)
        .where(*wanted.conditions(viewer, today))
        .options(
            contains_eager(Evidence.file),
            joinedload(Evidence.added_by),
            joinedload(Evidence.organisation),
            joinedload(Evidence.pairing),
            selectinload(Evidence.revisions),
        )
    )
    page = page_of(
        statement,
        Evidence.id,
        # The pager's words: what comes before a page of the newest is newer.
        before=after,
        after=before,
        size=PAGE_SIZE,
        descending=True,
        key=lambda one: one.id,
    )
    uses = uses_by_piece([one.id for one in page.rows], viewer=viewer) if page.rows else {}
    return LibraryPage(
        [_row(one, uses.get(one.id, []), viewer, today) for one in page.rows],
        page.before,
        page.after,
    )


def _row(evidence: Evidence, uses: list[EvidenceUse], viewer: User, today: date) -> LibraryRow:
    pending = evidence.status is EvidenceStatus.PENDING
    return LibraryRow(
        evidence,
        uses,
        may_accept=pending and bool(can_review(viewer, evidence)),
        idle_because=why_not_counted(evidence, today),
        expiry=expiry_of(evidence, today),
    )


def expiry_of(evidence: Evidence, today: date) -> str:
    """Return EXPIRED, EXPIRING or nothing."""
    if evidence.expired_on(today):
        return EXPIRED
    return EXPIRING if evidence.expires_soon(today) else ""


def pieces_with(ids: Sequence[int], *, viewer: User) -> list[Evidence]:
    """Return the pieces with ``ids`` that ``viewer`` sees, ready to be decided about."""
    return list(
        db.session.scalars(
            sa.select(Evidence)
            .where(Evidence.id.in_(ids), visible_evidence(viewer))
            .options(joinedload(Evidence.pairing), selectinload(Evidence.revisions))
            .order_by(Evidence.id)
        )
    )


def hospital_choices(viewer: User) -> list[tuple[int, str]]:
    """Return the hospitals of the pairings ``viewer`` sees, as (id, name), by name."""
    seen = sa.select(Pairing).where(visible_pairings(viewer)).subquery()
    rows = db.session.execute(
        sa.select(Organisation.id, Organisation.short_name)
        .where(
            sa.or_(
                Organisation.id.in_(sa.select(seen.c.supporting_id)),
                Organisation.id.in_(sa.select(seen.c.supported_id)),
            )
        )
        .order_by(Organisation.short_name, Organisation.id)
    )
    return [(row.id, row.short_name) for row in rows]


def pairing_choices(viewer: User) -> list[tuple[int, str]]:
    """Return the pairings ``viewer`` sees, as (id, title), in table order."""
    rows: Any = db.session.scalars(
        sa.select(Pairing)
        .where(visible_pairings(viewer))
        .options(joinedload(Pairing.supporting), joinedload(Pairing.supported))
        .order_by(Pairing.programme_id.desc(), Pairing.sequence)
    )
    return [(one.id, one.title) for one in rows]
