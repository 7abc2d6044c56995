"""Who may do what with a piece of evidence, and whether it counts (design/domain.md, Evidence)."""

from datetime import date, timedelta

import sqlalchemy as sa

from portal.models import (
    STANDING,
    USABLE_SCANS,
    Evidence,
    EvidenceStatus,
    Pairing,
    Role,
    ScanState,
    StoredFile,
    User,
)
from portal.models.evidence import EXPIRING_DAYS
from portal.policies.decision import Decision, no, yes_if
from portal.policies.pairings import works_in

KEEPERS = frozenset({Role.BASE_COORDINATOR, Role.BASE_LEADER})
"""Who looks after all the evidence of their hospital."""


def can_add(viewer: User, pairing: Pairing) -> Decision:
    """Both hospitals' coordinators and leaders add to a pairing's library for no task yet."""
    return yes_if(
        works_in(viewer, pairing), "只有结对双方的基地管理员、负责人可以向佐证库添加材料。"
    )


def can_change(viewer: User, evidence: Evidence) -> Decision:
    """Whoever added it, and the coordinators and leaders of the hospital it came from."""
    return yes_if(
        _keeps(viewer, evidence), "只有上传人和上传单位的基地管理员、负责人可以修改这份材料。"
    )


def can_withdraw(viewer: User, evidence: Evidence) -> Decision:
    """The same people as :func:`can_change`."""
    return yes_if(
        _keeps(viewer, evidence), "只有上传人和上传单位的基地管理员、负责人可以撤回这份材料。"
    )


def _keeps(viewer: User, evidence: Evidence) -> bool:
    own_hospital = viewer.role.in_hospital and viewer.organisation_id == evidence.organisation_id
    return own_hospital and (viewer.id == evidence.added_by_id or viewer.role in KEEPERS)


def can_review(viewer: User, evidence: Evidence) -> Decision:
    """The other hospital's coordinator or leader, or the centre; never who sent it in.

    Four eyes: neither the hospital it came from, nor anybody who uploaded one of its files,
    wherever they work now.
    """
    other_hospital = works_in(viewer, evidence.pairing)
    if viewer.role is not Role.CENTRE_REVIEWER and not other_hospital:
        return no("佐证材料由结对另一方的基地管理员、负责人或省中心审核。")
    if viewer.organisation_id == evidence.organisation_id:
        return no("本单位上传的材料由结对另一方或省中心审核。")
    hands = {evidence.added_by_id, *(one.added_by_id for one in evidence.revisions)}
    return yes_if(viewer.id not in hands, "这份材料由您上传，须由他人审核。")


def reviewable_by(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Evidence under which ``viewer`` may be its reviewer.

    The same rule as :func:`can_review` for everybody who never moved between the two sides.
    """
    foreign = sa.and_(
        Evidence.organisation_id != viewer.organisation_id, Evidence.added_by_id != viewer.id
    )
    if viewer.role is Role.CENTRE_REVIEWER:
        return foreign
    if viewer.role not in KEEPERS:
        return sa.false()
    own = sa.select(Pairing.id).where(
        sa.or_(
            Pairing.supporting_id == viewer.organisation_id,
            Pairing.supported_id == viewer.organisation_id,
        )
    )
    return sa.and_(foreign, Evidence.pairing_id.in_(own))


def why_not_counted(evidence: Evidence, today: date) -> str:
    """Return why the piece proves nothing on ``today``, in a few words; empty when it counts.

    Withdrawn, not accepted, expired, or a file that was not found clean.
    """
    if evidence.status is EvidenceStatus.WITHDRAWN:
        return "已撤回"
    if evidence.status is EvidenceStatus.REJECTED:
        return "不予认可"
    if evidence.file.scan is ScanState.INFECTED:
        return "文件含有病毒"
    if not evidence.file.usable:
        return "文件待查毒"
    if evidence.expired_on(today):
        return f"已于 {evidence.expires_on} 过期"
    return ""


def counts(evidence: Evidence, today: date) -> bool:
    """Whether the piece proves something on ``today`` (the Shanghai date)."""
    return not why_not_counted(evidence, today)


def counted(today: date, piece: type[Evidence] = Evidence) -> sa.ColumnElement[bool]:
    """Return the same rule as :func:`counts`, as a condition on Evidence, or an alias of it."""
    return sa.and_(
        piece.status.in_(STANDING),
        sa.or_(piece.expires_on.is_(None), piece.expires_on >= today),
        piece.file.has(StoredFile.scan.in_(USABLE_SCANS)),
    )


def expired(today: date) -> sa.ColumnElement[bool]:
    """Return the condition on Evidence whose validity has run out."""
    return Evidence.expires_on < today


def expiring(today: date) -> sa.ColumnElement[bool]:
    """Return the condition on Evidence whose validity runs out soon."""
    return Evidence.expires_on.between(today, today + timedelta(days=EXPIRING_DAYS))
