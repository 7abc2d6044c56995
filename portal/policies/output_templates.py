"""Who decides what the portal's official papers look like."""

from portal.models import Role, User
from portal.policies.decision import Decision, yes_if


def can_manage_templates(viewer: User) -> Decision:
    """The centre replaces templates: its papers bear its name, and all hospitals use them."""
    return yes_if(viewer.role is Role.CENTRE_REVIEWER, "只有省中心可以更换文书模板。")
