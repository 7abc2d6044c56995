"""Whose account a hospital's log-in service opens, and who may part the two again."""

from portal.models import HOSPITAL_ROLES, Role, User, UserIdentity
from portal.policies.accounts import can_reset_password
from portal.policies.decision import YES, Decision, no, yes_if
from portal.sso import Provider

OPENED = HOSPITAL_ROLES | {Role.EXPERT}
"""The roles whose accounts a hospital's log-in service can open."""


def can_use(user: User, provider: Provider) -> Decision:
    """A hospital's service opens the accounts of that hospital's people, and no others.

    Administrators may belong to a hospital as well; who they are is not for it to say.
    """
    if user.role not in OPENED:
        return no(f"“{user.role.label}”账号不能用医院的统一身份登录。")
    return yes_if(
        user.organisation_name == provider.organisation,
        f"{provider.label}只供{provider.organisation}的账号使用。",
    )


def can_unlink(viewer: User, identity: UserIdentity) -> Decision:
    """The owner, or whoever may reset the account's password."""
    if viewer.id == identity.user_id:
        return YES
    return can_reset_password(viewer, identity.user)
