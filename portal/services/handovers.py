"""Handing everything open over from one person to another, in one step (交接单)."""

from collections.abc import Collection

from portal import clock
from portal.errors import Rejected, StaleEdit
from portal.extensions import db
from portal.models import Assessment, ExpertAssignment, Handover, Side, Task, User
from portal.policies.assessments import is_assigned, may_judge
from portal.policies.decision import require
from portal.policies.handovers import can_hand_over, can_receive
from portal.policies.scope import side_of
from portal.policies.tasks import can_be_in_charge
from portal.queries.open_work import (
    OpenThing,
    assignment_key,
    open_assignments,
    open_tasks,
    open_work_of,
    task_key,
)
from portal.services.assessments import lock
from portal.workflow import record

CHANGED = "清单已有变化（可能刚刚已经办理过交接），请按下面的最新清单重新核对后提交。"


def hand_over(
    giver: User, receiver: User, *, keys: Collection[str], reason: str, actor: User
) -> Handover:
    """Give what is ticked of the giver's open work to ``receiver``, and keep the list as it was.

    All or nothing. Each task and assessment gets an event of its own. Raises Forbidden,
    Rejected (no reason, nothing ticked, a receiver who may not take it) or StaleEdit when
    something ticked is no longer open with the giver.
    """
    _hold(giver, receiver)
    require(can_hand_over(actor, giver))
    _check(giver, receiver, keys, reason, actor)
    things = {thing.key: thing for thing in open_work_of(giver)}
    if not set(keys) <= set(things):
        raise StaleEdit(CHANGED)
    chosen = [thing for key, thing in things.items() if key in keys]
    moved = {*_move_tasks(giver, receiver, keys, reason, actor)}
    moved |= {*_move_assignments(giver, receiver, keys, actor)}
    if moved != {thing.key for thing in chosen if thing.moves}:
        raise StaleEdit(CHANGED)
    handover = _keep(giver, receiver, chosen, reason, actor)
    _tell_both(handover, actor)
    return handover


def _hold(giver: User, receiver: User) -> None:
    """Hold both accounts, always in the same order, so that two hand-overs take turns."""
    for user in sorted({giver, receiver}, key=lambda one: one.id):
        db.session.refresh(user, with_for_update={"of": User, "key_share": True})


def _check(giver: User, receiver: User, keys: Collection[str], reason: str, actor: User) -> None:
    """Raise Rejected for what the form cannot ask."""
    wrong: dict[str, str] = {}
    if not (decision := can_receive(actor, giver, receiver)):
        wrong["receiver"] = decision.reason
    if not reason.strip():
        wrong["reason"] = "请填写交接的原因，例如：调离科教科。"
    if not keys:
        wrong["items"] = "请至少勾选一项。"
    if wrong:
        raise Rejected(wrong)


def _move_tasks(
    giver: User, receiver: User, keys: Collection[str], reason: str, actor: User
) -> list[str]:
    """Put the receiver in charge of the ticked tasks; return their keys."""
    moved = []
    tasks = db.session.scalars(
        open_tasks(giver)
        .order_by(None)
        .order_by(Task.id)
        .with_for_update(of=Task)
        .execution_options(populate_existing=True)
    )
    for task in tasks:
        sides = [
            side
            for side in Side
            if task.owner_on(side) is giver
            and task_key(task, side) in keys
            and side_of(giver, task.pairing) is side
            and can_be_in_charge(receiver, task.pairing, side)
        ]
        for side in sides:
            setattr(task, f"{side.value}_owner", receiver)
            moved.append(task_key(task, side))
        if sides:
            record(
                task,
                "task",
                action="handed_over",
                title="工作交接",
                actor=actor,
                comment=reason.strip(),
                details=[(f"{s.label}责任人", f"{giver.name} → {receiver.name}") for s in sides],
            )
    db.session.flush()
    return moved


def _move_assignments(giver: User, receiver: User, keys: Collection[str], actor: User) -> list[str]:
    """Let another expert score the ticked assessments. Raises Rejected where they may not.

    The event names nobody: both hospitals read the history (services/assessment_reviews.py).
    """
    moved = []
    for assignment, assessment in db.session.execute(open_assignments(giver)).all():
        key = assignment_key(assignment)
        if key not in keys:
            continue
        lock(assessment)
        if all(one.user_id != giver.id for one in assessment.experts):
            raise StaleEdit(CHANGED)
        _check_expert(receiver, assessment)
        assessment.experts = [one for one in assessment.experts if one.user_id != giver.id]
        db.session.flush()
        assessment.experts.append(
            ExpertAssignment(user_id=receiver.id, assigned_by_id=actor.id, assigned_at=clock.now())
        )
        record(
            assessment, "assessment", action="hand_over_expert", title="更换评审专家", actor=actor
        )
        moved.append(key)
    db.session.flush()
    return moved


def _check_expert(receiver: User, assessment: Assessment) -> None:
    """Raise Rejected unless the receiver may judge this assessment and does not yet."""
    where = f"{assessment.pairing.title} {assessment.year} 年度"
    if not (decision := may_judge(receiver, assessment)):
        raise Rejected({"items": f"{where}不能移交给{receiver.name}：{decision.reason}"})
    if is_assigned(receiver, assessment):
        raise Rejected({"items": f"{where}：{receiver.name}已在评审名单中，请取消勾选该项。"})


def _keep(
    giver: User, receiver: User, chosen: list[OpenThing], reason: str, actor: User
) -> Handover:
    """Add the record: the list and the people as they were on this day."""
    handover = Handover(
        from_user=giver,
        to_user=receiver,
        made_by=actor,
        made_at=clock.now(),
        reason=reason.strip(),
        # Which assessments an expert scores is no matter of the hospital that employs them.
        organisation_id=giver.organisation_id if giver.role.in_hospital else None,
        people={"from": _as_today(giver), "to": _as_today(receiver), "by": _as_today(actor)},
        items=[thing.kept() for thing in chosen],
    )
    db.session.add(handover)
    db.session.flush()
    return handover


def _as_today(user: User) -> dict[str, str]:
    """Return who somebody is on the day of the hand-over."""
    return {
        "name": user.name,
        "position": user.position,
        "role": user.role.label,
        "organisation": user.organisation_name,
    }


def _tell_both(handover: Handover, actor: User) -> None:
    """Write it into the history of both accounts."""
    giver, receiver, number = handover.from_user, handover.to_user, len(handover.items)
    for user, action, title, other in (
        (giver, "handed_over", "移交工作", ("接收人", receiver.name)),
        (receiver, "took_over", "接手工作", ("移交人", giver.name)),
    ):
        details = [other, ("交接单", f"第 {handover.id} 号，共 {number} 项")]
        record(
            user,
            "user",
            action=action,
            title=title,
            actor=actor,
            comment=handover.reason,
            details=details,
        )
    db.session.flush()
