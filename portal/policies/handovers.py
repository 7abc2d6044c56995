"""Who may hand over whose open work, to whom, and who reads the sheet of it."""

import sqlalchemy as sa

from portal.models import HOSPITAL_ROLES, Handover, Role, User
from portal.policies.accounts import can_edit_user, keeps_accounts, visible_users
from portal.policies.decision import YES, Decision, no, yes_if
from portal.policies.scope import sees_all_pairings

HANDING_ROLES = HOSPITAL_ROLES | {Role.EXPERT}
"""The roles to whom something is given in person; the work of all others goes with the post."""

HOSPITAL_KEEPERS = frozenset({Role.BASE_COORDINATOR, Role.BASE_LEADER})
HOSPITAL_HANDS_OVER = frozenset({Role.BASE_COORDINATOR, Role.CONTRIBUTOR})


def keeps_people(viewer: User) -> bool:
    """Whether ``viewer`` looks after the people of a hospital: its coordinator or leader."""
    return viewer.role in HOSPITAL_KEEPERS


def colleagues_of(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on User: the people of the viewer's own hospital."""
    if not keeps_people(viewer) or viewer.organisation_id is None:
        return sa.false()
    return sa.and_(
        User.organisation_id == viewer.organisation_id, User.role.in_(list(HOSPITAL_ROLES))
    )


def visible_givers(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on User under which ``viewer`` may know of an account's work."""
    return sa.or_(visible_users(viewer), colleagues_of(viewer))


def can_hand_over(viewer: User, giver: User) -> Decision:
    """Whoever keeps the account; and in a hospital its coordinator or leader.

    These two hand over what coordinators and contributors have, their own included; what a
    leader has goes by whoever keeps the account.
    """
    if giver.role not in HANDING_ROLES:
        return no(f"“{giver.role.label}”的工作随岗位办理，没有交给个人的事项。")
    if viewer.id != giver.id and can_edit_user(viewer, giver):
        return YES
    same = viewer.organisation_id is not None and viewer.organisation_id == giver.organisation_id
    if not (keeps_people(viewer) and same):
        return no("工作交接由本单位基地管理员、基地负责人或账号管理人员办理。")
    return yes_if(
        giver.role in HOSPITAL_HANDS_OVER, "基地负责人的工作交接请由省中心或安全管理员办理。"
    )


def can_receive(viewer: User, giver: User, receiver: User) -> Decision:
    """Another active person of the same hospital, or another expert; never whoever does it.

    Four eyes: nobody gives themselves somebody's work.
    """
    if receiver.id == giver.id:
        return no("接收人不能是移交人本人。")
    if receiver.id == viewer.id:
        return no("不能把他人的工作移交给自己，请由其他人办理。")
    if not receiver.is_active:
        return no("接收人的账号已停用。")
    if giver.role is Role.EXPERT:
        return yes_if(receiver.role is Role.EXPERT, "评审专家的工作只能移交给其他评审专家。")
    same = receiver.organisation_id == giver.organisation_id
    return yes_if(same and receiver.role in HOSPITAL_ROLES, "接收人应是同一医院的在用账号。")


def possible_receivers(viewer: User, giver: User) -> sa.ColumnElement[bool]:
    """Return the same rule as :func:`can_receive`, as a condition on User for the choice."""
    others = sa.and_(User.is_active, User.id != giver.id, User.id != viewer.id)
    if giver.role is Role.EXPERT:
        return sa.and_(others, User.role == Role.EXPERT)
    return sa.and_(
        others,
        User.organisation_id == giver.organisation_id,
        User.role.in_(list(HOSPITAL_ROLES)),
    )


def visible_handovers(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Handover under which ``viewer`` reads its sheet.

    The two people themselves, their hospital's coordinator and leader, whoever keeps the
    account that gave, and the province.
    """
    own = sa.or_(Handover.from_id == viewer.id, Handover.to_id == viewer.id)
    if sees_all_pairings(viewer):
        return sa.true()
    if keeps_accounts(viewer):
        givers = sa.select(User.id).where(visible_users(viewer))
        return sa.or_(own, Handover.from_id.in_(givers))
    if keeps_people(viewer) and viewer.organisation_id is not None:
        return sa.or_(own, Handover.organisation_id == viewer.organisation_id)
    return own
