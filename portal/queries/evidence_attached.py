"""The pieces attached to a meeting, an agreement or the items of an assessment."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from portal.extensions import db
from portal.models import Agreement, Assessment, Evidence, EvidenceUse, Meeting, ScoreItem, User
from portal.policies.evidence_places import Place, can_attach, why_locked

_COLUMNS = {
    Meeting: EvidenceUse.meeting_id,
    Agreement: EvidenceUse.agreement_id,
    Assessment: EvidenceUse.assessment_id,
}


@dataclass(frozen=True)
class Attached:
    """What is attached to one place, and whether the viewer may change that now."""

    uses: list[EvidenceUse]
    may_change: bool

    def __bool__(self) -> bool:
        """Whether there is anything to show: a piece, or a way to add one."""
        return bool(self.uses) or self.may_change


def attached_to(target: Meeting | Agreement, *, viewer: User) -> Attached:
    """Return what is attached to ``target``, which the caller has loaded in scope: one query."""
    return Attached(_uses(target), _may_change(Place(target), viewer))


def attached_to_items(
    assessment: Assessment, items: Iterable[ScoreItem], *, viewer: User
) -> dict[int, Attached]:
    """Return what is attached to each of ``items``, by id: one query. Loaded in scope before."""
    uses: dict[int | None, list[EvidenceUse]] = {}
    for use in _uses(assessment):
        uses.setdefault(use.item_id, []).append(use)
    return {
        item.id: Attached(uses.get(item.id, []), _may_change(Place(assessment, item=item), viewer))
        for item in items
    }


def _may_change(place: Place, viewer: User) -> bool:
    return bool(can_attach(viewer, place)) and not why_locked(place)


def _uses(target: Meeting | Agreement | Assessment) -> list[EvidenceUse]:
    return list(
        db.session.scalars(
            sa.select(EvidenceUse)
            .join(EvidenceUse.evidence)
            .where(_COLUMNS[type(target)] == target.id)
            .options(
                contains_eager(EvidenceUse.evidence).joinedload(Evidence.file),
                contains_eager(EvidenceUse.evidence).joinedload(Evidence.added_by),
            )
            .order_by(EvidenceUse.id)
        )
    )
