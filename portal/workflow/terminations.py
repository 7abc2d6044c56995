"""Ending a filed agreement early: requested → agreed → consented, or refused, or withdrawn."""

import sqlalchemy as sa

from portal.models import Agreement, AgreementTermination, TerminationState
from portal.policies.agreements import IN_FORCE, is_being_made
from portal.policies.terminations import can_answer, can_decide, can_lapse, can_take_back_request
from portal.workflow.engine import Step, Workflow, session_of

T = TerminationState


def missing_for_consent(termination: AgreementTermination) -> list[str]:
    """Return why the agreement cannot end: another is about to take its place, or it is over."""
    agreement = termination.agreement
    if agreement.state is not IN_FORCE:
        return [f"协议当前状态为“{agreement.state.label}”，不能终止"]
    open_one = session_of(termination).scalar(
        sa.select(Agreement.kind).where(
            Agreement.pairing_id == agreement.pairing_id, is_being_made()
        )
    )
    return [f"本结对有正在办理的{open_one.label}，请双方先放弃起草或办结"] if open_one else []


WORKFLOW: Workflow[AgreementTermination] = Workflow(
    object_type="agreement_termination",
    noun="终止申请",
    steps=(
        Step(
            "agree",
            "同意终止",
            "同意提前终止，报省卫健委",
            frozenset({T.REQUESTED}),
            T.AGREED,
            can_answer,
            tone="accent",
        ),
        Step(
            "decline",
            "不同意终止",
            "不同意提前终止",
            frozenset({T.REQUESTED}),
            T.REFUSED,
            can_answer,
            comment_required=True,
        ),
        Step(
            "consent",
            "准予终止",
            "省卫健委同意提前终止",
            frozenset({T.AGREED}),
            T.CONSENTED,
            can_decide,
            missing_for_consent,
            tone="danger",
        ),
        Step(
            "refuse",
            "不予同意",
            "省卫健委不同意提前终止",
            frozenset({T.AGREED}),
            T.REFUSED,
            can_decide,
            comment_required=True,
        ),
        Step(
            "withdraw",
            "撤回申请",
            "撤回终止申请",
            frozenset({T.REQUESTED, T.AGREED}),
            T.WITHDRAWN,
            can_take_back_request,
            tone="warning",
        ),
        Step(
            "lapse",
            "失效",
            "协议已被替代，终止申请失效",
            frozenset({T.REQUESTED, T.AGREED}),
            T.WITHDRAWN,
            can_lapse,
            tone="warning",
        ),
    ),
)
