"""Who may withdraw a piece of evidence."""

from portal.models import Evidence, Role, User
from portal.policies.decision import Decision, yes_if

WITHDRAWERS = frozenset({Role.BASE_COORDINATOR, Role.BASE_LEADER})


def can_withdraw(viewer: User, evidence: Evidence) -> Decision:
    """Whoever added it, and the coordinators and leaders of the hospital it came from."""
    own_hospital = viewer.role.in_hospital and viewer.organisation_id == evidence.organisation_id
    mine = viewer.id == evidence.added_by_id or viewer.role in WITHDRAWERS
    return yes_if(
        own_hospital and mine, "只有上传人和上传单位的基地管理员、负责人可以撤回这份材料。"
    )
