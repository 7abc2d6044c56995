"""Work on a task: starting it, progress notes, and who is in charge."""

from collections.abc import Sequence

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import ProgressNote, Side, Task, TaskState, User
from portal.policies.decision import require
from portal.policies.scope import side_of
from portal.policies.tasks import OVER, can_assign, can_be_in_charge, can_work_on, why_locked
from portal.workflow import record, transition
from portal.workflow.tasks import TASK_WORK

MAX_NOTE = 5000


def require_open(task: Task, actor: User) -> None:
    """Raise Forbidden when ``actor`` never works on ``task``, StepRefused when nobody can now."""
    require(can_work_on(actor, task))
    if sentence := why_locked(task):
        raise StepRefused(sentence)


def start_task(task: Task, *, actor: User) -> None:
    """Begin work on a task that nobody has begun. Raises Forbidden or StepRefused."""
    transition(TASK_WORK, task, "start", actor=actor)
    db.session.flush()


def start_if_needed(task: Task, *, actor: User) -> None:
    """Begin the task when its first note or evidence arrives."""
    if task.state is TaskState.NOT_STARTED:
        start_task(task, actor=actor)


def add_note(task: Task, *, progress: int, body: str, actor: User) -> ProgressNote:
    """Write what was done and how far the task has come (per cent, 0–100).

    The first note starts the task. Raises Forbidden, StepRefused or Rejected.
    """
    require_open(task, actor)
    body = body.strip()
    if not body:
        raise Rejected({"body": "请写明进展情况。"})
    if len(body) > MAX_NOTE:
        raise Rejected({"body": f"最多 {MAX_NOTE} 个字，现有 {len(body)} 个字。"})
    if not 0 <= progress <= 100:
        raise Rejected({"progress": "完成比例应在 0 到 100 之间。"})
    start_if_needed(task, actor=actor)
    was = task.progress
    told = f"{progress}%" if was == progress else f"{was}% → {progress}%"
    note = write_note(task, progress, body, [("完成比例", told)], actor=actor)
    db.session.flush()
    return note


def write_note(
    task: Task, progress: int, body: str, details: Sequence[tuple[str, str]], *, actor: User
) -> ProgressNote:
    """Add a note to ``task`` and tell its history of it; nothing is judged, nothing flushed."""
    note = ProgressNote(task_id=task.id, author=actor, at=clock.now(), progress=progress, body=body)
    db.session.add(note)
    task.progress = progress
    record(
        task,
        "task",
        action="noted",
        title="填写进展",
        actor=actor,
        comment=body,
        details=details,
    )
    return note


def assign_owners(
    task: Task, *, supporting_owner: User | None, supported_owner: User | None, actor: User
) -> None:
    """Put people of both hospitals in charge; None leaves a side without a person.

    A coordinator changes only their own side: the other side's person must be passed as it is.
    Raises Forbidden, StepRefused for a task that is over, Rejected for somebody else's staff.
    """
    wanted = {Side.SUPPORTING: supporting_owner, Side.SUPPORTED: supported_owner}
    changes = {side: person for side, person in wanted.items() if person is not task.owner_on(side)}
    for side in changes or [side_of(actor, task.pairing) or Side.SUPPORTED]:
        require(can_assign(actor, task, side))
    if task.is_over or task.plan.state in OVER:
        raise StepRefused(why_locked(task))
    details: list[tuple[str, str]] = []
    for side, person in changes.items():
        if person is not None and not can_be_in_charge(person, task.pairing, side):
            raise Rejected({f"{side.value}_owner": "请选择本单位在用的账号。"})
        before = task.in_charge_on(side)
        setattr(task, f"{side.value}_owner", person)
        if person is not None:
            # The account takes the place of a name that was only typed.
            setattr(task, f"{side.value}_person", "")
        names = f"{before or '未指定'} → {person.name if person else '未指定'}"
        details.append((f"{side.label}责任人", names))
    if details:
        record(task, "task", action="assigned", title="指定责任人", actor=actor, details=details)
    db.session.flush()
