"""Who may take which step of a closure 销号: never the same person, never the same hospital twice.

The supported base applies, the supporting base's leader confirms, the centre verifies
(design/domain.md, "Task closure"; domain-facts §9.1.8). The rules judge the person, not the
state: whether a step is possible now is the workflow's business.
"""

from portal.models import ClosureRequest, Role, Side, Task, User
from portal.policies.decision import Decision, no, yes_if
from portal.policies.pairings import works_in
from portal.policies.scope import side_of

# Four eyes: whoever asked for or confirmed a round does not judge it again.
NOT_TWICE = "同一份销号申请，您已经办理过前面的环节，须由他人审核。"


def waiting_round(task: Task) -> ClosureRequest | None:
    """Return the application that somebody still has to decide about; there is at most one."""
    return next((one for one in task.closure_requests if one.state.waits), None)


def can_request_closure(viewer: User, task: Task) -> Decision:
    """The supported base applies, by its coordinator or its leader."""
    return yes_if(
        works_in(viewer, task.pairing) and side_of(viewer, task.pairing) is Side.SUPPORTED,
        "销号由受援方的基地管理员或负责人申请。",
    )


def can_confirm_closure(viewer: User, task: Task) -> Decision:
    """The supporting base's leader confirms, or returns at this step."""
    if viewer.role is not Role.BASE_LEADER or side_of(viewer, task.pairing) is not Side.SUPPORTING:
        return no("这一步由帮扶方的基地负责人办理。")
    waiting = waiting_round(task)
    return yes_if(waiting is None or viewer.id != waiting.requested_by_id, NOT_TWICE)


def can_verify_closure(viewer: User, task: Task) -> Decision:
    """The centre verifies, or returns at this step."""
    if viewer.role is not Role.CENTRE_REVIEWER:
        return no("这一步由省中心审核员办理。")
    waiting = waiting_round(task)
    acted = (waiting.requested_by_id, waiting.confirmed_by_id) if waiting else ()
    return yes_if(viewer.id not in acted, NOT_TWICE)


def can_return(viewer: User, task: Task) -> Decision:
    """Whoever judges a step may return at it: the confirming leader or the centre."""
    verify = can_verify_closure(viewer, task)
    return verify if verify or verify.reason == NOT_TWICE else can_confirm_closure(viewer, task)


def can_look_back(viewer: User, _task: Task) -> Decision:
    """Only the centre checks a closed task again, and may reopen it (回头看)."""
    return yes_if(viewer.role is Role.CENTRE_REVIEWER, "回头看由省中心审核员办理。")


def can_review(viewer: User, task: Task) -> Decision:
    """Whether the reviewer's page is for this person."""
    return yes_if(
        bool(can_look_back(viewer, task))
        or (viewer.role is Role.BASE_LEADER and side_of(viewer, task.pairing) is Side.SUPPORTING),
        "销号审核由帮扶方的基地负责人和省中心办理。",
    )


def can_open_queue(viewer: User) -> Decision:
    """Whether closures can wait for this person at all."""
    return yes_if(
        viewer.role in (Role.BASE_LEADER, Role.CENTRE_REVIEWER),
        "销号审核由帮扶方的基地负责人和省中心办理。",
    )
