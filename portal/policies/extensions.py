"""Who may ask for more time for a task, who decides, and when there is none to be had.

A due date moves only by an extension that somebody else granted (design/domain.md, Task
closure): core tasks by the centre, the others by the leader of the other hospital or the centre.
"""

import sqlalchemy as sa

from portal.models import (
    MAX_EXTENSIONS,
    ExtensionRequest,
    ExtensionState,
    Pairing,
    PlanState,
    Role,
    Side,
    Task,
    User,
    Weight,
)
from portal.policies.decision import YES, Decision, no, yes_if
from portal.policies.pairings import works_in
from portal.policies.scope import side_of
from portal.policies.tasks import can_work_on

NOT_OWN = "延期由对方审批：申请人及其所在单位不能审批自己的延期申请。"


def can_request_extension(viewer: User, task: Task) -> Decision:
    """Whoever works on the task asks: both hospitals' coordinators and leaders, and who owns it."""
    decision = can_work_on(viewer, task)
    return yes_if(bool(decision), "延期由结对双方的基地管理员、负责人或任务责任人申请。")


def why_no_extension(task: Task) -> str:
    """Return why nobody can ask for more time now, as a sentence; empty when they can."""
    if gaps := extension_gaps(task):
        return f"{gaps[0]}，不能申请延期。"
    if waiting_request(task) is not None:
        return "已有一份延期申请正在审批，审批后才能再次申请。"
    if task.due_on >= task.plan.ends_on:
        return "完成时限已是计划期最后一天，不能再延期。"
    return ""


def extension_gaps(task: Task) -> list[str]:
    """Return why the due date of ``task`` stays where it is: asked for or granted, it is one rule.

    While somebody reviews a closure the due date it is judged by does not move.
    """
    gaps = []
    if task.plan.state is not PlanState.IN_FORCE:
        gaps.append(f"三年帮扶工作计划{task.plan.state.label}")
    if task.state.waits_for_review or not task.state.is_running:
        gaps.append(f"任务当前状态为“{task.state.label}”")
    if task.extensions >= MAX_EXTENSIONS:
        gaps.append(f"已延期 {task.extensions} 次，每项任务最多延期 {MAX_EXTENSIONS} 次")
    return gaps


def waiting_request(task: Task) -> ExtensionRequest | None:
    """Return the request that somebody still has to decide about; there is at most one."""
    waiting = (one for one in task.extension_requests if one.state is ExtensionState.REQUESTED)
    return next(waiting, None)


def is_core(task: Task) -> bool:
    """Whether only the centre moves the due date of ``task``."""
    return task.weight >= int(Weight.CORE)


def deciders(request: ExtensionRequest) -> str:
    """Name who decides, for "whose turn"."""
    if is_core(request.task):
        return "省中心审批延期"
    other = request.task.pairing.organisation_on(request.asked_side.other).short_name
    return f"{other}负责人（或省中心）审批延期"


def can_decide_extension(viewer: User, request: ExtensionRequest) -> Decision:
    """The centre; for all but core tasks also the leader of the hospital that did not ask."""
    if viewer.id == request.requested_by_id:
        return no(NOT_OWN)
    if viewer.role is Role.CENTRE_REVIEWER:
        return YES
    if is_core(request.task):
        return no("核心任务的延期由省中心审批。")
    if viewer.role is not Role.BASE_LEADER:
        return no("延期由对方基地负责人或省中心审批。")
    own = side_of(viewer, request.task.pairing)
    return yes_if(own is request.asked_side.other, NOT_OWN)


def decidable_by(viewer: User) -> sa.ColumnElement[bool]:
    """Return :func:`can_decide_extension` as a condition on request, task and pairing."""
    if viewer.role is Role.CENTRE_REVIEWER:
        return ExtensionRequest.requested_by_id != viewer.id
    home = viewer.organisation_id
    if viewer.role is not Role.BASE_LEADER or home is None:
        return sa.false()
    asked = ExtensionRequest.asked_side
    return sa.and_(
        ExtensionRequest.requested_by_id != viewer.id,
        Task.weight < int(Weight.CORE),
        sa.or_(
            sa.and_(Pairing.supporting_id == home, asked == Side.SUPPORTED),
            sa.and_(Pairing.supported_id == home, asked == Side.SUPPORTING),
        ),
    )


def can_withdraw_extension(viewer: User, request: ExtensionRequest) -> Decision:
    """Who asked takes it back, or their hospital's coordinator or leader."""
    if viewer.id == request.requested_by_id:
        return YES
    pairing = request.task.pairing
    return yes_if(
        works_in(viewer, pairing) and side_of(viewer, pairing) is request.asked_side,
        "延期申请由申请人或其所在单位的基地管理员、负责人撤回。",
    )


def follows_by_itself(_viewer: User, _request: ExtensionRequest) -> Decision:
    """A request lapses with another step, which has asked who may take that one."""
    return YES
