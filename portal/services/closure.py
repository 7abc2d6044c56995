"""Closure 销号: apply, confirm, verify, return, look back. Every round is kept as it was.

Each function locks the task first, so that of two people who act at once the later one is
judged by what the first one left behind, and is told so in one sentence.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from portal import clock
from portal.errors import StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    ClosureRequest,
    ClosureState,
    Evidence,
    EvidenceUse,
    Task,
    TaskState,
    User,
    VerificationPolicy,
)
from portal.models.tasks import texts_of
from portal.policies import closure as policies
from portal.policies.decision import require
from portal.queries.uploads import closure_gaps
from portal.services.evidence_reviews import accept_round
from portal.services.extensions import drop_waiting
from portal.services.texts import demand
from portal.services.upload_forms import Looked, take_whole
from portal.workflow import record, transition
from portal.workflow.closure import CLOSURE, CORE_WEIGHT, OPEN_STATES, live_evidence

MAX_TEXT = 5000
"""Characters of a statement, a reason or a remark."""

CHANGED = "您打开页面后，本任务的销号申请又有变动。请核对现在的内容再办理。"

Draw = Callable[[int], int]
"""Returns a whole number from 0 up to its argument, the argument excluded."""


def request_closure(
    task: Task,
    *,
    statement: str,
    actor: User,
    files: Sequence[Looked] = (),
    evidence_on: date | None = None,
    despite_warning: bool = False,
    may_replace: bool = True,
    seen_version: int | None = None,
) -> ClosureRequest:
    """Apply for closure with a completion statement; a waiting older application is voided.

    ``files`` are taken in first, dated ``evidence_on`` (today unless told), and count as
    evidence. All or nothing. ``may_replace`` and ``seen_version`` say which application was on
    the applicant's page, if one was: nobody voids what they did not know of.

    Raises Forbidden, StaleEdit, StepRefused (with what is missing), or Rejected (no statement,
    or a file that cannot be taken; HoldsPersonalData unless ``despite_warning``).
    """
    _lock(task)
    require(policies.can_request_closure(actor, task))
    waiting = policies.waiting_round(task)
    if waiting and (not may_replace or seen_version not in (None, task.version)):
        raise StaleEdit(CHANGED)
    statement = demand(statement, "statement", "请填写完成情况说明。", MAX_TEXT)
    with db.session.begin_nested():
        if waiting:
            _void(task, waiting, actor)
        if files:
            take_whole(
                task,
                files,
                evidence_on=evidence_on or clock.today(),
                despite_warning=despite_warning,
                actor=actor,
            )
        return _apply(task, statement, actor)


def _void(task: Task, waiting: ClosureRequest, actor: User) -> None:
    """Put an application aside that a new one replaces (domain-facts §9.1.4)."""
    details = [("作废", f"第 {waiting.round} 轮（{waiting.state.label}）")]
    transition(CLOSURE, task, "void_closure", actor=actor, details=details)
    waiting.state, waiting.decided_at = ClosureState.VOIDED, clock.now()
    # Only one round may wait (a unique index): the old one must be gone before the new one comes.
    db.session.flush()


def _apply(task: Task, statement: str, actor: User) -> ClosureRequest:
    """Open the next round, with the evidence frozen as it stands."""
    # Beyond the step's own checklist: no file of the applicant's is left out without a word.
    if task.state in OPEN_STATES and (gaps := closure_gaps(task, actor)):
        raise StepRefused("还不能申请销号，请先完成以下事项：", gaps)
    shown = live_evidence(task)
    number = 1 + max((one.round for one in task.closure_requests), default=0)
    details = [("申请轮次", f"第 {number} 轮"), ("佐证材料", f"{len(shown)} 件")]
    transition(CLOSURE, task, "request_closure", actor=actor, comment=statement, details=details)
    task.is_returned = False
    request = ClosureRequest(
        task=task,
        round=number,
        statement=statement,
        requested_by=actor,
        requested_at=clock.now(),
        due_on=task.due_on,
        extensions=task.extensions,
        task_texts=texts_of(task),
        evidence=[_frozen(use) for use in shown],
    )
    db.session.add(request)
    db.session.flush()
    return request


def confirm_closure(
    task: Task,
    *,
    actor: User,
    comment: str = "",
    seen_version: int | None = None,
    draw: Draw = secrets.randbelow,
) -> ClosureRequest:
    """Confirm for the supporting base; the task closes unless the centre is to verify it.

    ``draw`` decides the sample of the programme's policy. Raises Forbidden, StepRefused, or
    StaleEdit when the application is no longer the one that was on the page.
    """
    _lock(task)
    require(policies.can_confirm_closure(actor, task))
    _check_seen(task, "confirm_closure", seen_version)
    request = policies.waiting_round(task)
    needs_centre, reason = _draw_lot(task, draw)
    action = "confirm_closure" if needs_centre else "confirm_and_close"
    transition(CLOSURE, task, action, actor=actor, comment=comment, details=[("核验方式", reason)])
    request = _present(request)
    request.confirmed_by, request.confirmed_at = actor, clock.now()
    request.confirm_comment = comment.strip()
    request.needs_centre = needs_centre
    request.state = ClosureState.CONFIRMED
    if not needs_centre:
        _close(task, request, actor)
    db.session.flush()
    return request


def verify_closure(
    task: Task, *, actor: User, comment: str = "", seen_version: int | None = None
) -> ClosureRequest:
    """Verify for the centre: the task is closed. Raises Forbidden, StepRefused or StaleEdit."""
    _lock(task)
    require(policies.can_verify_closure(actor, task))
    _check_seen(task, "verify_closure", seen_version)
    request = policies.waiting_round(task)
    transition(CLOSURE, task, "verify_closure", actor=actor, comment=comment)
    request = _present(request)
    request.decide_comment = comment.strip()
    _close(task, request, actor)
    db.session.flush()
    return request


def return_closure(
    task: Task, *, reason: str, actor: User, seen_version: int | None = None
) -> ClosureRequest:
    """Return the application at the step the actor judges, with a reason to mend it by.

    Raises Forbidden, StepRefused, StaleEdit, or Rejected without a reason.
    """
    _lock(task)
    require(policies.can_return(actor, task))
    centre = bool(policies.can_verify_closure(actor, task))
    action = "return_at_verification" if centre else "return_at_confirmation"
    _check_seen(task, action, seen_version)
    reason = demand(reason, "reason", "请填写退回理由，说明需要补充或修改什么。", MAX_TEXT)
    request, state = policies.waiting_round(task), task.state
    transition(CLOSURE, task, action, actor=actor, comment=reason)
    request = _present(request)
    request.state, request.return_reason = ClosureState.RETURNED, reason
    request.returned_from = state.value
    request.decided_by, request.decided_at = actor, clock.now()
    task.is_returned, task.return_reason = True, reason
    db.session.flush()
    return request


def reopen_task(
    task: Task, *, reason: str, actor: User, seen_version: int | None = None
) -> ClosureRequest:
    """Reopen a closed task after a look-back; its closed record stays, marked as reopened.

    Raises Forbidden, StepRefused, StaleEdit, or Rejected without a reason.
    """
    _lock(task)
    require(policies.can_look_back(actor, task))
    _check_seen(task, "reopen_task", seen_version)
    reason = demand(reason, "reopen_reason", "请填写回头看发现的问题，作为重启的理由。", MAX_TEXT)
    closed = next((one for one in task.closure_requests if one.state is ClosureState.CLOSED), None)
    transition(CLOSURE, task, "reopen_task", actor=actor, comment=reason)
    closed = _present(closed)
    closed.state, closed.reopen_reason = ClosureState.REOPENED, reason
    closed.reopened_by, closed.reopened_at = actor, clock.now()
    task.closed_on = None
    task.is_returned, task.return_reason = True, reason
    db.session.flush()
    return closed


def pass_lookback(
    task: Task, *, actor: User, comment: str = "", seen_version: int | None = None
) -> None:
    """Record that the centre looked at a closed task again and found it in order.

    Raises Forbidden, StepRefused or StaleEdit.
    """
    _lock(task)
    require(policies.can_look_back(actor, task))
    if task.state is not TaskState.CLOSED:
        raise StepRefused(f"该任务当前状态为“{task.state.label}”，不能办理回头看。")
    # What may be looked back on is what may be reopened: one table of states.
    _check_seen(task, "reopen_task", seen_version)
    record(
        task,
        CLOSURE.object_type,
        action="pass_lookback",
        title="回头看通过",
        actor=actor,
        comment=comment.strip(),
        tone="success",
        states=(task.state.value, task.state.value),
    )
    db.session.flush()


def _lock(task: Task) -> None:
    """Hold the task's row until the end of the transaction, and read what is in it now."""
    db.session.refresh(task, with_for_update={"of": Task})
    db.session.scalars(
        sa.select(ClosureRequest)
        .where(ClosureRequest.task_id == task.id)
        .execution_options(populate_existing=True)
    ).all()
    db.session.expire(task, ["closure_requests"])
    _read_evidence(task)


