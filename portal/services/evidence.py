"""Evidence 佐证材料: added once, used for many requirements, withdrawn but never removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

import sqlalchemy as sa

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    ClosureRequest,
    ClosureState,
    Evidence,
    EvidenceRequirement,
    EvidenceRevision,
    EvidenceStatus,
    EvidenceUse,
    StoredFile,
    Task,
    User,
)
from portal.policies.decision import require
from portal.policies.evidence import can_withdraw
from portal.services import files as files_service
from portal.services.tasks import require_open, start_if_needed
from portal.workflow import record

MAX_TITLE = 200
KEPT_ROUNDS = (ClosureState.CLOSED, ClosureState.REOPENED)
"""Rounds that ended in closure: what stood behind them stays for good."""

EARLIEST_YEAR = 2000
"""Nothing of these programmes was written before."""


@dataclass(frozen=True)
class Attached:
    """What became of one upload; ``reused`` names the evidence that already held the file."""

    evidence: Evidence
    filename: str
    reused: bool


def add_evidence(
    task: Task,
    *,
    requirement: EvidenceRequirement | None,
    file: StoredFile,
    title: str,
    evidence_on: date,
    actor: User,
) -> Evidence:
    """Put ``file`` into the pairing's library and let it stand for ``requirement``.

    ``evidence_on`` is the day of what the file proves, not of the upload. A file whose bytes
    the library already holds is not added twice: the piece that is there is used instead, and
    returned. The first evidence starts the task. Raises Forbidden, StepRefused or Rejected.
    """
    require_open(task, actor)
    title = title.strip()
    if not title or len(title) > MAX_TITLE:
        raise Rejected({"title": f"请填写材料名称，最多 {MAX_TITLE} 个字。"})
    _check_date(evidence_on)
    _check_requirement(task, requirement)
    if known := same_file(task, file.sha256):
        use_evidence(task, requirement=requirement, evidence=known, actor=actor)
        return known
    start_if_needed(task, actor=actor)
    evidence = Evidence(
        pairing_id=task.pairing_id,
        organisation_id=actor.organisation_id,
        file=file,
        title=title,
        evidence_on=evidence_on,
        added_by=actor,
        added_at=clock.now(),
    )
    evidence.revisions.append(
        EvidenceRevision(number=1, file=file, added_by=actor, added_at=evidence.added_at)
    )
    db.session.add(evidence)
    _link(task, requirement, evidence, actor)
    record(
        task,
        "task",
        action="evidence_added",
        title="上传佐证材料",
        actor=actor,
        details=[(_name_of(requirement), file.name)],
    )
    db.session.flush()
    return evidence


def use_evidence(
    task: Task, *, requirement: EvidenceRequirement | None, evidence: Evidence, actor: User
) -> EvidenceUse:
    """Let a piece of the pairing's library stand for ``requirement`` as well.

    Using it twice for the same requirement changes nothing. Raises Forbidden, StepRefused, or
    Rejected for evidence of another pairing or withdrawn evidence.
    """
    require_open(task, actor)
    _check_requirement(task, requirement)
    if evidence.pairing_id != task.pairing_id:
        raise Rejected({"evidence": "只能选用本结对的佐证材料。"})
    if evidence.withdrawn_at is not None:
        raise Rejected({"evidence": f"“{evidence.title}”已撤回，不能再选用。"})
    requirement_id = requirement.id if requirement else None
    for use in task.evidence_uses:
        if use.evidence_id == evidence.id and use.requirement_id == requirement_id:
            return use
    start_if_needed(task, actor=actor)
    use = _link(task, requirement, evidence, actor)
    record(
        task,
        "task",
        action="evidence_used",
        title="选用已有佐证材料",
        actor=actor,
        details=[(_name_of(requirement), evidence.title)],
    )
    db.session.flush()
    return use


def remove_use(use: EvidenceUse, *, actor: User) -> None:
    """Take evidence away from a requirement it does not belong to; it stays in the library.

    Raises Forbidden, or StepRefused while the task is locked or when a closed round rests on it.
    """
    task = use.task
    if task is None:
        raise StepRefused("这份材料不是某项任务的佐证，不能在任务中移出。")
    require_open(task, actor)
    if _kept_by_rounds(EvidenceUse.id == use.id):
        raise StepRefused("这份材料是已销号轮次的依据，不能移出。")
    record(
        task,
        "task",
        action="evidence_removed",
        title="移出佐证材料",
        actor=actor,
        details=[(_name_of(use.requirement), use.evidence.title)],
    )
    task.evidence_uses.remove(use)
    db.session.delete(use)
    db.session.flush()


def withdraw_evidence(evidence: Evidence, *, reason: str, actor: User) -> None:
    """Declare a piece of evidence a mistake; it stays readable, struck out, with its reason.

    Raises Forbidden, Rejected without a reason, StepRefused once a closed round rests on it
    or while a task that uses it is under review (design/domain.md, Evidence).
    """
    require(can_withdraw(actor, evidence))
    tasks = _tasks_using(evidence)
    db.session.refresh(evidence, ["withdrawn_at", "version"], with_for_update={"of": Evidence})
    if evidence.withdrawn_at is not None:
        raise StepRefused("这份材料已经撤回。")
    reason = reason.strip()
    if not reason:
        raise Rejected({"reason": "请填写撤回的理由。"})
    if sentence := why_kept(evidence, tasks):
        raise StepRefused(sentence)
    evidence.status = EvidenceStatus.WITHDRAWN
    evidence.withdrawn_at = clock.now()
    evidence.withdrawn_by_id = actor.id
    evidence.withdrawn_reason = reason
    for task in tasks:
        record(
            task,
            "task",
            action="evidence_withdrawn",
            title="撤回佐证材料",
            actor=actor,
            comment=reason,
            tone="warning",
            details=[("材料", evidence.title)],
        )
    db.session.flush()


def why_kept(evidence: Evidence, tasks: Sequence[Task]) -> str:
    """Return why ``evidence``, used in ``tasks``, cannot be withdrawn now; empty if it can."""
    if _kept_by_rounds(EvidenceUse.evidence_id == evidence.id):
        return "这份材料是已销号任务的依据，不能撤回。"
    for task in tasks:
        if task.state.waits_for_review:
            return f"任务“{task.title}”正在审核，期间不能撤回它的佐证材料。"
    return ""


def attach_files(
    task: Task,
    files: Sequence[tuple[int | None, str, BinaryIO]],
    *,
    evidence_on: date,
    actor: User,
) -> list[Attached]:
    """Take in the files of one form: (requirement id, file name, stream) each.

    Raises Forbidden, StepRefused, or Rejected with ``file-<requirement id>`` naming every
    file that cannot be taken and why; the caller's transaction must then be undone.
    """
    require_open(task, actor)
    _check_date(evidence_on)
    requirements: dict[int | None, EvidenceRequirement | None] = {
        one.id: one for one in task.requirements
    }
    requirements[None] = None
    faults: dict[str, str] = {}
    attached: list[Attached] = []
    for requirement_id, filename, stream in files:
        if requirement_id not in requirements:
            raise Rejected({"files": "材料要求已变动，请刷新页面后重新选择文件。"})
        try:
            attached.append(
                _attach(
                    task, requirements[requirement_id], filename, stream, evidence_on, actor=actor
                )
            )
        except Rejected as refusal:
            field = f"file-{requirement_id or 'other'}"
            faults[field] = faults.get(field, "") + "".join(refusal.fields.values())
    if faults:
        raise Rejected(faults)
    return attached


def _attach(
    task: Task,
    requirement: EvidenceRequirement | None,
    filename: str,
    stream: BinaryIO,
    evidence_on: date,
    *,
    actor: User,
) -> Attached:
    """Take in one upload, or use the piece of the library that has the same bytes."""
    file = files_service.store_upload(filename, stream, pairing=task.pairing, actor=actor)
    evidence = add_evidence(
        task,
        requirement=requirement,
        file=file,
        title=files_service.title_of(file.name),
        evidence_on=evidence_on,
        actor=actor,
    )
    reused = evidence.file_id != file.id
    if reused:
        # The library has these bytes already; a second record would prove nothing.
        db.session.delete(file)
        db.session.flush()
    return Attached(evidence, file.name, reused)


def same_file(task: Task, sha256: str) -> Evidence | None:
    """Return the standing evidence of the task's pairing whose file has the same bytes."""
    return db.session.scalar(
        sa.select(Evidence)
        .join(StoredFile, StoredFile.id == Evidence.file_id)
        .where(
            Evidence.pairing_id == task.pairing_id,
            Evidence.withdrawn_at.is_(None),
            StoredFile.sha256 == sha256,
        )
        .order_by(Evidence.id)
        .limit(1)
    )


