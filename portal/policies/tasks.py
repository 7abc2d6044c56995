"""Who may work on a task, and when."""

from portal.models import PlanState, Role, Side, Task, TaskState, User
from portal.policies.decision import Decision, no, yes_if
from portal.policies.pairings import works_in
from portal.policies.scope import side_of


def can_work_on(viewer: User, task: Task) -> Decision:
    """Both hospitals' coordinators and leaders, and whoever the task was given to.

    Judges the person only; :func:`why_locked` judges the moment.
    """
    if viewer.role is Role.CONTRIBUTOR:
        side = side_of(viewer, task.pairing)
        owner = task.owner_on(side) if side else None
        return yes_if(owner is not None and owner.id == viewer.id, "这项任务没有交给您办理。")
    return yes_if(
        works_in(viewer, task.pairing),
        "只有结对双方的基地管理员、负责人和任务责任人可以填写进展、上传佐证材料。",
    )


def can_assign(viewer: User, task: Task, side: Side) -> Decision:
    """A hospital's coordinator names who in their own hospital is in charge."""
    if viewer.role is not Role.BASE_COORDINATOR:
        return no("只有基地管理员可以指定任务责任人。")
    return yes_if(
        side_of(viewer, task.pairing) is side, f"{side.label}的责任人由{side.label}基地管理员指定。"
    )


def why_locked(task: Task) -> str:
    """Return why nobody can work on ``task`` now, as a sentence; empty when they can."""
    if task.plan.state is PlanState.COMPLETED:
        return "三年帮扶工作计划已完成，任务不再变动。"
    if task.plan.state is not PlanState.IN_FORCE:
        return "三年帮扶工作计划尚未生效，协议备案后才能开始办理任务。"
    if task.state is TaskState.CLOSURE_REQUESTED:
        return f"任务已提交销号申请，正由{task.pairing.supporting.short_name}确认，期间不能修改。"
    if task.state is TaskState.CONFIRMED:
        return "任务正由省中心核验，期间不能修改。"
    if task.state is TaskState.CLOSED:
        return "任务已销号，记录不再变动。"
    return ""
