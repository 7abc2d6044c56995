"""A leader who is away gives a deputy leave to sign agreements, and takes it back."""

from datetime import date, timedelta

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import SigningDelegation, User
from portal.policies.decision import require
from portal.policies.delegations import LONGEST_DAYS, can_be_deputy, can_delegate, can_revoke
from portal.workflow import record


def delegate_signing(
    leader: User, deputy: User, *, starts_on: date, ends_on: date, reason: str
) -> SigningDelegation:
    """Let ``deputy`` sign agreements in the place of ``leader``, who is the actor.

    Raises Forbidden, or Rejected for days that are over or too many, a deputy who may not,
    or a missing reason.
    """
    require(can_delegate(leader))
    wrong: dict[str, str] = {}
    if not (decision := can_be_deputy(leader, deputy)):
        wrong["deputy"] = decision.reason
    if ends_on < starts_on:
        wrong["ends_on"] = "截止日期不能早于开始日期。"
    elif ends_on < clock.today():
        wrong["ends_on"] = "截止日期已过。"
    elif ends_on - starts_on >= timedelta(days=LONGEST_DAYS):
        wrong["ends_on"] = f"一次授权最长{LONGEST_DAYS}天；长期离岗请办理工作交接。"
    if not reason.strip():
        wrong["reason"] = "请填写授权原因，例如：外出培训。"
    if wrong:
        raise Rejected(wrong)
    delegation = SigningDelegation(
        leader=leader,
        deputy=deputy,
        organisation_id=leader.organisation_id,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason.strip(),
        created_by_id=leader.id,
        created_at=clock.now(),
    )
    db.session.add(delegation)
    db.session.flush()
    _tell(delegation, "delegated", "授权代签协议", actor=leader)
    return delegation


def revoke_delegation(delegation: SigningDelegation, *, actor: User) -> SigningDelegation:
    """Take the leave back; what was signed by it stands. Raises Forbidden or StepRefused."""
    require(can_revoke(actor, delegation))
    db.session.refresh(delegation, with_for_update={"of": SigningDelegation})
    if delegation.revoked_at is not None:
        raise StepRefused("这项授权已经撤销。")
    delegation.revoked_at = clock.now()
    db.session.flush()
    _tell(delegation, "revoked", "撤销代签授权", actor=actor)
    return delegation


def _tell(delegation: SigningDelegation, action: str, title: str, *, actor: User) -> None:
    """Write it into the history of the delegation."""
    days = f"{delegation.starts_on.isoformat()}至{delegation.ends_on.isoformat()}"
    record(
        delegation,
        "signing_delegation",
        action=action,
        title=title,
        actor=actor,
        comment=delegation.reason,
        details=[
            ("负责人", delegation.leader.name),
            ("代签人", delegation.deputy.name),
            ("期间", days),
        ],
    )
