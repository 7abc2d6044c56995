"""What evidence can back, who may attach it there, and when that is over.

A place is a task (or one of its requirements), a meeting, an agreement, or an item of an
assessment: whoever may edit that object may attach to it.
"""

from dataclasses import dataclass
from typing import Any

from portal.models import (
    Agreement,
    AgreementState,
    Assessment,
    AssessmentState,
    EvidenceRequirement,
    EvidenceUse,
    Meeting,
    MeetingState,
    Pairing,
    ScoreItem,
    Task,
    User,
)
from portal.policies import agreements, meetings, tasks
from portal.policies.assessments import can_self_assess, scoring_side
from portal.policies.decision import Decision, no
from portal.policies.scope import side_of

OPEN_MEETINGS = frozenset({MeetingState.PLANNED, MeetingState.HELD})
OPEN_AGREEMENTS = agreements.EDITABLE | {AgreementState.SIGNING}

Target = Task | Meeting | Agreement | Assessment


@dataclass(frozen=True)
class Place:
    """One thing that evidence can back; ``item`` goes with an assessment, and only with one."""

    target: Target
    requirement: EvidenceRequirement | None = None
    item: ScoreItem | None = None

    @classmethod
    def of(cls, use: EvidenceUse) -> "Place":
        """Return the place of ``use``."""
        target = use.task or use.meeting or use.agreement or use.assessment
        if target is None:
            raise RuntimeError("a use backs nothing, which its table does not allow")
        return cls(target, use.requirement, use.item)

    @property
    def pairing(self) -> Pairing:
        """The pairing that the place belongs to."""
        return self.target.pairing

    @property
    def requirements(self) -> list[EvidenceRequirement]:
        """What the target demands; only a task demands anything."""
        return self.target.requirements if isinstance(self.target, Task) else []

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of EvidenceUse that name the place."""
        found: dict[str, Any] = {
            "task_id": None,
            "meeting_id": None,
            "agreement_id": None,
            "assessment_id": None,
            "requirement_id": self.requirement.id if self.requirement else None,
            "item_id": self.item.id if self.item else None,
        }
        found[f"{self.kind}_id"] = self.target.id
        return found

    @property
    def kind(self) -> str:
        """What it is, as the record of events calls it: task, meeting, agreement, assessment."""
        return type(self.target).__name__.lower()

    @property
    def name(self) -> str:
        """What of the target it stands for, in words."""
        if isinstance(self.target, Task):
            return self.requirement.name if self.requirement else "其他材料"
        return f"指标“{self.item.title}”" if self.item else "附件"


def can_attach(viewer: User, place: Place) -> Decision:
    """Whoever may edit the object; of an assessment, the side that scores the item itself.

    Judges the person only; :func:`why_locked` judges the moment.
    """
    target = place.target
    if isinstance(target, Task):
        return tasks.can_work_on(viewer, target)
    if isinstance(target, Meeting):
        return meetings.can_edit_meeting(viewer, target)
    if isinstance(target, Agreement):
        return agreements.can_edit(viewer, target)
    allowed = can_self_assess(viewer, target)
    side = scoring_side(place.item) if place.item else None
    if allowed and (side is None or side is not side_of(viewer, target.pairing)):
        return no(
            f"这项指标由{side.label}自评。" if side else "这项指标由台账自动计分，不需要佐证材料。"
        )
    return allowed


def why_locked(place: Place) -> str:
    """Return why nothing can be attached to or taken from ``place`` now; empty when it can."""
    target = place.target
    if isinstance(target, Task):
        return tasks.why_locked(target)
    if isinstance(target, Meeting):
        if target.state in OPEN_MEETINGS:
            return ""
        over = "会议已取消" if target.state is MeetingState.CANCELLED else "会议纪要已批准"
        return f"{over}，附件不再变动。"
    if isinstance(target, Agreement):
        if target.state in OPEN_AGREEMENTS:
            return ""
        return f"协议当前状态为“{target.state.label}”，附件不能变动。"
    if target.state is not AssessmentState.SELF_ASSESSMENT:
        return f"年度考核当前状态为“{target.state.label}”，自评材料不能变动。"
    side = scoring_side(place.item) if place.item else None
    if side is not None and target.submission_of(side) is not None:
        return f"{side.label}自评已提交，自评材料不能变动。"
    return ""
