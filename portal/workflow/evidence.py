"""The review of a piece of evidence: pending → accepted | rejected; withdrawn from anywhere.

A new file, or a change to what is said of it, is reviewed anew. What is frozen (a closed round,
a filed agreement or a final assessment rests on it) is the services' business: it depends on
everything that uses the piece.
"""

from portal.models import Evidence, EvidenceStatus
from portal.policies import evidence as policies
from portal.workflow.engine import Step, Workflow

ANY_STANDING = frozenset({EvidenceStatus.PENDING, EvidenceStatus.ACCEPTED, EvidenceStatus.REJECTED})

EVIDENCE: Workflow[Evidence] = Workflow(
    "evidence",
    "该材料",
    (
        Step(
            "accept",
            "认可",
            "认可佐证材料",
            frozenset({EvidenceStatus.PENDING}),
            EvidenceStatus.ACCEPTED,
            may=policies.can_review,
            tone="success",
        ),
        Step(
            "reject",
            "不予认可",
            "不予认可佐证材料",
            frozenset({EvidenceStatus.PENDING, EvidenceStatus.ACCEPTED}),
            EvidenceStatus.REJECTED,
            may=policies.can_review,
            comment_required=True,
            tone="danger",
        ),
        Step(
            "revise",
            "换新版本",
            "换新版本，重新审核",
            ANY_STANDING,
            EvidenceStatus.PENDING,
            may=policies.can_change,
            tone="info",
        ),
        Step(
            "amend",
            "修改",
            "修改材料信息，重新审核",
            ANY_STANDING,
            EvidenceStatus.PENDING,
            may=policies.can_change,
            tone="info",
        ),
        Step(
            "withdraw",
            "撤回",
            "撤回佐证材料",
            ANY_STANDING,
            EvidenceStatus.WITHDRAWN,
            may=policies.can_withdraw,
            comment_required=True,
            tone="warning",
        ),
    ),
    attribute="status",
    stamp="",
)
