"""What keeps a piece of evidence as it is, and for whom.

For good: a round of closure that closed its task (a look-back changes nothing about that), a
filed agreement, a final assessment, a plan in force that leaves a core task out because of it.
For now: whatever somebody else is deciding about
(design/domain.md, Evidence).
"""

from dataclasses import dataclass

from portal.models import (
    Agreement,
    AgreementState,
    Assessment,
    AssessmentState,
    EvidenceUse,
    MetTarget,
    PlanState,
    Task,
    TaskState,
    User,
)
from portal.policies import closure
from portal.policies.assessments import scoring_side


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


def hold_of(use: EvidenceUse, kept: set[int], *, named: bool) -> Hold | None:
    """Return what ``use`` says about changing its piece; None when nothing.

    Only where it may be ``named`` is told what the piece is used for.
    """
    if use.task is not None:
        name = f"“{use.task.code} {use.task.title}”" if named else ""
        if use.task_id in kept:
            return Hold(f"这份材料是已销号任务{name}的依据，不能再变动。", True)
        if use.task.state.waits_for_review:
            return Hold(f"任务{name}正在审核，期间不能变动它的佐证材料。", False, use.task)
        if use.task.state is TaskState.SUSPENDED:
            return Hold(f"任务{name}已暂停，材料予以保留，恢复后才能变动。", False)
        if use.task.state is TaskState.CANCELLED:
            return Hold(f"任务{name}已取消，材料予以保留，不能再变动。", True)
    if use.agreement is not None:
        return _agreement_hold(use.agreement, named=named)
    if use.assessment is not None:
        return _assessment_hold(use, use.assessment, named=named)
    return None


def met_hold(target: MetTarget, *, named: bool) -> Hold | None:
    """Return what a core task that is met already says about its proof; None while drafting."""
    name = f"“{target.library_task.title}”" if named else ""
    if target.plan.state is PlanState.DRAFTING:
        return None
    if target.plan.state is PlanState.AGREED:
        return Hold(f"这份材料是双方商定的计划中{name}已达标的依据，期间不能变动。", False)
    return Hold(f"这份材料是生效计划中{name}已达标的依据，不能再变动。", True)


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
