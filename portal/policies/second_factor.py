"""Who must show a second factor, and who may take it off (quality.md, Security)."""

from collections.abc import Collection

from portal.models import Role, User
from portal.policies.decision import Decision, no, yes_if

SETTING = "second_factor_roles"
"""The setting that holds the slugs of the roles of which it is demanded."""


def is_owed(user: User, demanded: Collection[Role]) -> bool:
    """Whether ``user`` must set up a second factor before anything else."""
    return user.totp_since is None and user.role in demanded


def can_turn_off(user: User, demanded: Collection[Role]) -> Decision:
    """One's own second factor may be turned off unless it is demanded of one's role."""
    return yes_if(
        user.role not in demanded,
        f"“{user.role.label}”账号必须使用两步验证，不能关闭；换手机请由安全管理员重置。",
    )


def can_reset(viewer: User, user: User) -> Decision:
    """The security administrator takes off what somebody else has lost, never one's own."""
    if viewer.id == user.id:
        return no("不能重置自己的两步验证，请由其他安全管理员办理。")
    return yes_if(
        viewer.role is Role.SECURITY_ADMINISTRATOR, "只有安全管理员可以重置他人的两步验证。"
    )


def can_demand(viewer: User) -> Decision:
    """The security administrator says of which roles it is demanded."""
    return yes_if(viewer.role is Role.SECURITY_ADMINISTRATOR, "只有安全管理员可以修改安全设置。")
