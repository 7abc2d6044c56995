"""What takes the place of the agreement in force: amended, renewed, given up (clause 18)."""

from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import Agreement, AgreementKind, AgreementRevision, User
from portal.policies.agreement_text import TERM_KEYS
from portal.policies.agreement_words import chinese_date
from portal.policies.agreements import IN_FORCE, RENEWAL_DAYS, can_draft, renewal_due_since
from portal.policies.decision import require
from portal.services.agreement_drafts import next_revision
from portal.services.agreement_steps import lock, take
from portal.workflow import record


def start_change(
    agreement: Agreement, *, kind: AgreementKind, reason: str, actor: User
) -> Agreement:
    """Draft what is to take the place of ``agreement``, starting from its text.

    A renewal runs on from its last day, as many years as the programme has. Until it is filed
    ``agreement`` stays in force. Raises Forbidden, Rejected({"reason": …}) or StepRefused (not
    in force, not yet time to renew, or another change is being made).
    """
    require(can_draft(actor, agreement.pairing))
    lock(agreement)
    if agreement.state is not IN_FORCE:
        raise StepRefused(f"协议当前状态为“{agreement.state.label}”，不能变更或续签。")
    if kind is AgreementKind.RENEWAL and not renewal_due_since(agreement, clock.today()):
        raise StepRefused(f"协议到期前{RENEWAL_DAYS}日内方可办理续签。")
    if not reason.strip():
        raise Rejected({"reason": f"请说明签订{kind.label}的原因。"})
    now = clock.now()
    change = Agreement(
        programme_id=agreement.programme_id,
        pairing=agreement.pairing,
        kind=kind,
        replaces=agreement,
        kind_reason=reason.strip(),
        created_by_id=actor.id,
        created_at=now,
        state_since=now,
        revisions=[_first_revision(agreement, kind)],
    )
    try:
        with db.session.begin_nested():
            db.session.add(change)
    except IntegrityError:
        raise StepRefused("本结对已经有一份正在办理的协议，请在该协议上修改。") from None
    record(
        change,
        "agreement",
        action="drafted",
        title=f"起草{kind.label}",
        actor=actor,
        comment=reason.strip(),
        tone="info",
        details=[("原协议", agreement.filing_number or "")],
    )
    return change


def abandon_change(
    agreement: Agreement, *, reason: str, actor: User, seen_version: int | None = None
) -> Agreement:
    """Give up a change that is not submitted; what it was to replace stays in force."""
    take(agreement, "abandon", actor=actor, seen_version=seen_version, comment=reason)
    agreement.terminated_on = clock.today()
    db.session.flush()
    return agreement


def _first_revision(agreement: Agreement, kind: AgreementKind) -> AgreementRevision:
    """Return the text to start from; a renewal's with the days that follow."""
    old = agreement.current
    revision = next_revision(old, clock.now())
    revision.number = 1
    if kind is not AgreementKind.RENEWAL:
        return revision
    revision.starts_on = old.ends_on + timedelta(days=1)
    months = 12 * len(agreement.pairing.programme.years)
    revision.ends_on = clock.add_months(revision.starts_on, months) - timedelta(days=1)
    days = [(old.starts_on, revision.starts_on), (old.ends_on, revision.ends_on)]
    for clause in revision.clauses:
        if clause.key in TERM_KEYS:
            for before, after in days:
                clause.body = clause.body.replace(chinese_date(before), chinese_date(after))
    return revision
