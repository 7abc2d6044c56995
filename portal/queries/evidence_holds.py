"""What rests on a piece of evidence, and so keeps it as it is, for good or for now.

For good: a round of closure that closed its task (a look-back changes nothing about that), a
filed agreement, a final assessment. For now: whatever somebody else is deciding about.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Assessment,
    AssessmentState,
    ClosureRequest,
    ClosureState,
    Evidence,
    EvidenceUse,
    Task,
    TaskState,
    User,
)
from portal.policies import closure
from portal.policies.assessments import scoring_side
from portal.policies.files import uses_seen

KEPT_ROUNDS = (ClosureState.CLOSED, ClosureState.REOPENED)
"""Rounds that ended in closure: what stood behind them stays for good."""


@dataclass(frozen=True)
class Hold:
    """One thing that keeps a piece as it is; ``task`` is set while its round waits."""

    sentence: str
    for_good: bool
    task: Task | None = None

    @property
    def rejecting(self) -> str:
        """The same sentence to a reviewer: who may reject the piece while its round waits."""
        if self.task is None:
            return self.sentence
        who = "省中心" if self.task.state is TaskState.CONFIRMED else "帮扶方负责人"
        return f"{self.waiting}，期间只有{who}可以不予认可，并退回本次申请。"

    @property
    def waiting(self) -> str:
        """What the round waits in, without what that forbids."""
        return self.sentence.partition("，")[0]

    def keeps_from(self, reviewer: User) -> bool:
        """Whether ``reviewer`` may not reject the piece: all but who decides about the round."""
        if self.task is None:
            return True
        if self.task.state is TaskState.CONFIRMED:
            return not closure.can_verify_closure(reviewer, self.task)
        return not closure.can_confirm_closure(reviewer, self.task)


def holds_on(evidence: Evidence, *, viewer: User, lock: bool = False) -> list[Hold]:
    """Return what keeps ``evidence`` as it is, what does so for good first.

    ``lock`` holds the rows of everything that uses it, so that nothing is decided meanwhile.
    Nobody is told the names of what they do not see: a piece may be used in another pairing.
    """
    uses = _uses(evidence, lock=lock)
    kept = _tasks_kept(evidence, [use.task_id for use in uses if use.task_id])
    seen = set(
        db.session.scalars(
            uses_seen(viewer)
            .where(EvidenceUse.evidence_id == evidence.id)
            .with_only_columns(EvidenceUse.id)
        )
    )
    found = [hold for use in uses if (hold := _hold(use, kept, named=use.id in seen))]
    return sorted(dict.fromkeys(found), key=lambda hold: not hold.for_good)


def lock_used_by(evidence_ids: Sequence[int]) -> None:
    """Hold whatever uses any of these pieces, in the order of ids, and read it anew."""
    for model, column in (
        (Task, EvidenceUse.task_id),
        (Agreement, EvidenceUse.agreement_id),
        (Assessment, EvidenceUse.assessment_id),
    ):
        backed = sa.select(column).where(EvidenceUse.evidence_id.in_(evidence_ids))
        db.session.scalars(
            sa.select(model)
            .where(model.id.in_(backed))
            .order_by(model.id)
            .with_for_update(of=model)
            .execution_options(populate_existing=True)
        ).all()


def rests_on_use(use: EvidenceUse) -> bool:
    """Whether a round that closed its task stood on this very use."""
    if use.task_id is None:
        return False
    for shown in _kept_snapshots([use.task_id]).values():
        if any(
            item["evidence_id"] == use.evidence_id and item["requirement_id"] == use.requirement_id
            for item in shown
        ):
            return True
    return False


def _uses(evidence: Evidence, *, lock: bool) -> list[EvidenceUse]:
    """Return the uses with what they back; locked where that is asked."""
    if lock:
        lock_used_by([evidence.id])
    return list(
        db.session.scalars(
            sa.select(EvidenceUse)
            .where(EvidenceUse.evidence_id == evidence.id)
            .order_by(EvidenceUse.id)
            .options(
                joinedload(EvidenceUse.task).joinedload(Task.pairing),
                joinedload(EvidenceUse.agreement),
                joinedload(EvidenceUse.assessment).selectinload(Assessment.submissions),
                joinedload(EvidenceUse.item),
            )
        )
    )


def _tasks_kept(evidence: Evidence, task_ids: Sequence[int]) -> set[int]:
    """Return the tasks that were closed on a round in which ``evidence`` was shown."""
    shown = _kept_snapshots(task_ids)
    return {
        task_id
        for task_id, items in shown.items()
        if any(item["evidence_id"] == evidence.id for item in items)
    }


def _kept_snapshots(task_ids: Sequence[int]) -> dict[int, list[dict[str, int]]]:
    """Return the pieces shown by each task's rounds that ended in closure."""
    if not task_ids:
        return {}
    shown: dict[int, list[dict[str, int]]] = {}
    for one in db.session.scalars(
        sa.select(ClosureRequest).where(
            ClosureRequest.task_id.in_(task_ids), ClosureRequest.state.in_(KEPT_ROUNDS)
        )
    ):
        shown.setdefault(one.task_id, []).extend(one.evidence)
    return shown


def _hold(use: EvidenceUse, kept: set[int], *, named: bool) -> Hold | None:
    """Return what ``use`` says about changing its piece; None when nothing.

    Only where it may be ``named`` is told what the piece is used for.
    """
    if use.task is not None:
        name = f"“{use.task.code} {use.task.title}”" if named else ""
        if use.task_id in kept:
            return Hold(f"这份材料是已销号任务{name}的依据，不能再变动。", True)
        if use.task.state.waits_for_review:
            return Hold(f"任务{name}正在审核，期间不能变动它的佐证材料。", False, use.task)
    if use.agreement is not None:
        return _agreement_hold(use.agreement, named=named)
    if use.assessment is not None:
        return _assessment_hold(use, use.assessment, named=named)
    return None


def _agreement_hold(agreement: Agreement, *, named: bool) -> Hold | None:
    if agreement.filed_at is not None:
        number = f"（{agreement.filing_number}）" if named else ""
        return Hold(f"这份材料是已备案协议{number}的附件，不能再变动。", True)
    if agreement.state is AgreementState.SUBMITTED:
        return Hold("协议正由省中心审核，期间不能变动它的附件。", False)
    return None


def _assessment_hold(use: EvidenceUse, assessment: Assessment, *, named: bool) -> Hold | None:
    title = use.item.title if use.item else ""
    item = f"{assessment.year} 年度考核指标“{title}”" if named else "年度考核指标"
    if assessment.state is AssessmentState.FINAL:
        return Hold(f"这份材料是已定稿的{item}的依据，不能再变动。", True)
    side = scoring_side(use.item) if use.item else None
    handed_in = side is not None and assessment.submission_of(side) is not None
    if assessment.state is not AssessmentState.SELF_ASSESSMENT or handed_in:
        return Hold(f"{item}的自评已经提交，期间不能变动它的佐证材料。", False)
    return None
