"""Signing an agreement: a leader of each side or a deputy, then the signed and sealed scan."""

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import Agreement, AgreementSignature, SigningDelegation, User
from portal.models.files import ShownAs
from portal.policies.agreements import can_edit, can_sign, sides_to_sign
from portal.policies.decision import require
from portal.policies.delegations import counts
from portal.policies.scope import side_of
from portal.queries.delegations import leave_of, opened_signing
from portal.services.agreement_steps import lock, require_signing
from portal.services.files import Kept, record_file
from portal.workflow import check_version, record


def sign_agreement(
    agreement: Agreement, *, actor: User, seen_version: int | None = None
) -> AgreementSignature:
    """Sign for the actor's own side, recorded with name, title and time.

    A deputy signs by the leave that a leader gave for these days; the mark names both.
    Raises Forbidden, StepRefused (not being signed, not this side's turn, this side has
    signed, or a deputy drafted the text or put it up for signing) or StaleEdit when the text is
    no longer the one that was read.
    """
    leave = leave_of(actor, clock.today())
    require(can_sign(actor, agreement, leave))
    lock(agreement)
    require_signing(agreement, "签署")
    check_version(agreement, seen_version)
    side = side_of(actor, agreement.pairing)
    if side is None:  # can_sign has made sure of it; mypy has not.
        raise StepRefused("只能代表本单位签署。")
    revision = agreement.current
    if mark := revision.signature_of(side):
        raise StepRefused(f"{side.label}已由{mark.shown_name}签署，不能重复签署。")
    if side not in sides_to_sign(agreement):
        raise StepRefused(f"本协议约定{side.other.label}先签，请在{side.other.label}签署后再签。")
    if leave is not None:
        _check_deputy(agreement, leave, actor)
    mark = AgreementSignature(
        side=side,
        user_id=actor.id,
        name=actor.name,
        job_title=actor.position,
        signed_at=clock.now(),
        on_behalf_of=leave.leader.name if leave else "",
        delegation_id=leave.id if leave else None,
    )
    revision.signatures.append(mark)
    record(
        agreement,
        "agreement",
        action="signed",
        title=f"{side.label}代签" if leave else f"{side.label}负责人签署",
        actor=actor,
        tone="success",
        details=[("签署人", f"{mark.job_title} {mark.shown_name}".strip())],
    )
    db.session.flush()
    return mark


def attach_scan(
    agreement: Agreement,
    scan: Kept,
    *,
    actor: User,
    seen_version: int | None = None,
) -> Agreement:
    """Attach the signed and sealed scan, a PDF or a picture; a later one takes its place.

    Raises Forbidden, StepRefused, StaleEdit (the scan is of a text that was taken back since),
    or Rejected({"file": …}).
    """
    require(can_edit(actor, agreement))
    lock(agreement)
    require_signing(agreement, "上传扫描件")
    check_version(agreement, seen_version)
    file = record_file(scan.stored, scan.checked, pairing=agreement.pairing, actor=actor)
    if file.shown_as not in (ShownAs.PDF, ShownAs.PICTURE):
        raise Rejected({"file": "签署扫描件须为 PDF 或图片（JPG、PNG）格式。"})
    revision = agreement.current
    replaced = [("替换原件", revision.scan.name)] if revision.scan else []
    revision.scan = file
    record(
        agreement,
        "agreement",
        action="scan",
        title="上传签署扫描件",
        actor=actor,
        details=[("文件", file.name), ("SHA-256", file.sha256), *replaced],
    )
    db.session.flush()
    return agreement


def _check_deputy(agreement: Agreement, leave: SigningDelegation, actor: User) -> None:
    """Raise StepRefused where the leave was revoked just now, or the deputy would approve
    what the deputy asked for: four eyes hold in a leader's absence as well."""
    db.session.refresh(leave, with_for_update={"of": SigningDelegation})
    if not counts(leave, actor, clock.today()):
        raise StepRefused("代签授权已失效，不能代签。")
    if agreement.created_by_id == actor.id:
        raise StepRefused("本协议由您起草，不能再由您代签；请由负责人本人或其他代签人签署。")
    if opened_signing(agreement) == actor.id:
        raise StepRefused("本稿由您提请签署，不能再由您代签；请由负责人本人或其他代签人签署。")
