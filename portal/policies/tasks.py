"""Who may work on a task, and when."""

import sqlalchemy as sa

from portal.models import (
    HOSPITAL_ROLES,
    Pairing,
    Plan,
    PlanState,
    Role,
    Side,
    Task,
    TaskState,
    User,
)
from portal.policies.decision import Decision, no, yes_if
from portal.policies.pairings import works_in
from portal.policies.scope import side_of

OVER = (PlanState.COMPLETED, PlanState.TERMINATED)
"""Plans on which nobody works any more."""

BINDING = (PlanState.IN_FORCE, PlanState.COMPLETED)
"""Plans whose tasks have lights and count."""

EVER_IN_FORCE = (PlanState.IN_FORCE, *OVER)
"""Plans that were in force once: what was written down for them is not taken away."""


def unbound_words(state: PlanState | None) -> str:
    """Return what a list says in place of a light; empty while the plan binds."""
    if state in BINDING:
        return ""
    return "协议已终止" if state is PlanState.TERMINATED else "计划未生效"


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


def approves_changes(viewer: User, _task: Task) -> Decision:
    """A task is suspended, resumed and cancelled by the centre's approval of an amendment."""
    return yes_if(viewer.role is Role.CENTRE_REVIEWER, "计划调整由省中心批准。")


def can_assign(viewer: User, task: Task, side: Side) -> Decision:
    """A hospital's coordinator names who in their own hospital is in charge."""
    return can_assign_in(viewer, task.pairing, side)


def can_assign_in(viewer: User, pairing: Pairing, side: Side) -> Decision:
    """The same of all tasks of a pairing."""
    if viewer.role is not Role.BASE_COORDINATOR:
        return no("只有基地管理员可以指定任务责任人。")
    return yes_if(
        side_of(viewer, pairing) is side, f"{side.label}的责任人由{side.label}基地管理员指定。"
    )


def can_be_in_charge(person: User, pairing: Pairing, side: Side) -> bool:
    """Whether ``person`` can be given tasks of ``side``: active staff of its hospital."""
    return person.is_active and side_of(person, pairing) is side


def is_open_with(person: User | type[User]) -> sa.ColumnElement[bool]:
    """Return the condition on Task, Plan and Pairing: not over, and in the person's charge.

    Only on the side of the hospital where they work now: what they left behind elsewhere is
    that hospital's. Whoever works in no hospital has none. Also for a query on User itself.
    """
    home = person.organisation_id
    return sa.and_(
        sa.or_(
            sa.and_(Task.supporting_owner_id == person.id, Pairing.supporting_id == home),
            sa.and_(Task.supported_owner_id == person.id, Pairing.supported_id == home),
        ),
        _in_hospital(person),
        sa.not_(Task.is_over),
        Plan.state.not_in(OVER),
    )


def _in_hospital(person: User | type[User]) -> sa.ColumnElement[bool]:
    """Whether the person's role belongs to a hospital, as a condition."""
    if isinstance(person, User):
        return sa.true() if person.role.in_hospital else sa.false()
    return person.role.in_(HOSPITAL_ROLES)


def why_over(plan: Plan) -> str:
    """Return why nothing of ``plan`` changes any more, as a sentence; empty until then."""
    if plan.state is PlanState.COMPLETED:
        return "三年帮扶工作计划已完成，任务不再变动。"
    if plan.state is PlanState.TERMINATED:
        return "帮扶协议已提前终止，任务停止办理，记录予以保留。"
    return ""


def why_locked(task: Task) -> str:
    """Return why nobody can work on ``task`` now, as a sentence; empty when they can."""
    if over := why_over(task.plan):
        return over
    if task.plan.state is not PlanState.IN_FORCE:
        return "三年帮扶工作计划尚未生效，协议备案后才能开始办理任务。"
    if task.state is TaskState.CLOSURE_REQUESTED:
        return f"任务已提交销号申请，正由{task.pairing.supporting.short_name}确认，期间不能修改。"
    if task.state is TaskState.CONFIRMED:
        return "任务正由省中心核验，期间不能修改。"
    if task.state is TaskState.CLOSED:
        return "任务已销号，记录不再变动。"
    if task.state is TaskState.SUSPENDED:
        return "任务已按领导小组决议暂停，恢复后才能办理；已提交的材料予以保留。"
    if task.state is TaskState.CANCELLED:
        return "任务已按领导小组决议取消，不再办理；已提交的材料予以保留。"
    return ""
