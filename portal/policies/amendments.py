"""Who may do what with an amendment of a plan in force.

Coordinators of either side write it, both sides' leaders consent, the centre approves what it
did not write (four eyes). The rules judge the person, not the state.
"""

from portal.models import AmendmentState, Pairing, Plan, PlanAmendment, Role, Side, User
from portal.policies.decision import Decision, no, yes_if
from portal.policies.plans import coordinates
from portal.policies.scope import side_of

OPEN_STATES = frozenset({AmendmentState.DRAFTING, AmendmentState.PROPOSED, AmendmentState.AGREED})
DECIDERS = frozenset({Role.CENTRE_REVIEWER, Role.BASE_LEADER})


def can_start_amendment(viewer: User, plan: Plan) -> Decision:
    """The coordinators of both sides propose changes of a plan in force."""
    return yes_if(coordinates(viewer, plan.pairing), "计划调整由结对双方的基地管理员提出。")


def can_edit_amendment(viewer: User, amendment: PlanAmendment) -> Decision:
    """The coordinators of both sides write it together."""
    return yes_if(coordinates(viewer, amendment.pairing), "计划调整由结对双方的基地管理员起草。")


def consenting_side(viewer: User, pairing: Pairing) -> Side | None:
    """Return the side ``viewer`` consents for as its leader, or None."""
    return side_of(viewer, pairing) if viewer.role is Role.BASE_LEADER else None


def can_consent(viewer: User, amendment: PlanAmendment) -> Decision:
    """Each side's leader consents for the own hospital only."""
    return yes_if(
        consenting_side(viewer, amendment.pairing) is not None,
        "只有结对双方的基地负责人可以同意计划调整。",
    )


def can_decide_amendment(viewer: User, amendment: PlanAmendment) -> Decision:
    """The centre approves or returns; never who wrote it."""
    if viewer.role is not Role.CENTRE_REVIEWER:
        return no("计划调整由省中心批准。")
    return yes_if(viewer.id != amendment.created_by_id, "不能批准自己提出的计划调整。")


def can_open_changes(viewer: User) -> Decision:
    """Whether changes after filing can wait for this person at all."""
    return yes_if(viewer.role in DECIDERS, "变更审批由双方基地负责人和省中心办理。")
