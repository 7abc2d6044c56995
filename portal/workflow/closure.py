"""The steps of a closure 销号, and what must hold before one can be applied for (H-33).

not_started | in_progress → closure_requested → confirmed → closed; back to in_progress by a
return at either step, or by a look-back. A new application while an older one still waits
voids that one first and starts again from the first step.
"""

from collections.abc import Collection

from portal import clock
from portal.models import (
    EvidenceRequirement,
    EvidenceStatus,
    EvidenceUse,
    PlanState,
    Task,
    TaskState,
    Weight,
)
from portal.policies import closure as policies
from portal.policies.evidence import counts, why_not_counted
from portal.workflow.engine import Step, Workflow

CORE_WEIGHT = int(Weight.CORE)
"""The centre verifies tasks of this weight itself, whatever is drawn."""

OPEN_STATES = frozenset({TaskState.NOT_STARTED, TaskState.IN_PROGRESS})
WAITING_STATES = frozenset({TaskState.CLOSURE_REQUESTED, TaskState.CONFIRMED})


def live_evidence(task: Task) -> list[EvidenceUse]:
    """Return the uses of evidence that count today (policies/evidence.py: counts)."""
    today = clock.today()
    return [use for use in task.evidence_uses if counts(use.evidence, today)]


def missing_for_closure(task: Task, asked: Collection[int | None] = ()) -> list[str]:
    """Return a sentence for each thing still missing before closure can be applied for.

    ``asked`` are the requirements a file waits for whose sender was asked something: it does
    not count, but its sender believes that it does.
    """
    gaps = []
    if task.plan.state is not PlanState.IN_FORCE:
        gaps.append(
            f"三年帮扶工作计划{task.plan.state.label}，须在协议备案、计划执行后才能申请销号"
        )
    shown = live_evidence(task)
    proved = {use.requirement_id for use in shown}
    gaps += [
        f"缺少佐证材料：{one.name}{_why_none_counts(task, one)}"
        + ("（已有文件上传，待上传人确认后才算提交）" if one.id in asked else "")
        for one in task.requirements
        if one.id not in proved
    ]
    if task.state is TaskState.NOT_STARTED and not shown and not task.requirements:
        gaps.append("任务尚未启动，也没有佐证材料")
    return gaps


def _why_none_counts(task: Task, requirement: EvidenceRequirement) -> str:
    """Return which pieces stand there without counting, and why each does not."""
    today = clock.today()
    idle = [
        f"“{use.evidence.title}”{why_not_counted(use.evidence, today)}"
        for use in task.evidence_uses
        if use.requirement_id == requirement.id
    ]
    return f"（{'；'.join(idle)}）" if idle else ""


def rejected_since(task: Task) -> list[str]:
    """Return a sentence for each piece of the waiting round that was not accepted since.

    Who does not accept a piece of a round returns the round; nobody passes it.
    """
    waiting = policies.waiting_round(task)
    shown = {item["evidence_id"] for item in waiting.evidence} if waiting else set()
    rejected = {
        use.evidence_id: use.evidence.title
        for use in task.evidence_uses
        if use.evidence.status is EvidenceStatus.REJECTED and use.evidence_id in shown
    }
    return [f"佐证材料“{title}”不予认可，请退回本次申请" for title in rejected.values()]


CLOSURE: Workflow[Task] = Workflow(
    "task",
    "该任务",
    (
        Step(
            "request_closure",
            "申请销号",
            "申请销号",
            OPEN_STATES,
            TaskState.CLOSURE_REQUESTED,
            may=policies.can_request_closure,
            missing=missing_for_closure,
            comment_required=True,
            tone="accent",
        ),
        # Only ever the first half of a new application that replaces a waiting one.
        Step(
            "void_closure",
            "作废原申请",
            "重新申请，原申请作废",
            WAITING_STATES,
            TaskState.IN_PROGRESS,
            may=policies.can_request_closure,
        ),
        Step(
            "confirm_closure",
            "确认",
            "帮扶方确认，报省中心核验",
            frozenset({TaskState.CLOSURE_REQUESTED}),
            TaskState.CONFIRMED,
            may=policies.can_confirm_closure,
            missing=rejected_since,
            tone="accent",
        ),
        Step(
            "confirm_and_close",
            "确认",
            "帮扶方确认，销号",
            frozenset({TaskState.CLOSURE_REQUESTED}),
            TaskState.CLOSED,
            may=policies.can_confirm_closure,
            missing=rejected_since,
            tone="success",
        ),
        Step(
            "verify_closure",
            "核验",
            "省中心核验通过，销号",
            frozenset({TaskState.CONFIRMED}),
            TaskState.CLOSED,
            may=policies.can_verify_closure,
            missing=rejected_since,
            tone="success",
        ),
        Step(
            "return_at_confirmation",
            "退回",
            "帮扶方退回销号申请",
            frozenset({TaskState.CLOSURE_REQUESTED}),
            TaskState.IN_PROGRESS,
            may=policies.can_confirm_closure,
            comment_required=True,
            tone="warning",
        ),
        Step(
            "return_at_verification",
            "退回",
            "省中心退回销号申请",
            frozenset({TaskState.CONFIRMED}),
            TaskState.IN_PROGRESS,
            may=policies.can_verify_closure,
            comment_required=True,
            tone="warning",
        ),
        Step(
            "reopen_task",
            "重启",
            "回头看不通过，重启任务",
            frozenset({TaskState.CLOSED}),
            TaskState.IN_PROGRESS,
            may=policies.can_look_back,
            comment_required=True,
            tone="warning",
        ),
    ),
)