def _read_evidence(task: Task) -> None:
    """Read what the pieces of evidence are now: somebody may have decided about one meanwhile."""
    uses = db.session.scalars(
        sa.select(EvidenceUse)
        .where(EvidenceUse.task_id == task.id)
        .order_by(EvidenceUse.id)
        .options(joinedload(EvidenceUse.evidence).joinedload(Evidence.file))
        .execution_options(populate_existing=True)
    )
    set_committed_value(task, "evidence_uses", list(uses))


def _check_seen(task: Task, action: str, seen_version: int | None) -> None:
    """Raise StaleEdit if a step is still open, but for something newer than the person saw.

    Where the step is no longer open, the transition says so, and why.
    """
    if task.state in CLOSURE.step(action).sources and seen_version not in (None, task.version):
        raise StaleEdit(CHANGED)


def _present(request: ClosureRequest | None) -> ClosureRequest:
    """Return the round a step is about; the task's state says that there is one."""
    if request is None:
        raise RuntimeError("the task's state promises a round of closure, but there is none")
    return request


def _close(task: Task, request: ClosureRequest, actor: User) -> None:
    """Close the task by ``request``, on today's date in Shanghai; its evidence is accepted."""
    request.state = ClosureState.CLOSED
    request.decided_by, request.decided_at = actor, clock.now()
    task.closed_on = clock.today()
    task.progress = 100
    task.is_returned = False
    accept_round(request, actor=actor)
    drop_waiting(task, actor=actor)


