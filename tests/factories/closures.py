"""Tasks at every stage of their closure, brought there by the services."""

from collections.abc import Sequence
from datetime import date
from itertools import count

from portal import clock
from portal.extensions import db
from portal.models import (
    Area,
    ClosureRequest,
    Evidence,
    EvidenceRequirement,
    EvidenceUse,
    Pairing,
    Plan,
    PlanState,
    StoredFile,
    Task,
    TaskState,
)
from portal.services import closure
from tests.factories.scenes import Scene

REQUIREMENTS = ("制度文件", "会议记录")
STATEMENT = "按验收标准逐项完成，制度已印发执行。"
_numbers = count(1)


def plan_of(scene: Scene, pairing: Pairing | None = None, **values: object) -> Plan:
    """Return the pairing's plan, made in force when there is none yet."""
    pairing = pairing or scene.pairing
    plan = db.session.query(Plan).filter_by(pairing_id=pairing.id).one_or_none()
    if plan is None:
        plan = Plan(
            pairing=pairing,
            state=PlanState.IN_FORCE,
            starts_on=scene.programme.starts_on,
            ends_on=scene.programme.ends_on,
            created_by_id=scene.supported_coordinator.id,
            created_at=clock.now(),
            state_since=clock.now(),
            in_force_at=clock.now(),
        )
        db.session.add(plan)
    for name, value in values.items():
        setattr(plan, name, value)
    db.session.flush()
    return plan


def make_task(
    scene: Scene,
    *,
    pairing: Pairing | None = None,
    requirements: Sequence[str] = REQUIREMENTS,
    **values: object,
) -> Task:
    """Add a task that is not begun and shows no evidence yet."""
    plan = plan_of(scene, pairing)
    number = next(_numbers)
    defaults: dict[str, object] = {
        "number": number,
        "code": f"T-{number:03d}",
        "area": Area.MANAGEMENT,
        "title": f"第 {number} 项任务",
        "criteria": "制度健全，执行有记录。",
        "starts_on": date(2020, 6, 1),
        "due_on": date(2021, 6, 30),
        "first_due_on": date(2021, 6, 30),
        "state": TaskState.NOT_STARTED,
        "state_since": clock.now(),
        "created_at": clock.now(),
    }
    task = Task(
        plan=plan,
        pairing=plan.pairing,
        requirements=[
            EvidenceRequirement(position=place, name=name)
            for place, name in enumerate(requirements, 1)
        ],
        **(defaults | values),
    )
    db.session.add(task)
    db.session.flush()
    return task


def add_proof(
    scene: Scene,
    task: Task,
    requirement: EvidenceRequirement | None = None,
    *,
    name: str = "佐证.pdf",
    media_type: str = "application/pdf",
) -> EvidenceUse:
    """Let a new piece of evidence stand for a requirement of the task."""
    author = scene.supported_coordinator.id
    file = StoredFile(
        sha256=f"{next(_numbers):064x}",
        size=2048,
        media_type=media_type,
        name=name,
        pairing_id=task.pairing_id,
        uploaded_by_id=author,
        uploaded_at=clock.now(),
    )
    evidence = Evidence(
        pairing_id=task.pairing_id,
        organisation_id=task.pairing.supported_id,
        file=file,
        title=f"{requirement.name if requirement else '其他'}扫描件",
        evidence_on=date(2021, 3, 1),
        added_by_id=author,
        added_at=clock.now(),
    )
    use = EvidenceUse(task=task, evidence=evidence, requirement=requirement, added_at=clock.now())
    db.session.add_all([file, evidence, use])
    db.session.flush()
    return use


def task_in_progress(scene: Scene, *, proved: bool = True, **values: object) -> Task:
    """Add a task being worked on; ``proved`` says whether all its evidence is there."""
    task = make_task(scene, **{"state": TaskState.IN_PROGRESS, **values})  # type: ignore[arg-type]
    for requirement in task.requirements if proved else ():
        add_proof(scene, task, requirement)
    return task


def closure_requested(scene: Scene, **values: object) -> Task:
    """Add a task whose closure waits for the supporting base."""
    task = task_in_progress(scene, **values)
    closure.request_closure(task, statement=STATEMENT, actor=scene.supported_coordinator)
    return task


def confirmed(scene: Scene, **values: object) -> Task:
    """Add a task whose closure waits for the centre (weight 3 unless told otherwise)."""
    task = closure_requested(scene, **{"weight": 3, **values})
    closure.confirm_closure(task, actor=scene.supporting_leader)
    return task


def closed(scene: Scene, **values: object) -> Task:
    """Add a task closed by the centre."""
    task = confirmed(scene, **values)
    closure.verify_closure(task, actor=scene.centre)
    return task


def returned(scene: Scene, **values: object) -> Task:
    """Add a task returned by the supporting base."""
    task = closure_requested(scene, **values)
    closure.return_closure(task, reason="会议记录缺少签到表。", actor=scene.supporting_leader)
    return task


def reopened(scene: Scene, **values: object) -> Task:
    """Add a task that a look-back reopened."""
    task = closed(scene, **values)
    closure.reopen_task(task, reason="现场查看，制度未执行。", actor=scene.centre)
    return task


def suspended(scene: Scene, **values: object) -> Task:
    """Add a task that a resolution has suspended while it was being worked on."""
    rest = {"state": TaskState.SUSPENDED, "suspended_from": TaskState.IN_PROGRESS.value}
    return task_in_progress(scene, **{**rest, **values})  # type: ignore[arg-type]


def cancelled(scene: Scene, **values: object) -> Task:
    """Add a task that an amendment has taken off the plan."""
    over = {"state": TaskState.CANCELLED, "cancelled_on": clock.today()}
    return task_in_progress(scene, **{**over, **values})  # type: ignore[arg-type]


STAGES = {
    TaskState.NOT_STARTED: make_task,
    TaskState.IN_PROGRESS: task_in_progress,
    TaskState.CLOSURE_REQUESTED: closure_requested,
    TaskState.CONFIRMED: confirmed,
    TaskState.CLOSED: closed,
    TaskState.SUSPENDED: suspended,
    TaskState.CANCELLED: cancelled,
}


def task_in(state: TaskState, scene: Scene) -> Task:
    """Add a task in ``state``."""
    return STAGES[state](scene)


def only_round(task: Task) -> ClosureRequest:
    """Return the one round the task has been through."""
    (one,) = task.closure_requests
    return one
