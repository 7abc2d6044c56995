"""Who may do what with a three-year plan and its task list."""

from portal.models import Pairing, Plan, Role, Side, User
from portal.policies.decision import Decision, no, yes_if
from portal.policies.pairings import works_in
from portal.policies.scope import side_of


def sees_plans(viewer: User) -> bool:
    """Whether ``viewer`` reads plans at all: a contributor only sees the tasks given to them."""
    return viewer.role is not Role.CONTRIBUTOR


def coordinates(viewer: User, pairing: Pairing) -> bool:
    """Whether ``viewer`` is the coordinator of one of the two hospitals."""
    return viewer.role is Role.BASE_COORDINATOR and side_of(viewer, pairing) is not None


def can_start_plan(viewer: User, pairing: Pairing) -> Decision:
    """The coordinators of both sides draw the plan up together (H-33)."""
    return yes_if(coordinates(viewer, pairing), "只有结对双方的基地管理员可以制定计划。")


def can_edit_plan(viewer: User, plan: Plan) -> Decision:
    """Goals and tasks are written by the coordinators of both sides."""
    return yes_if(coordinates(viewer, plan.pairing), "只有结对双方的基地管理员可以修改计划和任务。")


def can_pick_tasks(viewer: User) -> Decision:
    """Whoever coordinates a base may open the page that picks from the library."""
    return yes_if(viewer.role is Role.BASE_COORDINATOR, "只有基地管理员可以从标准任务库选取任务。")


def leads_side(viewer: User, plan: Plan) -> Side | None:
    """Return the side ``viewer`` answers for as its leader, or None."""
    if viewer.role is not Role.BASE_LEADER:
        return None
    return side_of(viewer, plan.pairing)


def can_endorse_plan(viewer: User, plan: Plan) -> Decision:
    """Each side's leader endorses for the own hospital only: four eyes by construction."""
    if leads_side(viewer, plan) is None:
        return no("只有结对双方的基地负责人可以认可计划。")
    return yes_if(True, "")


def can_add_resolution_task(viewer: User, pairing: Pairing) -> Decision:
    """A resolution becomes a task by whoever works in the pairing (H-31)."""
    return yes_if(works_in(viewer, pairing), "只有结对双方的基地管理员或负责人可以增加议定任务。")


def can_put_in_force(viewer: User, _plan: Plan) -> Decision:
    """The plan comes into force when the centre files its agreement (H-36)."""
    return yes_if(viewer.role is Role.CENTRE_REVIEWER, "计划由省中心备案协议时生效。")


def can_complete_plan(viewer: User, _plan: Plan) -> Decision:
    """The centre declares a plan completed."""
    return yes_if(viewer.role is Role.CENTRE_REVIEWER, "只有省中心可以确认计划完成。")


def can_end_plan(viewer: User, _plan: Plan) -> Decision:
    """A plan ends early with its agreement, by the commission's consent."""
    return yes_if(viewer.role is Role.COMMISSION_OFFICER, "计划随协议提前终止，须经省卫健委同意。")


def can_see_library(viewer: User) -> Decision:
    """The library is read by the province and by coordinators and leaders of bases."""
    return yes_if(
        viewer.role
        in (
            Role.COMMISSION_OFFICER,
            Role.CENTRE_REVIEWER,
            Role.BASE_COORDINATOR,
            Role.BASE_LEADER,
        ),
        "标准任务库供省卫健委、省中心和培训基地的管理员、负责人查阅。",
    )
