"""Deciding about an amendment: proposed, consented to by both leaders, approved by the centre."""

import sqlalchemy as sa

from portal import clock
from portal.errors import StepRefused
from portal.extensions import db
from portal.models import (
    AmendmentChange,
    AmendmentEndorsement,
    AmendmentState,
    PlanAmendment,
    Task,
    User,
)
from portal.policies.amendment_lines import line_title, missing_to_propose
from portal.policies.amendments import can_consent, can_decide_amendment, consenting_side
from portal.policies.decision import require
from portal.services.amendment_applying import carry_out
from portal.services.amendment_drafts import MAX_REASON, hold
from portal.services.plan_versions import ensure_version, take_version
from portal.services.texts import demand
from portal.workflow import check_version, record, transition
from portal.workflow.amendments import AMENDMENT


def propose_amendment(
    amendment: PlanAmendment, *, seen_version: int | None = None, actor: User
) -> None:
    """Ask both leaders. Raises Forbidden, StaleEdit, or StepRefused with what is missing."""
    hold(amendment)
    check_version(amendment, seen_version)
    transition(AMENDMENT, amendment, "propose", actor=actor, comment=amendment.reason)
    amendment.proposed_at, amendment.return_reason = clock.now(), ""
    db.session.flush()


def consent_to_amendment(
    amendment: PlanAmendment, *, seen_version: int | None = None, actor: User
) -> None:
    """Consent for the leader's own side, as seen; the second side's sends it to the centre.

    Raises Forbidden, StaleEdit (it changed since the page was drawn) or StepRefused.
    """
    require(can_consent(actor, amendment))
    hold(amendment)
    check_version(amendment, seen_version)
    side = consenting_side(actor, amendment.pairing)
    if amendment.state is not AmendmentState.PROPOSED or side is None:
        raise StepRefused(f"计划调整当前状态为“{amendment.state.label}”，不能表示同意。")
    if amendment.endorsement_of(side) is not None:
        raise StepRefused(f"{side.label}已经同意了这份计划调整。")
    if gaps := missing_to_propose(amendment):
        raise StepRefused("还不能同意，请先由基地管理员处理以下事项：", gaps)
    amendment.endorsements.append(
        AmendmentEndorsement(side=side, user=actor, name=actor.name, endorsed_at=clock.now())
    )
    db.session.flush()
    title = f"{side.label}同意计划调整"
    record(amendment, "amendment", action="consented", title=title, actor=actor, tone="accent")
    if amendment.endorsement_of(side.other) is not None:
        transition(AMENDMENT, amendment, "agree", actor=actor)
    db.session.flush()


def decline_amendment(
    amendment: PlanAmendment, *, reason: str, seen_version: int | None = None, actor: User
) -> None:
    """Let a leader send it back to be rewritten. Raises as :func:`return_amendment`."""
    _send_back(amendment, "decline", reason, seen_version, actor)


def return_amendment(
    amendment: PlanAmendment, *, reason: str, seen_version: int | None = None, actor: User
) -> None:
    """Let the centre send it back with a reason; both leaders must consent anew.

    Raises Forbidden, StepRefused, StaleEdit, or Rejected without a reason.
    """
    _send_back(amendment, "return_amendment", reason, seen_version, actor)


def _send_back(
    amendment: PlanAmendment, action: str, reason: str, seen_version: int | None, actor: User
) -> None:
    require(AMENDMENT.step(action).may(actor, amendment))
    hold(amendment)
    check_version(amendment, seen_version)
    reason = demand(reason, "reason", "请填写退回的理由。", MAX_REASON)
    transition(AMENDMENT, amendment, action, actor=actor, comment=reason)
    amendment.return_reason = reason
    amendment.endorsements.clear()
    db.session.flush()


def withdraw_amendment(
    amendment: PlanAmendment, *, seen_version: int | None = None, actor: User
) -> None:
    """Give it up; it stays readable. Raises Forbidden, StepRefused or StaleEdit."""
    hold(amendment)
    check_version(amendment, seen_version)
    transition(AMENDMENT, amendment, "withdraw", actor=actor)
    db.session.flush()


def approve_amendment(
    amendment: PlanAmendment, *, comment: str = "", seen_version: int | None = None, actor: User
) -> None:
    """Approve it and carry out every line at once; the plan as it then stands is kept.

    Plan and tasks are held first, then every line is checked against what stands there now:
    if a task was changed since its line was written, nothing is done and its name is told.
    Raises Forbidden, StaleEdit, or StepRefused.
    """
    require(can_decide_amendment(actor, amendment))
    hold(amendment)
    _hold_tasks(amendment)
    check_version(amendment, seen_version)
    lines = [(line.kind.label, line_title(line)) for line in amendment.changes]
    ensure_version(amendment.plan, actor=actor)
    with db.session.begin_nested():
        # The database wants the state and who approved at once.
        with db.session.no_autoflush:
            transition(AMENDMENT, amendment, "approve", actor=actor, comment=comment, details=lines)
            amendment.approved_by, amendment.approved_at = actor, clock.now()
            amendment.approve_comment = comment.strip()
        db.session.flush()
        carry_out(amendment, actor=actor)
        _keep(amendment, lines, actor)


def _keep(amendment: PlanAmendment, lines: list[tuple[str, str]], actor: User) -> None:
    """Keep the plan as it stands after the amendment, and write it into the plan's history."""
    title = f"计划调整（第 {amendment.number} 号）批准后"
    take_version(amendment.plan, title, actor=actor, amendment=amendment)
    record(
        amendment.plan,
        "plan",
        action="amended",
        title=f"计划调整（第 {amendment.number} 号）经省中心批准，计划随之改动",
        actor=actor,
        comment=amendment.reason,
        tone="success",
        details=lines,
    )
    db.session.flush()


def _hold_tasks(amendment: PlanAmendment) -> None:
    """Hold the rows of the tasks that the lines are about, and read what is in them now."""
    about = sa.select(AmendmentChange.task_id).where(AmendmentChange.amendment_id == amendment.id)
    tasks = db.session.scalars(
        sa.select(Task)
        .where(Task.id.in_(about))
        .order_by(Task.id)
        .with_for_update(of=Task)
        .execution_options(populate_existing=True)
    ).all()
    for task in tasks:
        db.session.expire(task, ["requirements", "milestones", "extension_requests"])
