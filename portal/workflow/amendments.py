"""An amendment: drafting → proposed → agreed (both leaders) → approved (the centre); or back."""

from portal.models import AmendmentState, PlanAmendment, PlanState
from portal.policies import amendments as policies
from portal.policies.amendment_lines import (
    missing_consents,
    missing_to_apply,
    missing_to_propose,
)
from portal.workflow.engine import Step, Workflow

DRAFTING = frozenset({AmendmentState.DRAFTING})
PROPOSED = frozenset({AmendmentState.PROPOSED})
AGREED = frozenset({AmendmentState.AGREED})


def missing_to_agree(amendment: PlanAmendment) -> list[str]:
    """Return what the second leader's consent still needs."""
    return missing_to_propose(amendment) + missing_consents(amendment)


def missing_to_approve(amendment: PlanAmendment) -> list[str]:
    """Return what keeps the centre from approving: the plan, or a line that no longer fits."""
    state = amendment.plan.state
    gaps = [] if state is PlanState.IN_FORCE else [f"三年帮扶工作计划{state.label}，不再调整"]
    return gaps + missing_to_apply(amendment)


AMENDMENT = Workflow[PlanAmendment](
    object_type="amendment",
    noun="计划调整",
    steps=(
        Step(
            "propose",
            "提请同意",
            "提请双方负责人同意",
            DRAFTING,
            AmendmentState.PROPOSED,
            may=policies.can_edit_amendment,
            missing=missing_to_propose,
            tone="accent",
        ),
        Step(
            "agree",
            "同意",
            "双方负责人均已同意，报省中心批准",
            PROPOSED,
            AmendmentState.AGREED,
            may=policies.can_consent,
            missing=missing_to_agree,
            tone="success",
        ),
        Step(
            "decline",
            "退回修改",
            "负责人退回修改",
            PROPOSED,
            AmendmentState.DRAFTING,
            may=policies.can_consent,
            comment_required=True,
            tone="warning",
        ),
        Step(
            "return_amendment",
            "退回",
            "省中心退回计划调整",
            AGREED,
            AmendmentState.DRAFTING,
            may=policies.can_decide_amendment,
            comment_required=True,
            tone="warning",
        ),
        Step(
            "reopen",
            "收回修改",
            "收回修改，已有的同意作废",
            PROPOSED | AGREED,
            AmendmentState.DRAFTING,
            may=policies.can_edit_amendment,
            tone="warning",
        ),
        Step(
            "approve",
            "批准",
            "省中心批准，计划按调整内容执行",
            AGREED,
            AmendmentState.APPROVED,
            may=policies.can_decide_amendment,
            missing=missing_to_approve,
            tone="success",
        ),
        Step(
            "withdraw",
            "撤销",
            "撤销计划调整",
            DRAFTING | PROPOSED | AGREED,
            AmendmentState.WITHDRAWN,
            may=policies.can_edit_amendment,
        ),
    ),
)