def _draw_lot(task: Task, draw: Draw) -> tuple[bool, str]:
    """Decide whether the centre verifies this round, and say why in words for the record.

    Core tasks always; of the rest the programme's share is drawn. What the centre once had in
    its hands stays there: nobody slips out of a draw by applying again.
    """
    programme = task.pairing.programme
    if programme.verification is VerificationPolicy.ALL:
        return True, "全部任务由省中心核验"
    if task.weight >= CORE_WEIGHT:
        return True, "核心任务，由省中心核验"
    if any(one.needs_centre or one.state is ClosureState.REOPENED for one in task.closure_requests):
        return True, "此前轮次曾由省中心核验或回头看重启，仍由省中心核验"
    number, percent = draw(100), programme.sample_percent
    lot = f"抽查比例 {percent}%，抽签号 {number:02d}，小于 {percent} 为抽中"
    return (
        (True, f"抽中，由省中心核验（{lot}）")
        if number < percent
        else (False, f"未抽中，确认即销号（{lot}）")
    )


def _frozen(use: EvidenceUse) -> dict[str, object]:
    """Return a piece of evidence as it stood when closure was applied for."""
    evidence = use.evidence
    return {
        "requirement_id": use.requirement_id,
        "requirement": use.requirement.name if use.requirement else "",
        "evidence_id": evidence.id,
        "title": evidence.title,
        "evidence_on": evidence.evidence_on.isoformat(),
        "file_id": evidence.file_id,
        "file_name": evidence.file.name,
        "media_type": evidence.file.media_type,
        "size": evidence.file.size,
        "sha256": evidence.file.sha256,
    }
