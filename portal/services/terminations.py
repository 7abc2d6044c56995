"""Ending a filed agreement early: asked for, agreed to, consented to; or refused, withdrawn."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import Agreement, AgreementTermination, PlanState, User
from portal.policies.agreements import IN_FORCE
from portal.policies.decision import require
from portal.policies.scope import side_of
from portal.policies.terminations import can_request
from portal.services.agreement_steps import lock
from portal.workflow import agreements as agreement_steps
from portal.workflow import check_version, record, transition
from portal.workflow.plans import PLAN
from portal.workflow.terminations import WORKFLOW


def request_termination(
    agreement: Agreement, *, reason: str, ends_on: date, actor: User
) -> AgreementTermination:
    """Ask for the early end of an agreement in force on ``ends_on``.

    Raises Forbidden, StepRefused (not in force, or already asked for), or Rejected naming
    ``reason`` or ``ends_on``.
    """
    require(can_request(actor, agreement))
    side = side_of(actor, agreement.pairing)
    lock(agreement)
    if agreement.state is not IN_FORCE:
        raise StepRefused(f"协议当前状态为“{agreement.state.label}”，不能申请提前终止。")
    wrong = {}
    if not reason.strip():
        wrong["reason"] = "请说明提前终止的原因。"
    if not clock.today() <= ends_on <= agreement.current.ends_on:
        wrong["ends_on"] = f"终止日期应在今天至协议期满日（{agreement.current.ends_on}）之间。"
    if wrong:
        raise Rejected(wrong)
    now = clock.now()
    termination = AgreementTermination(
        agreement=agreement,
        pairing_id=agreement.pairing_id,
        state_since=now,
        reason=reason.strip(),
        ends_on=ends_on,
        requested_by=actor,
        asked_side=side,
        requested_at=now,
    )
    try:
        with db.session.begin_nested():
            db.session.add(termination)
    except IntegrityError:
        raise StepRefused("本协议已有一份正在办理的终止申请。") from None
    record(
        termination,
        WORKFLOW.object_type,
        action="requested",
        title="申请提前终止协议",
        actor=actor,
        comment=reason.strip(),
        tone="warning",
        details=[("终止日期", ends_on.isoformat())],
    )
    return termination


def answer_termination(
    termination: AgreementTermination,
    *,
    agrees: bool,
    comment: str = "",
    actor: User,
    seen_version: int | None = None,
) -> AgreementTermination:
    """Let the other side's leader agree, or decline with a reason."""
    lock(termination.agreement)
    _take(termination, "agree" if agrees else "decline", comment, actor, seen_version)
    if agrees:
        termination.agreed_by, termination.agreed_at = actor, clock.now()
    else:
        _note_decision(termination, comment, actor)
    db.session.flush()
    return termination


def decide_termination(
    termination: AgreementTermination,
    *,
    consents: bool,
    comment: str = "",
    actor: User,
    seen_version: int | None = None,
) -> AgreementTermination:
    """Let the commission consent, or refuse with a reason.

    With the consent the agreement is over and its plan is not carried out any more: nothing
    becomes due, overdue or new; what was applied for before may still be decided. The days
    until ``ends_on`` are for handing people and material over.
    """
    agreement = termination.agreement
    lock(agreement)
    _take(termination, "consent" if consents else "refuse", comment, actor, seen_version)
    _note_decision(termination, comment, actor)
    if consents:
        agreement.terminated_on = termination.ends_on
        transition(
            agreement_steps.WORKFLOW,
            agreement,
            "terminate",
            actor=actor,
            comment=comment,
            details=[("终止日期", termination.ends_on.isoformat())],
        )
        plan = agreement_steps.plan_of(agreement.pairing)
        if plan is not None and plan.state is PlanState.IN_FORCE:
            transition(PLAN, plan, "terminate", actor=actor, comment=comment)
    db.session.flush()
    return termination


def withdraw_termination(
    termination: AgreementTermination, *, actor: User, seen_version: int | None = None
) -> AgreementTermination:
    """Take the request back before it is decided."""
    _take(termination, "withdraw", "", actor, seen_version)
    db.session.flush()
    return termination


def lapse_request(agreement: Agreement, *, number: str, actor: User) -> None:
    """Close the open request to end ``agreement``, whose place the one filed as ``number``
    takes. The agreement is held; whoever answers meanwhile waits for it."""
    open_one = db.session.scalar(
        sa.select(AgreementTermination)
        .where(
            AgreementTermination.agreement_id == agreement.id,
            AgreementTermination.state.in_(WORKFLOW.step("lapse").sources),
        )
        .with_for_update(of=AgreementTermination)
        .execution_options(populate_existing=True)
    )
    if open_one is None:
        return
    note = f"本协议已由{number}替代，终止申请随之失效。"
    transition(WORKFLOW, open_one, "lapse", actor=actor, comment=note)
    open_one.comment = note
    db.session.flush()


def _take(
    termination: AgreementTermination,
    action: str,
    comment: str,
    actor: User,
    seen_version: int | None,
) -> None:
    """Take one step on the row as it is now, held until the end."""
    db.session.refresh(termination, with_for_update={"of": AgreementTermination})
    step = WORKFLOW.step(action)
    require(step.may(actor, termination))
    if termination.state in step.sources:
        check_version(termination, seen_version)
    transition(
        WORKFLOW,
        termination,
        action,
        actor=actor,
        comment=comment,
        details=[("申请人", termination.requested_by.name)],
    )
    if comment.strip():
        termination.comment = comment.strip()


def _note_decision(termination: AgreementTermination, comment: str, actor: User) -> None:
    termination.decided_by, termination.decided_at = actor, clock.now()
    termination.comment = comment.strip()
