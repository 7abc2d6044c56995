"""Who ends a filed agreement early: one side's leader asks, the other's agrees, the commission
consents (§12.1, clause 18)."""

from portal.models import Agreement, AgreementTermination, Role, User
from portal.policies.agreements import can_review, can_terminate
from portal.policies.decision import Decision, yes_if
from portal.policies.scope import side_of


def can_request(viewer: User, agreement: Agreement) -> Decision:
    """The leader of either side."""
    return yes_if(
        viewer.role is Role.BASE_LEADER and side_of(viewer, agreement.pairing) is not None,
        "只有结对双方的基地负责人可以申请提前终止协议。",
    )


def can_answer(viewer: User, termination: AgreementTermination) -> Decision:
    """The other side's leader agrees or declines: nobody agrees to what they asked for."""
    side = side_of(viewer, termination.agreement.pairing)
    other = side is termination.asked_side.other
    return yes_if(
        viewer.role is Role.BASE_LEADER and other and viewer.id != termination.requested_by_id,
        "提前终止协议由对方的基地负责人答复。",
    )


def can_take_back_request(viewer: User, termination: AgreementTermination) -> Decision:
    """Whoever asked, or another leader of the same side."""
    side = side_of(viewer, termination.agreement.pairing)
    own = side is termination.asked_side
    return yes_if(
        viewer.role is Role.BASE_LEADER and (own or viewer.id == termination.requested_by_id),
        "只有提出申请一方的基地负责人可以撤回终止申请。",
    )


def can_lapse(viewer: User, termination: AgreementTermination) -> Decision:
    """Whoever files what takes the agreement's place ends the request with it."""
    return can_review(viewer, termination.agreement)


def can_decide(viewer: User, termination: AgreementTermination) -> Decision:
    """The commission decides."""
    return can_terminate(viewer, termination.agreement)
