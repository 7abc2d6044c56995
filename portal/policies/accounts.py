"""Who keeps the accounts and organisations, and which role belongs to which organisation."""

import sqlalchemy as sa

from portal.models import (
    ADMINISTRATIVE_ROLES,
    HOSPITAL_ROLES,
    ORGANISATION_FREE_ROLES,
    Organisation,
    OrganisationKind,
    Role,
    User,
)
from portal.policies.decision import Decision, no, yes_if

CENTRE_KEEPS = HOSPITAL_ROLES | {Role.CITY_OFFICER, Role.EXPERT}
"""The roles whose accounts the centre keeps; those of the province itself it does not."""

CENTRE_KEEPS_KINDS = frozenset({OrganisationKind.HOSPITAL, OrganisationKind.CITY_COMMISSION})

ORGANISATION_OF_ROLE = {
    Role.COMMISSION_OFFICER: OrganisationKind.COMMISSION,
    Role.CENTRE_REVIEWER: OrganisationKind.CENTRE,
    Role.CITY_OFFICER: OrganisationKind.CITY_COMMISSION,
    Role.BASE_COORDINATOR: OrganisationKind.HOSPITAL,
    Role.BASE_LEADER: OrganisationKind.HOSPITAL,
    Role.CONTRIBUTOR: OrganisationKind.HOSPITAL,
}
"""Experts, administrators and auditors may belong to any organisation, or to none."""


def issuable_roles(viewer: User) -> list[Role]:
    """Return the roles whose accounts ``viewer`` keeps, in the order of the enum."""
    if viewer.role is Role.SECURITY_ADMINISTRATOR:
        return list(Role)
    if viewer.role is Role.CENTRE_REVIEWER:
        return [role for role in Role if role in CENTRE_KEEPS]
    return []


def keeps_accounts(viewer: User) -> bool:
    """Whether ``viewer`` has anything to do on the account pages."""
    return bool(issuable_roles(viewer))


def keeps_organisations(viewer: User) -> bool:
    """Whether ``viewer`` has anything to do on the pages of organisations."""
    return bool(organisation_kinds(viewer))


def visible_users(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on User under which ``viewer`` sees the account on these pages."""
    return User.role.in_(issuable_roles(viewer))


def reads_audit(viewer: User) -> bool:
    """Only the auditor reads the record of operations (design/domain.md, "Who")."""
    return viewer.role is Role.AUDITOR


def organisation_mismatch(role: Role, organisation: Organisation | None) -> str:
    """Return why an account of ``role`` cannot belong to ``organisation``; empty if it can."""
    if role in ORGANISATION_FREE_ROLES:
        return ""
    kind = ORGANISATION_OF_ROLE[role]
    if organisation is None:
        return f"“{role.label}”账号必须选择所属单位。"
    if organisation.kind is not kind:
        return f"“{role.label}”账号只能属于{kind.label}，不能属于{organisation.kind.label}。"
    return ""


def can_issue(viewer: User, role: Role) -> Decision:
    """The security administrator issues every account, the centre those of hospitals."""
    return yes_if(role in issuable_roles(viewer), f"您不能管理“{role.label}”账号。")


def can_edit_user(viewer: User, user: User) -> Decision:
    """Name and position are kept up to date by whoever keeps the account."""
    return can_issue(viewer, user.role)


def can_reassign(viewer: User, user: User) -> Decision:
    """Role and organisation are fixed once issued: only the security administrator moves one.

    Nobody changes their own role: rights come from somebody else. The accounts of the three
    kinds of administrator keep theirs for life (quality.md, Security).
    """
    if viewer.id == user.id:
        return no("不能修改自己的角色和单位，请由其他安全管理员办理。")
    if user.role in ADMINISTRATIVE_ROLES:
        return no(f"“{user.role.label}”账号的角色不能改变，需要其他角色的请另发账号。")
    return yes_if(
        viewer.role is Role.SECURITY_ADMINISTRATOR,
        "账号发放后，角色和单位只能由安全管理员调整。",
    )


def can_take_role(viewer: User, user: User, role: Role) -> Decision:
    """Whether ``viewer`` may give the account of ``user`` another ``role``.

    The three administrative roles exclude one another and every business role: whoever is to
    administrate gets a new account for it.
    """
    allowed = can_reassign(viewer, user)
    if allowed and role in ADMINISTRATIVE_ROLES:
        return no(f"业务账号不能改为“{role.label}”，请为其另发账号。")
    return allowed


def roles_to_move_to(viewer: User) -> list[Role]:
    """Return the roles that an account of a business role can be moved to by ``viewer``."""
    return [role for role in issuable_roles(viewer) if role not in ADMINISTRATIVE_ROLES]


def can_switch_off(viewer: User, user: User) -> Decision:
    """Disable or enable an account, never one's own."""
    if viewer.id == user.id:
        return no("不能停用自己的账号，请由其他安全管理员办理。")
    return can_edit_user(viewer, user)


def can_reset_password(viewer: User, user: User) -> Decision:
    """Issue a new initial password; one's own is changed on the password page."""
    if viewer.id == user.id:
        return no("请在“账号与安全”中修改自己的密码。")
    return can_edit_user(viewer, user)


def can_end_sessions(viewer: User, user: User) -> Decision:
    """The security administrator sees where an account is logged in, and logs it out there."""
    if viewer.id == user.id:
        return no("请在“账号与安全”中退出自己在其他设备上的登录。")
    return yes_if(viewer.role is Role.SECURITY_ADMINISTRATOR, "只有安全管理员可以退出他人的登录。")


def organisation_kinds(viewer: User) -> list[OrganisationKind]:
    """Return the kinds of organisation that ``viewer`` may add and edit."""
    if viewer.role is Role.ADMINISTRATOR:
        return list(OrganisationKind)
    if viewer.role is Role.CENTRE_REVIEWER:
        return [kind for kind in OrganisationKind if kind in CENTRE_KEEPS_KINDS]
    return []


def can_edit_organisation(viewer: User, kind: OrganisationKind) -> Decision:
    """The system administrator keeps every one, the centre hospitals and city commissions."""
    return yes_if(kind in organisation_kinds(viewer), f"您不能维护“{kind.label}”的单位信息。")
