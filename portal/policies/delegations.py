"""Who may sign an agreement in a leader's place (SigningDelegation), and who knows of it.

The leave counts for the signing of agreements alone: plans, minutes and closures are endorsed
by leaders in person.
"""

from datetime import date

import sqlalchemy as sa

from portal.models import Role, SigningDelegation, User
from portal.policies.decision import Decision, no, yes_if

DEPUTY_ROLES = frozenset({Role.BASE_LEADER, Role.BASE_COORDINATOR})
LONGEST_DAYS = 90
"""A leave is for an absence: whoever is away longer hands the post over."""


def keeps_delegations(viewer: User) -> bool:
    """Whether delegations are any business of this role: leaders and coordinators of a base."""
    return viewer.role in DEPUTY_ROLES and viewer.organisation_id is not None


def visible_delegations(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on SigningDelegation under which ``viewer`` sees it."""
    if not keeps_delegations(viewer):
        return sa.false()
    return SigningDelegation.organisation_id == viewer.organisation_id


def can_delegate(viewer: User) -> Decision:
    """A leader gives leave to sign in the own place."""
    return yes_if(
        viewer.role is Role.BASE_LEADER and viewer.organisation_id is not None,
        "只有基地负责人可以授权他人代签协议。",
    )


def can_be_deputy(leader: User, deputy: User) -> Decision:
    """An active leader or coordinator of the same hospital, and nobody who reviews."""
    if leader.id == deputy.id:
        return no("代签人不能是本人。")
    same = deputy.organisation_id is not None and deputy.organisation_id == leader.organisation_id
    return yes_if(
        same and deputy.is_active and deputy.role in DEPUTY_ROLES,
        "代签人应是本单位在用的基地负责人或基地管理员。",
    )


def possible_deputies(leader: User) -> sa.ColumnElement[bool]:
    """Return the same rule as :func:`can_be_deputy`, as a condition on User for the choice."""
    return sa.and_(
        User.id != leader.id,
        User.is_active,
        User.organisation_id == leader.organisation_id,
        User.role.in_(sorted(DEPUTY_ROLES)),
    )


def can_revoke(viewer: User, delegation: SigningDelegation) -> Decision:
    """The leader who gave it takes it back; so does another leader of the hospital."""
    own = viewer.organisation_id == delegation.organisation_id
    return yes_if(
        viewer.role is Role.BASE_LEADER and own, "只有本单位的基地负责人可以撤销代签授权。"
    )


def counts(delegation: SigningDelegation, deputy: User, today: date) -> bool:
    """Whether ``deputy`` may sign by it today: both people still hold their posts there."""
    leader = delegation.leader
    home = delegation.organisation_id
    return (
        delegation.holds_on(today)
        and delegation.deputy_id == deputy.id
        and leader.is_active
        and leader.role is Role.BASE_LEADER
        and leader.organisation_id == home
        and deputy.organisation_id == home
        and bool(can_be_deputy(leader, deputy))
    )
