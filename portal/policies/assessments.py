"""Who may do what with a year's assessment, and who may already see the reviewer's scores."""

from portal.models import (
    Assessment,
    AssessmentState,
    ItemMode,
    ItemSide,
    Role,
    ScoreItem,
    Side,
    User,
)
from portal.policies.decision import Decision, no, yes_if
from portal.policies.pairings import works_in
from portal.policies.scope import has_pairings, sees_all_pairings

OPEN_RESULT = frozenset(
    {AssessmentState.PROVISIONAL, AssessmentState.APPEAL, AssessmentState.FINAL}
)
"""From the provisional result on, everyone who sees the sheet sees the reviewer's scores."""

ONLY_CENTRE = "年度考核的这一步由省中心审核员办理。"
OWN_SHEET = "您曾代表结对一方提交本次自评，须由其他人办理。"


def reads_assessments(viewer: User) -> bool:
    """Whether assessments are any business of this role: not of contributors or keepers."""
    if viewer.role is Role.CONTRIBUTOR:
        return False
    return viewer.role is Role.EXPERT or has_pairings(viewer)


def is_assigned(viewer: User, assessment: Assessment) -> bool:
    """Whether ``viewer`` is an expert who scores this assessment.

    Being on the list is not enough: who has since moved to one of the two hospitals is out.
    """
    listed = any(one.user_id == viewer.id for one in assessment.experts)
    return listed and bool(may_judge(viewer, assessment))


def handed_in(viewer: User, assessment: Assessment) -> bool:
    """Whether ``viewer`` handed in a side's self-assessment, wherever they work now."""
    return any(mark.user_id == viewer.id for mark in assessment.submissions)


def scoring_side(item: ScoreItem) -> Side | None:
    """Return who fills in the self score of ``item``; nobody does for an automatic one.

    The supporting base answers for what concerns both, the supported base for its own.
    """
    if item.mode is not ItemMode.JUDGED:
        return None
    return Side.SUPPORTED if item.side is ItemSide.SUPPORTED else Side.SUPPORTING


def sees_review(viewer: User, assessment: Assessment) -> bool:
    """Whether the reviewer's scores and the verdict are shown to ``viewer`` now."""
    return (
        assessment.state in OPEN_RESULT
        or sees_all_pairings(viewer)
        or is_assigned(viewer, assessment)
    )


def can_open(viewer: User) -> Decision:
    """The centre opens a year's assessments."""
    return yes_if(viewer.role is Role.CENTRE_REVIEWER, "年度考核由省中心审核员发起。")


def can_self_assess(viewer: User, assessment: Assessment) -> Decision:
    """Both hospitals' coordinators and leaders fill in and hand in their own side's sheet."""
    return yes_if(works_in(viewer, assessment.pairing), "自评由结对双方的基地管理员或负责人填写。")


def can_manage(viewer: User, assessment: Assessment) -> Decision:
    """The centre runs the review: returns, starts, N/A, caps, experts, the provisional result.

    Not so who handed in the self-assessment before they came to the centre (four eyes).
    """
    if viewer.role is not Role.CENTRE_REVIEWER:
        return no(ONLY_CENTRE)
    return yes_if(not handed_in(viewer, assessment), OWN_SHEET)


def can_review(viewer: User, assessment: Assessment) -> Decision:
    """The centre's reviewers and the experts assigned to this sheet score it."""
    if viewer.role is Role.CENTRE_REVIEWER:
        return can_manage(viewer, assessment)
    return yes_if(is_assigned(viewer, assessment), "评审打分由省中心审核员或指定的评审专家办理。")


def can_appeal(viewer: User, assessment: Assessment) -> Decision:
    """Both hospitals may appeal against the provisional result."""
    return yes_if(works_in(viewer, assessment.pairing), "申诉由结对双方的基地管理员或负责人提出。")


def can_publish(viewer: User, assessment: Assessment) -> Decision:
    """The commission publishes; whoever handed in, reviewed or scored does not (four eyes)."""
    if viewer.role is not Role.COMMISSION_OFFICER:
        return no("最终结果由省卫健委发布。")
    if handed_in(viewer, assessment):
        return no(OWN_SHEET)
    involved = {assessment.reviewed_by_id, *(score.reviewer_id for score in assessment.scores)}
    return yes_if(viewer.id not in involved, "您参与了本次评审，须由其他人发布最终结果。")


def may_judge(expert: User, assessment: Assessment) -> Decision:
    """An expert belongs to neither hospital, and handed nothing in for one (§10.2, experts)."""
    if expert.role is not Role.EXPERT or not expert.is_active:
        return no("只能指派有效的评审专家账号。")
    if handed_in(expert, assessment):
        return no("该专家曾代表结对一方提交本次自评，不能参加评审。")
    pairing = assessment.pairing
    return yes_if(
        expert.organisation_id not in (pairing.supporting_id, pairing.supported_id),
        "评审专家不得受聘于结对双方单位。",
    )
