"""Amendments at every stage, brought there by the services."""

from collections.abc import Callable

from portal import clock
from portal.extensions import db
from portal.models import (
    ChangeKind,
    Meeting,
    MeetingState,
    PlanAmendment,
    Resolution,
    Side,
    Task,
    TaskState,
)
from portal.policies.amendment_lines import FIXED_FIELDS
from portal.services import amendment_decisions as decisions
from portal.services import amendment_drafts as drafts
from tests.factories.closures import plan_of
from tests.factories.scenes import Scene
from tests.factories.tasks import make_task

WHY = "受援方门诊楼改造推迟，原安排无法按期完成。"


def texts_of(task: Task, **changed: str) -> dict[str, str]:
    """Return the fixed fields of ``task`` as texts, some of them ``changed``."""
    return {**{field.name: field.show(task) for field in FIXED_FIELDS}, **changed}


def new_texts(**changed: str) -> dict[str, str]:
    """Return what a form says of a new task."""
    return {
        "area": "激励机制",
        "title": "带教补贴按月发放",
        "description": "",
        "measures": "双方共同制定办法。",
        "criteria": "办法印发并执行三个月。",
        "weight": "一般",
        "year": "",
        "starts_on": "2021-01-01",
        "due_on": "2021-12-31",
        "evidence": "发放办法\n发放记录",
        "milestones": "2021-06-30 完成起草",
        **changed,
    }


def task_of(scene: Scene, state: TaskState = TaskState.IN_PROGRESS, **values: object) -> Task:
    """Add a task to the plan in force of the pairing under test."""
    return make_task(plan_of(scene), state=state, **values)  # type: ignore[arg-type]


def resolution_of(scene: Scene) -> Resolution:
    """Return a resolution of approved minutes of the pairing under test."""
    number = 1 + db.session.query(Meeting).count()
    meeting = Meeting(
        pairing=scene.pairing,
        kind="quarterly",
        title=f"第 {number} 次例会",
        state=MeetingState.APPROVED,
        state_since=clock.now(),
        planned_at=clock.now(),
        held_on=clock.today(),
        created_by=scene.supporting_coordinator,
        created_at=clock.now(),
        approved_by=scene.supporting_leader,
        approved_at=clock.now(),
        number_year=2021,
        number=number,
    )
    row = Resolution(
        meeting=meeting,
        position=1,
        body="暂停门诊改造相关任务，待工程验收后恢复。",
        responsible_side=Side.SUPPORTED,
    )
    db.session.add(row)
    db.session.flush()
    return row


def started(scene: Scene) -> PlanAmendment:
    """An amendment with nothing in it."""
    return drafts.start_amendment(plan_of(scene), actor=scene.supported_coordinator)


def drafted(scene: Scene, task: Task | None = None, **changed: str) -> PlanAmendment:
    """An amendment with a reason that changes a task."""
    task = task or task_of(scene)
    amendment = started(scene)
    drafts.save_reason(amendment, reason=WHY, resolution_id=None, actor=scene.supported_coordinator)
    texts = texts_of(task, **(changed or {"criteria": "达到调整后的标准。"}))
    drafts.change_task(amendment, task, texts, actor=scene.supported_coordinator)
    return amendment


def resting(scene: Scene, kind: ChangeKind, task: Task | None = None) -> PlanAmendment:
    """An amendment that suspends, resumes or cancels a task, by a resolution."""
    amendment = started(scene)
    actor = scene.supported_coordinator
    drafts.save_reason(amendment, reason=WHY, resolution_id=resolution_of(scene).id, actor=actor)
    drafts.rest_tasks(amendment, kind, [task or task_of(scene)], actor=actor)
    return amendment


def proposed(scene: Scene, amendment: PlanAmendment | None = None) -> PlanAmendment:
    """An amendment that waits for both leaders."""
    amendment = amendment or drafted(scene)
    decisions.propose_amendment(amendment, actor=scene.supported_coordinator)
    return amendment


def agreed(scene: Scene, amendment: PlanAmendment | None = None) -> PlanAmendment:
    """An amendment that waits for the centre."""
    amendment = proposed(scene, amendment)
    decisions.consent_to_amendment(amendment, actor=scene.supporting_leader)
    decisions.consent_to_amendment(amendment, actor=scene.supported_leader)
    return amendment


def approved(scene: Scene, amendment: PlanAmendment | None = None) -> PlanAmendment:
    """An amendment that the centre has approved."""
    amendment = agreed(scene, amendment)
    decisions.approve_amendment(amendment, actor=scene.centre)
    return amendment


def withdrawn(scene: Scene) -> PlanAmendment:
    """An amendment that was given up."""
    amendment = drafted(scene)
    decisions.withdraw_amendment(amendment, actor=scene.supporting_coordinator)
    return amendment


STAGES: dict[str, Callable[[Scene], PlanAmendment]] = {
    "drafting": drafted,
    "proposed": proposed,
    "agreed": agreed,
    "approved": approved,
    "withdrawn": withdrawn,
}