def _link(
    task: Task, requirement: EvidenceRequirement | None, evidence: Evidence, actor: User
) -> EvidenceUse:
    use = EvidenceUse(
        task=task,
        evidence=evidence,
        requirement=requirement,
        added_by=actor,
        added_at=clock.now(),
    )
    db.session.add(use)
    return use


def _tasks_using(evidence: Evidence) -> list[Task]:
    """Return the tasks that use ``evidence``, locked, so that none is applied for meanwhile."""
    using = sa.select(EvidenceUse.task_id).where(EvidenceUse.evidence_id == evidence.id)
    return list(
        db.session.scalars(
            sa.select(Task)
            .where(Task.id.in_(using))
            .order_by(Task.id)
            .with_for_update(of=Task)
            .execution_options(populate_existing=True)
        )
    )


def _kept_by_rounds(which: sa.ColumnElement[bool]) -> bool:
    """Whether a use chosen by ``which`` stood when a round was applied for that was closed."""
    return bool(
        db.session.scalar(
            sa.select(EvidenceUse.id)
            .join(ClosureRequest, ClosureRequest.task_id == EvidenceUse.task_id)
            .where(
                which,
                ClosureRequest.state.in_(KEPT_ROUNDS),
                ClosureRequest.requested_at >= EvidenceUse.added_at,
            )
            .limit(1)
        )
    )


def _check_date(evidence_on: date) -> None:
    """Refuse a day to come, and one that can only be a slip of the finger."""
    if evidence_on.year < EARLIEST_YEAR:
        raise Rejected({"evidence_on": f"材料日期早于 {EARLIEST_YEAR} 年，请检查年份。"})
    if evidence_on > clock.today():
        raise Rejected({"evidence_on": "材料日期不能晚于今天。"})


def _check_requirement(task: Task, requirement: EvidenceRequirement | None) -> None:
    if requirement is not None and requirement.task_id != task.id:
        raise Rejected({"requirement": "请选择本任务的材料要求。"})


def _name_of(requirement: EvidenceRequirement | None) -> str:
    return requirement.name if requirement else "其他材料"
