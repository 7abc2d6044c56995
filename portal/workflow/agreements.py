"""The agreement's state machine: draft → signing → submitted → filed, or returned (H-35, H-36)."""

import sqlalchemy as sa

from portal.models import (
    Agreement,
    AgreementState,
    Area,
    LeadershipGroup,
    Pairing,
    Plan,
    PlanState,
    Side,
    Task,
)
from portal.policies.agreement_checks import SETTLED_PLAN, empty_blocks, term_gap
from portal.policies.agreement_remarks import remark_gap, unsettled
from portal.policies.agreement_text import text_gaps
from portal.policies.agreements import (
    IN_FORCE,
    can_edit,
    can_review,
    can_take_back,
    can_terminate,
    can_withdraw,
)
from portal.policies.groups import composition_gaps
from portal.workflow.annexes import outdated
from portal.workflow.engine import Step, Workflow, session_of

S = AgreementState


def plan_of(pairing: Pairing) -> Plan | None:
    """Return the pairing's three-year plan, if there is one."""
    return session_of(pairing).scalar(sa.select(Plan).where(Plan.pairing_id == pairing.id))


def task_counts(plan: Plan | None) -> dict[Area, int]:
    """Return how many tasks of the plan belong to each area that has any, as annexe 2 lists
    them: without what an amendment cancelled."""
    if plan is None:
        return {}
    kept = (Task.plan_id == plan.id, Task.counts)
    counted = sa.select(Task.area, sa.func.count()).where(*kept)
    rows = session_of(plan).execute(counted.group_by(Task.area))
    return {row[0]: row[1] for row in rows}


def group_missing(pairing: Pairing) -> list[str]:
    """Return the gaps of the leadership group (H-30)."""
    group = session_of(pairing).scalar(
        sa.select(LeadershipGroup).where(LeadershipGroup.pairing_id == pairing.id)
    )
    return composition_gaps(group, pairing)


def plan_missing(plan: Plan | None, counts: dict[Area, int]) -> list[str]:
    """Return what plan and task list still lack (H-33): agreed by both, tasks in all areas."""
    if plan is None:
        return ["尚未制定三年帮扶工作计划"]
    gaps = [] if plan.state in SETTLED_PLAN else ["三年帮扶工作计划还没有经双方负责人商定"]
    return gaps + [f"任务清单缺少“{area.label}”方面的任务" for area in Area if area not in counts]


def text_missing(agreement: Agreement, counts: dict[Area, int]) -> list[str]:
    """Return what the current text lacks or contradicts (H-05, H-35)."""
    revision = agreement.current
    gaps = [f"协议缺少“{block.label}”的约定" for block in empty_blocks(revision)]
    if gap := term_gap(agreement, revision):
        gaps.append(gap)
    total = sum(counts.values())
    return gaps + text_gaps(revision.clauses, revision.starts_on, revision.ends_on, total)


def remarks_missing(agreement: Agreement) -> list[str]:
    """Return what the centre asked for and nobody has mended or answered yet."""
    return [remark_gap(one) for one in unsettled(agreement)]


def missing_for_signing(agreement: Agreement) -> list[str]:
    """Return what must be done before the leaders are asked to sign."""
    plan = plan_of(agreement.pairing)
    counts = task_counts(plan)
    return [
        *group_missing(agreement.pairing),
        *plan_missing(plan, counts),
        *text_missing(agreement, counts),
        *remarks_missing(agreement),
    ]


def signatures_missing(agreement: Agreement) -> list[str]:
    """Return which signature or scan the current revision still lacks."""
    revision, pairing = agreement.current, agreement.pairing
    gaps = [
        f"{pairing.organisation_on(side).short_name}负责人尚未签署"
        for side in Side
        if revision.signature_of(side) is None
    ]
    return gaps if revision.scan_id else [*gaps, "尚未上传签字盖章后的协议扫描件"]


def missing_for_submission(agreement: Agreement) -> list[str]:
    """Return what must be done before the agreement goes to the centre.

    The list for signing holds again: group and plan may have changed since then.
    """
    return [
        *signatures_missing(agreement),
        *missing_for_signing(agreement),
        *outdated(agreement.current, agreement.pairing),
    ]


def missing_for_filing(agreement: Agreement) -> list[str]:
    """Return why the centre cannot file: the plan it would put in force is no longer agreed,
    says something else than what was signed, or what it is to replace is over."""
    plan = plan_of(agreement.pairing)
    gaps = [] if plan and plan.state in SETTLED_PLAN else plan_missing(plan, task_counts(plan))
    if agreement.replaces is not None and agreement.replaces.state is not IN_FORCE:
        gaps.append(f"原协议当前状态为“{agreement.replaces.state.label}”，不能由本协议替代")
    return gaps + outdated(agreement.current, agreement.pairing)


def only_a_change(agreement: Agreement) -> list[str]:
    """Return why a first agreement is not abandoned: the notice demands one."""
    return [] if agreement.replaces_id else ["帮扶协议须按通知要求签订，只能修改，不能放弃"]


def awaits_filing(plan: Plan | None) -> bool:
    """Whether filing puts this plan in force."""
    return plan is not None and plan.state is PlanState.AGREED


WORKFLOW: Workflow[Agreement] = Workflow(
    object_type="agreement",
    noun="协议",
    steps=(
        Step(
            "open_signing",
            "提请签署",
            "提请双方签署",
            frozenset({S.DRAFT, S.RETURNED}),
            S.SIGNING,
            can_edit,
            missing_for_signing,
            tone="info",
        ),
        Step(
            "reopen_draft",
            "撤回修改",
            "撤回修改，本稿签署作废",
            frozenset({S.SIGNING}),
            S.DRAFT,
            can_withdraw,
            tone="warning",
        ),
        Step(
            "submit",
            "报送备案",
            "报送省中心备案",
            frozenset({S.SIGNING}),
            S.SUBMITTED,
            can_edit,
            missing_for_submission,
            tone="accent",
        ),
        Step(
            "file",
            "备案",
            "准予备案",
            frozenset({S.SUBMITTED}),
            S.FILED,
            can_review,
            missing_for_filing,
            tone="success",
        ),
        Step(
            "return",
            "退回",
            "退回修改",
            frozenset({S.SUBMITTED}),
            S.RETURNED,
            can_review,
            comment_required=True,
            tone="warning",
        ),
        Step(
            "take_back",
            "撤回报送",
            "撤回报送，退出备案审核",
            frozenset({S.SUBMITTED}),
            S.DRAFT,
            can_take_back,
            comment_required=True,
            tone="warning",
        ),
        Step(
            "abandon",
            "放弃",
            "放弃起草，原协议继续有效",
            frozenset({S.DRAFT, S.RETURNED}),
            S.TERMINATED,
            can_edit,
            only_a_change,
            comment_required=True,
            tone="warning",
        ),
        Step(
            "supersede",
            "替代",
            "新协议已备案，本协议被替代",
            frozenset({S.FILED}),
            S.SUPERSEDED,
            can_review,
        ),
        Step(
            "terminate",
            "提前终止",
            "经省卫健委同意，协议提前终止",
            frozenset({S.FILED}),
            S.TERMINATED,
            can_terminate,
            tone="danger",
        ),
    ),
)
