"""Extensions: a due date is asked to move, and somebody else decides. The first one is kept.

Each function locks the task first, as closure does: of an extension and a closure that come at
once, the later one is judged by what the first one left behind.
"""

from datetime import date

import sqlalchemy as sa

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import ExtensionReason, ExtensionRequest, Task, User
from portal.policies import extensions as policies
from portal.policies.decision import require
from portal.policies.scope import side_of
from portal.services.texts import demand
from portal.workflow import check_version, record, transition
from portal.workflow.extensions import EXTENSION

MAX_REASON = 2000


def request_extension(
    task: Task, *, reason_class: ExtensionReason, reason: str, to_due_on: date, actor: User
) -> ExtensionRequest:
    """Ask for ``task`` to be due on ``to_due_on``.

    Raises Forbidden, StepRefused (closed, waiting, twice extended already …) or Rejected (no
    reason; a day not later than the present one, or beyond the plan).
    """
    _lock(task)
    require(policies.can_request_extension(actor, task))
    if sentence := policies.why_no_extension(task):
        raise StepRefused(sentence)
    reason = demand(reason, "reason", "请写明延期理由。", MAX_REASON)
    if to_due_on <= task.due_on:
        raise Rejected({"to_due_on": f"新的完成时限应晚于现在的时限 {task.due_on}。"})
    if to_due_on > task.plan.ends_on:
        raise Rejected({"to_due_on": f"新的完成时限应在计划期内（至 {task.plan.ends_on}）。"})
    request = ExtensionRequest(
        task=task,
        pairing_id=task.pairing_id,
        state_since=clock.now(),
        reason_class=reason_class,
        reason=reason,
        from_due_on=task.due_on,
        to_due_on=to_due_on,
        requested_by=actor,
        asked_side=side_of(actor, task.pairing),
        requested_at=clock.now(),
    )
    db.session.add(request)
    db.session.flush()
    record(
        task,
        "task",
        action="request_extension",
        title=f"申请延期（第 {task.extensions + 1} 次）",
        actor=actor,
        comment=reason,
        tone="accent",
        details=[("事由", reason_class.label), *_dates(request)],
    )
    return request


def grant_extension(
    request: ExtensionRequest, *, actor: User, comment: str = "", seen_version: int | None = None
) -> ExtensionRequest:
    """Grant it: the due date moves, the first one stays where it is.

    Raises Forbidden, StaleEdit, or StepRefused where the task has changed meanwhile.
    """
    task = _lock_with_task(request)
    require(policies.can_decide_extension(actor, request))
    check_version(request, seen_version)
    _decide(request, "grant_extension", actor, comment)
    task.due_on = request.to_due_on
    task.extensions += 1
    db.session.flush()
    return request


def refuse_extension(
    request: ExtensionRequest, *, actor: User, reason: str, seen_version: int | None = None
) -> ExtensionRequest:
    """Refuse it, saying why. Raises Forbidden, StepRefused, StaleEdit, or Rejected."""
    _lock_with_task(request)
    require(policies.can_decide_extension(actor, request))
    check_version(request, seen_version)
    reason = demand(reason, "reason", "请填写不同意延期的理由。", MAX_REASON)
    _decide(request, "refuse_extension", actor, reason)
    db.session.flush()
    return request


def withdraw_extension(
    request: ExtensionRequest, *, actor: User, seen_version: int | None = None
) -> ExtensionRequest:
    """Take it back before it is decided. Raises Forbidden, StepRefused or StaleEdit."""
    _lock_with_task(request)
    require(policies.can_withdraw_extension(actor, request))
    check_version(request, seen_version)
    transition(EXTENSION, request, "withdraw_extension", actor=actor, details=_dates(request))
    db.session.flush()
    return request


def drop_waiting(task: Task, *, actor: User) -> None:
    """Let the request that waits, if any, lapse: nobody works on ``task`` any more.

    The caller has locked the task and moved its state.
    """
    waiting = policies.waiting_request(task)
    if waiting is not None:
        comment = f"任务{task.state.label}"
        transition(
            EXTENSION,
            waiting,
            "lapse_extension",
            actor=actor,
            comment=comment,
            details=_dates(waiting),
        )


def _decide(request: ExtensionRequest, action: str, actor: User, comment: str) -> None:
    # The database wants state, person and reason at once: nothing is sent in between.
    with db.session.no_autoflush:
        details = _dates(request)
        transition(EXTENSION, request, action, actor=actor, comment=comment, details=details)
        request.decided_by, request.decided_at = actor, clock.now()
        request.decide_comment = comment.strip()


def _lock_with_task(request: ExtensionRequest) -> Task:
    """Hold the request's task, then read the request as it is now."""
    task = request.task
    _lock(task)
    db.session.refresh(request)
    return task


def _lock(task: Task) -> None:
    """Hold the task's row until the end of the transaction; read it and its requests anew."""
    db.session.flush()
    db.session.refresh(task, with_for_update={"of": Task})
    db.session.scalars(
        sa.select(ExtensionRequest)
        .where(ExtensionRequest.task_id == task.id)
        .execution_options(populate_existing=True)
    ).all()
    db.session.expire(task, ["extension_requests"])


def _dates(request: ExtensionRequest) -> list[tuple[str, str]]:
    return [("完成时限", f"{request.from_due_on} → {request.to_due_on}")]
