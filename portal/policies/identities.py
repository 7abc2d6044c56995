"""Whose account a hospital's log-in service opens, and who may part the two again."""

from portal.models import User, UserIdentity
from portal.policies.accounts import can_reset_password
from portal.policies.decision import YES, Decision, yes_if
from portal.sso import Provider


def can_use(user: User, provider: Provider) -> Decision:
    """A hospital's service opens the accounts of that hospital's people, and no others."""
    return yes_if(
        user.organisation_name == provider.organisation,
        f"{provider.label}只供{provider.organisation}的账号使用。",
    )


def can_unlink(viewer: User, identity: UserIdentity) -> Decision:
    """The owner, or whoever may reset the account's password."""
    if viewer.id == identity.user_id:
        return YES
    return can_reset_password(viewer, identity.user)
