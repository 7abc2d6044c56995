"""Who may do what with a pairing and its leadership group."""

from portal.models import Pairing, Role, Side, User
from portal.policies.decision import Decision, yes_if
from portal.policies.scope import side_of


def works_in(viewer: User, pairing: Pairing) -> bool:
    """Whether ``viewer`` is a coordinator or leader of one of the two hospitals."""
    return side_of(viewer, pairing) is not None and viewer.role in (
        Role.BASE_COORDINATOR,
        Role.BASE_LEADER,
    )


def can_edit_group(viewer: User, pairing: Pairing) -> Decision:
    """Both hospitals keep the group up to date; nobody else writes into it (H-30)."""
    return yes_if(works_in(viewer, pairing), "只有结对双方的基地管理员或负责人可以维护领导小组。")


def can_see_whole(viewer: User, pairing: Pairing) -> Decision:
    """A contributor sees only the tasks given to them, everyone else the whole pairing."""
    return yes_if(viewer.role is not Role.CONTRIBUTOR, "您只能查看分配给您的任务。")


def can_copy_group(viewer: User, pairing: Pairing) -> Decision:
    """The supporting hospital copies its own people to its other pairings (H-30)."""
    return yes_if(
        works_in(viewer, pairing) and side_of(viewer, pairing) is Side.SUPPORTING,
        "只有帮扶方的基地管理员或负责人可以把成员复制到本单位的其他结对。",
    )
