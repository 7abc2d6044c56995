"""Replacing the templates of official papers: versions are added, one of them is in use."""

import hashlib

import sqlalchemy as sa

from portal import clock
from portal.errors import Rejected, StaleEdit
from portal.extensions import db
from portal.models import OutputFormat, OutputKind, OutputTemplate, User
from portal.policies.decision import require
from portal.policies.output_templates import can_manage_templates
from portal.workflow.engine import record

OBJECT_TYPE = "output_template"


def add_version(
    kind: OutputKind,
    fmt: OutputFormat,
    content: bytes,
    *,
    name: str,
    note: str,
    actor: User,
) -> OutputTemplate:
    """Keep a template that has been tried out with a sample; it is not in use yet.

    Raises Forbidden, or Rejected for the same file as one that is kept already.
    """
    require(can_manage_templates(actor))
    of_kind = (OutputTemplate.kind == kind, OutputTemplate.format == fmt)
    sha256 = hashlib.sha256(content).hexdigest()
    same = db.session.scalar(
        sa.select(OutputTemplate.number).where(*of_kind, OutputTemplate.sha256 == sha256)
    )
    if same is not None:
        raise Rejected({"file": f"这个文件与第 {same} 版完全相同。"})
    last = db.session.scalar(sa.select(sa.func.max(OutputTemplate.number)).where(*of_kind)) or 0
    version = OutputTemplate(
        kind=kind,
        format=fmt,
        number=last + 1,
        name=name[:255],
        note=note,
        content=content,
        sha256=sha256,
        uploaded_by=actor,
        uploaded_at=clock.now(),
    )
    db.session.add(version)
    db.session.flush()
    _record(version, "added", "上传模板", actor, tone="info")
    return version


def put_to_use(version: OutputTemplate, *, actor: User) -> None:
    """Let papers be made from ``version`` from now on. Raises Forbidden."""
    require(can_manage_templates(actor))
    if version.is_active:
        return
    _put_aside(version.kind, version.format)
    version.is_active = True
    db.session.flush()
    _record(version, "put_to_use", "启用模板", actor, tone="success")


def use_shipped(kind: OutputKind, fmt: OutputFormat, *, actor: User) -> None:
    """Go back to the portal's own template. Raises Forbidden, StaleEdit where it is in use."""
    require(can_manage_templates(actor))
    before = _put_aside(kind, fmt)
    if before is None:
        raise StaleEdit("现在用的已经是系统自带的模板。")
    _record(before, "put_aside", "停用模板，改用系统自带的模板", actor, tone="warning")


def _put_aside(kind: OutputKind, fmt: OutputFormat) -> OutputTemplate | None:
    """Take the template in use out of use, and return it."""
    before = db.session.scalar(
        sa.select(OutputTemplate)
        .where(OutputTemplate.kind == kind, OutputTemplate.format == fmt, OutputTemplate.is_active)
        .with_for_update(of=OutputTemplate)
    )
    if before is not None:
        before.is_active = False
        db.session.flush()
    return before


def _record(version: OutputTemplate, action: str, title: str, actor: User, *, tone: str) -> None:
    record(
        version,
        OBJECT_TYPE,
        action=action,
        title=title,
        actor=actor,
        comment=version.note if action == "added" else "",
        tone=tone,
        details=[
            ("文书", f"{version.kind.label}（{version.format.label}）"),
            ("版本", f"第 {version.number} 版 {version.name}"),
        ],
    )
