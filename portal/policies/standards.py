"""Who reads the standards that baseline figures are measured by, and who keeps them."""

from portal.models import Role, User
from portal.policies.decision import Decision, yes_if
from portal.policies.plans import can_see_library


def can_see_standards(viewer: User) -> Decision:
    """The province, and coordinators and leaders of bases read the standards."""
    return yes_if(
        bool(can_see_library(viewer)),
        "对照标准供省卫健委、省中心和培训基地的管理员、负责人查阅。",
    )


def can_keep_standards(viewer: User) -> Decision:
    """The centre adds editions and says which numbers it has compared with the official text."""
    return yes_if(viewer.role is Role.CENTRE_REVIEWER, "对照标准由省中心维护。")
