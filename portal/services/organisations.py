"""Keeping the organisations: their names, cities and accredited bases."""

import zlib
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from portal.errors import Rejected, StaleEdit
from portal.extensions import db
from portal.models import BaseKind, Organisation, OrganisationKind, Pairing, TrainingBase, User
from portal.policies.accounts import can_edit_organisation
from portal.policies.decision import require
from portal.workflow import record


@dataclass(frozen=True)
class OrganisationEntry:
    """What an organisation's form holds."""

    name: str
    short_name: str
    kind: OrganisationKind
    city: str
    bases: Collection[BaseKind]


def edition_of(organisation: Organisation) -> int:
    """Return a number that changes with whatever the organisation's form shows."""
    return zlib.crc32("\x1f".join(value for _, value in _facts(organisation)).encode())


def add_organisation(entry: OrganisationEntry, *, actor: User) -> Organisation:
    """Add an organisation. Raises Forbidden, or Rejected for a name that is taken."""
    require(can_edit_organisation(actor, entry.kind))
    _check(entry, None)
    organisation = Organisation(
        name=entry.name, short_name=entry.short_name, kind=entry.kind, city=entry.city
    )
    organisation.bases = [TrainingBase(kind=kind) for kind in BaseKind if kind in entry.bases]
    db.session.add(organisation)
    db.session.flush()
    record(
        organisation,
        "organisation",
        action="added",
        title="新增单位",
        actor=actor,
        details=_facts(organisation),
    )
    return organisation


def edit_organisation(
    organisation: Organisation, entry: OrganisationEntry, *, seen: int | None, actor: User
) -> bool:
    """Bring an organisation in line with ``entry``; return whether anything changed.

    Raises Forbidden, StaleEdit, or Rejected for a name that is taken, and for another kind
    once accounts or pairings hang on it: their rights follow from the kind.
    """
    # Two keepers at once: the later one waits here, and is judged by what the first one saved.
    db.session.refresh(organisation, with_for_update={"of": Organisation})
    db.session.expire(organisation, ["bases"])
    require(can_edit_organisation(actor, organisation.kind))
    require(can_edit_organisation(actor, entry.kind))
    if seen is not None and seen != edition_of(organisation):
        raise StaleEdit()
    _check(entry, organisation)
    before = _facts(organisation)
    organisation.name, organisation.short_name = entry.name, entry.short_name
    organisation.kind, organisation.city = entry.kind, entry.city
    kept = [base for base in organisation.bases if base.kind in entry.bases]
    present = {base.kind for base in kept}
    new = [TrainingBase(kind=k) for k in BaseKind if k in entry.bases and k not in present]
    organisation.bases = [*kept, *new]
    changes = [
        (label, f"{old or '无'} → {new or '无'}")
        for (label, old), (_, new) in zip(before, _facts(organisation), strict=True)
        if old != new
    ]
    db.session.flush()
    if changes:
        record(
            organisation,
            "organisation",
            action="edited",
            title="修改单位信息",
            actor=actor,
            details=changes,
        )
    return bool(changes)


def _facts(organisation: Organisation) -> list[tuple[str, str]]:
    """Return what is known of the organisation, in words."""
    held = {base.kind for base in organisation.bases}
    return [
        ("名称", organisation.name),
        ("简称", organisation.short_name),
        ("类别", organisation.kind.label),
        ("所在市县", organisation.city),
        ("培训基地", "、".join(kind.label for kind in BaseKind if kind in held)),
    ]


def _check(entry: OrganisationEntry, organisation: Organisation | None) -> None:
    """Raise Rejected for what no organisation can be."""
    wrong: dict[str, str] = {}
    taken = sa.select(Organisation.id).where(Organisation.name == entry.name)
    if organisation is not None:
        taken = taken.where(Organisation.id != organisation.id)
        if entry.kind is not organisation.kind and _is_in_use(organisation):
            wrong["kind"] = "这个单位已有账号或结对，类别不能再改。"
    if db.session.scalar(taken) is not None:
        wrong["name"] = "已有同名单位，请核对。"
    local = entry.kind in (OrganisationKind.HOSPITAL, OrganisationKind.CITY_COMMISSION)
    if local and not entry.city:
        wrong["city"] = "请填写所在市县：市卫生健康委按市县查看辖区内的结对。"
    if entry.bases and entry.kind is not OrganisationKind.HOSPITAL:
        wrong["bases"] = "只有医院可以有培训基地。"
    if wrong:
        raise Rejected(wrong)


def _is_in_use(organisation: Organisation) -> bool:
    """Whether accounts or pairings hang on the organisation, so that its kind is fixed."""
    used = sa.or_(
        sa.exists().where(User.organisation_id == organisation.id),
        sa.exists().where(
            sa.or_(
                Pairing.supporting_id == organisation.id, Pairing.supported_id == organisation.id
            )
        ),
    )
    return bool(db.session.scalar(sa.select(used)))
