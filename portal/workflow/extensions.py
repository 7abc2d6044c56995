"""A request for more time: requested → granted, refused or withdrawn; its task tells of it."""

from portal.models import ExtensionRequest, ExtensionState
from portal.policies import extensions as policies
from portal.workflow.engine import Step, Workflow


def missing_to_grant(request: ExtensionRequest) -> list[str]:
    """Return what has changed since the request was written so that it can only be refused."""
    task = request.task
    gaps = policies.extension_gaps(task)
    if task.due_on != request.from_due_on:
        gaps.append(f"任务的完成时限已变为 {task.due_on}")
    if request.to_due_on > task.plan.ends_on:
        gaps.append(f"新时限超出计划期（至 {task.plan.ends_on}）")
    return gaps


_WAITING = frozenset({ExtensionState.REQUESTED})

EXTENSION = Workflow[ExtensionRequest](
    object_type="task",
    noun="延期申请",
    subject=lambda request: request.task,
    steps=(
        Step(
            "grant_extension",
            "同意延期",
            "同意延期，完成时限顺延",
            _WAITING,
            ExtensionState.GRANTED,
            may=policies.can_decide_extension,
            missing=missing_to_grant,
            tone="success",
        ),
        Step(
            "refuse_extension",
            "不同意延期",
            "不同意延期，完成时限不变",
            _WAITING,
            ExtensionState.REFUSED,
            may=policies.can_decide_extension,
            comment_required=True,
            tone="warning",
        ),
        Step(
            "withdraw_extension",
            "撤回延期申请",
            "撤回延期申请",
            _WAITING,
            ExtensionState.WITHDRAWN,
            may=policies.can_withdraw_extension,
        ),
        # Never taken by a person: the task was closed, suspended or cancelled meanwhile.
        Step(
            "lapse_extension",
            "作废延期申请",
            "延期申请随任务作废",
            _WAITING,
            ExtensionState.WITHDRAWN,
            may=policies.follows_by_itself,
        ),
    ),
)
