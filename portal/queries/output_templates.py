"""The templates that a centre put in the place of ours, and which one is in use."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, undefer

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Event, OutputFormat, OutputKind, OutputTemplate, User
from portal.policies.output_templates import can_manage_templates


@dataclass(frozen=True)
class TemplateRow:
    """One kind and format, the centre's template in use for it, and how many versions there are."""

    kind: OutputKind
    fmt: OutputFormat
    in_use: OutputTemplate | None
    versions: int


def content_in_use(kind: OutputKind, fmt: OutputFormat) -> bytes | None:
    """Return the template that papers are made from now, None for our own."""
    return db.session.scalar(
        sa.select(OutputTemplate.content).where(
            OutputTemplate.kind == kind, OutputTemplate.format == fmt, OutputTemplate.is_active
        )
    )


def template_rows(viewer: User) -> list[TemplateRow]:
    """Return every kind and format in order. Raises NotVisible for all but the centre."""
    _admit(viewer)
    found: dict[tuple[OutputKind, OutputFormat], list[OutputTemplate]] = {}
    for one in db.session.scalars(_versions()):
        found.setdefault((one.kind, one.format), []).append(one)
    rows = []
    for kind in OutputKind:
        for fmt in OutputFormat:
            own = found.get((kind, fmt), [])
            in_use = next((one for one in own if one.is_active), None)
            rows.append(TemplateRow(kind, fmt, in_use, len(own)))
    return rows


def versions_of(kind: OutputKind, fmt: OutputFormat, *, viewer: User) -> Sequence[OutputTemplate]:
    """Return the centre's versions, newest first. Raises NotVisible for all but the centre."""
    _admit(viewer)
    wanted = _versions().where(OutputTemplate.kind == kind, OutputTemplate.format == fmt)
    return db.session.scalars(wanted).all()


def get_version(version_id: int, *, viewer: User) -> OutputTemplate:
    """Return one version with its content. Raises NotVisible."""
    _admit(viewer)
    wanted = _versions().where(OutputTemplate.id == version_id)
    found = db.session.scalar(wanted.options(undefer(OutputTemplate.content)))
    if found is None:
        raise NotVisible()
    return found


def history_of_templates(versions: Sequence[OutputTemplate]) -> list[Event]:
    """Return what happened to these versions, newest first."""
    return list(
        db.session.scalars(
            sa.select(Event)
            .where(
                Event.object_type == "output_template",
                Event.object_id.in_([one.id for one in versions]),
            )
            .order_by(Event.id.desc())
        )
    )


def _versions() -> sa.Select[OutputTemplate]:
    return (
        sa.select(OutputTemplate)
        .order_by(OutputTemplate.number.desc(), OutputTemplate.id)
        .options(joinedload(OutputTemplate.uploaded_by))
    )


def _admit(viewer: User) -> None:
    if not can_manage_templates(viewer):
        raise NotVisible()
