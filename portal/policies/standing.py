"""Where a pairing stands: the steps of the mechanism, and who must act next.

The steps are the notice's own (part three): leadership group, survey, agreement, filing, plan and
tasks, meetings, yearly assessment. Everything is derived from rows; nothing is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from portal import clock
from portal.models import (
    Agreement,
    AgreementState,
    AmendmentState,
    Assessment,
    AssessmentState,
    LeadershipGroup,
    Meeting,
    MeetingState,
    Pairing,
    Plan,
    PlanAmendment,
    PlanState,
    Side,
    SiteSurvey,
    SurveyState,
    TaskState,
)
from portal.policies import surveys
from portal.policies.agreements import renewal_due_since, sides_to_sign
from portal.policies.meetings import MeetingStatus, whose_turn
from portal.workdays import workdays_between

DONE, CURRENT, TODO, RETURNED = "done", "current", "todo", "returned"
BOTH = "双方基地管理员"


@dataclass(frozen=True)
class TaskCount:
    """The tasks of one pairing in one state, returned or not."""

    state: TaskState
    is_returned: bool
    number: int
    overdue: int
    waiting_since: datetime
    first_due_on: date


@dataclass(frozen=True)
class ExtensionCount:
    """Requests for more time that wait for one side, or (None) for the centre alone."""

    decided_by: Side | None
    number: int
    since: datetime


@dataclass(frozen=True)
class Facts:
    """All rows that the standing is derived from."""

    pairing: Pairing
    today: date
    gaps: Sequence[str]
    agreement: Agreement | None
    plan: Plan | None
    tasks: Sequence[TaskCount]
    meetings: Sequence[Meeting]
    meeting_status: MeetingStatus | None
    assessments: Sequence[Assessment]
    # What is to take the place of the agreement in force, where one is being made.
    next_agreement: Agreement | None = None
    # The latest visit that was not called off.
    survey: SiteSurvey | None = None
    group: LeadershipGroup | None = None
    amendment: PlanAmendment | None = None
    extensions: Sequence[ExtensionCount] = ()

    @property
    def total(self) -> int:
        """All tasks."""
        return sum(count.number for count in self.tasks)

    @property
    def closed(self) -> int:
        """Tasks closed off."""
        return sum(count.number for count in self.tasks if count.state is TaskState.CLOSED)

    @property
    def overdue(self) -> int:
        """Tasks past their due date and not closed, once the plan is in force."""
        return sum(count.overdue for count in self.tasks) if self.plan_runs else 0

    @property
    def plan_runs(self) -> bool:
        """Whether the plan is in force or done: before that no task can be late."""
        return self.plan is not None and self.plan.state in (
            PlanState.IN_FORCE,
            PlanState.COMPLETED,
        )


@dataclass(frozen=True)
class Waiting:
    """Who must act, on what, and since which Shanghai day they have been waited for."""

    who: str
    what: str
    since: date
    days: int
    endpoint: str
    values: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One step of the mechanism as ui.stepper shows it."""

    label: str
    state: str
    detail: str = ""


def waits_of(facts: Facts) -> list[Waiting]:
    """Return everything somebody is waited for, the longest waiting first.

    After an early end only a further agreement and the assessments of past years.
    """
    if facts.plan is not None and facts.plan.state is PlanState.TERMINATED:
        ended = [*_agreement_waits(facts), *_assessment_waits(facts)]
        return sorted(ended, key=lambda wait: wait.since)
    found = [
        *_group_waits(facts),
        *_survey_waits(facts),
        *_plan_waits(facts),
        *_agreement_waits(facts),
        *_task_waits(facts),
        *_change_waits(facts),
        *_meeting_waits(facts),
        *_assessment_waits(facts),
    ]
    return sorted(found, key=lambda wait: wait.since)


def _wait(facts: Facts, who: str, what: str, since: date | datetime, endpoint: str) -> Waiting:
    """Build an entry whose page takes the pairing's id."""
    day = clock.local_date(since) if isinstance(since, datetime) else since
    days = workdays_between(day, facts.today)
    return Waiting(who, what, day, days, endpoint, {"pairing_id": facts.pairing.id})


def _leader(facts: Facts, side: Side) -> str:
    return f"{facts.pairing.organisation_on(side).short_name}负责人"


def _group_waits(facts: Facts) -> list[Waiting]:
    if not facts.gaps:
        return []
    what = f"补齐领导小组（缺 {len(facts.gaps)} 项）"
    return [_wait(facts, BOTH, what, facts.pairing.created_at, "pairings.edit_group")]


def _survey_waits(facts: Facts) -> list[Waiting]:
    """A plan grows out of a visit (H-32); one that runs already is not held up for lack of it."""
    survey, today = facts.survey, facts.today
    if survey is None:
        if facts.plan is not None and facts.plan.state is not PlanState.DRAFTING:
            return []
        since = facts.pairing.created_at
        return [_wait(facts, BOTH, "开展实地调研", since, "surveys.list_for_pairing")]
    page, values = "surveys.show_survey", {"survey_id": survey.id}
    return [
        Waiting(one.who, one.what, one.since, workdays_between(one.since, today), page, {**values})
        for one in surveys.waits_for(survey)
        if one.since <= today
    ]


def _plan_waits(facts: Facts) -> list[Waiting]:
    plan, page = facts.plan, "plans.show_plan"
    if plan is None:
        return [_wait(facts, BOTH, "制定三年帮扶工作计划", facts.pairing.created_at, page)]
    if plan.state is not PlanState.DRAFTING:
        return []
    absent = [side for side in Side if plan.endorsement_of(side) is None]
    if len(absent) == len(Side):
        return [_wait(facts, BOTH, "商议计划并请双方负责人认可", plan.state_since, page)]
    return [
        _wait(facts, _leader(facts, side), "认可计划", plan.state_since, page) for side in absent
    ]


def _agreement_waits(facts: Facts) -> list[Waiting]:
    """What is being made, else the renewal of what is about to run out."""
    one, page = facts.next_agreement or facts.agreement, "agreements.show_for_pairing"
    if one is None:
        return [_wait(facts, BOTH, "起草帮扶协议", facts.pairing.created_at, page)]
    if due := renewal_due_since(one, facts.today):
        what = f"续签帮扶协议（{one.current.ends_on.isoformat()}到期）"
        return [_wait(facts, BOTH, what, due, page)]
    if one.state is AgreementState.SIGNING:
        absent = sides_to_sign(one)
        if absent:
            return [
                _wait(facts, _leader(facts, side), "签署协议", one.state_since, page)
                for side in absent
            ]
        return [_wait(facts, BOTH, "上传签字扫描件并报送备案", one.state_since, page)]
    whom = {
        AgreementState.DRAFT: (BOTH, "完成协议起草并发起签署"),
        AgreementState.SUBMITTED: ("省中心", "审核协议并备案"),
        AgreementState.RETURNED: (BOTH, "按退回意见修改协议"),
    }
    if one.state not in whom:
        return []
    who, what = whom[one.state]
    return [_wait(facts, who, what, one.state_since, page)]


def _task_waits(facts: Facts) -> list[Waiting]:
    """Reviews that wait, returned tasks, and tasks past their date."""
    page = "tasks.list_for_pairing"
    supported = facts.pairing.supported.short_name
    found = []
    for count in facts.tasks:
        if count.state is TaskState.CLOSURE_REQUESTED:
            who, what = _leader(facts, Side.SUPPORTING), f"确认 {count.number} 项销号申请"
        elif count.state is TaskState.CONFIRMED:
            who, what = "省中心", f"核验 {count.number} 项销号申请"
        elif count.is_returned and count.state.is_running:
            who, what = supported, f"修改 {count.number} 项被退回的任务"
        else:
            continue
        found.append(_wait(facts, who, what, count.waiting_since, page))
    late = [
        count
        for count in facts.tasks
        if facts.plan_runs
        and count.overdue
        and not count.is_returned
        and not count.state.waits_for_review
    ]
    if late:
        number = sum(count.overdue for count in late)
        since = min(count.first_due_on for count in late)
        found.append(_wait(facts, supported, f"完成 {number} 项逾期任务", since, page))
    return found


def _change_waits(facts: Facts) -> list[Waiting]:
    """An amendment that is open, and requests for more time."""
    found = []
    if (one := facts.amendment) is not None:
        page, since = "amendments.list_for_pairing", one.state_since
        if one.state is AmendmentState.DRAFTING:
            what = "按意见修改计划调整" if one.return_reason else "完成计划调整并提请同意"
            found.append(_wait(facts, BOTH, what, since, page))
        elif one.state is AmendmentState.AGREED:
            found.append(_wait(facts, "省中心", "批准计划调整", since, page))
        else:
            found += [
                _wait(facts, _leader(facts, side), "同意计划调整", since, page)
                for side in Side
                if one.endorsement_of(side) is None
            ]
    for count in facts.extensions:
        who = _leader(facts, count.decided_by) if count.decided_by else "省中心"
        what = f"审批 {count.number} 项延期申请"
        found.append(_wait(facts, who, what, count.since, "tasks.list_for_pairing"))
    return found


def _meeting_waits(facts: Facts) -> list[Waiting]:
    page = "meetings.list_for_pairing"
    found = []
    for meeting in facts.meetings:
        turn = whose_turn(meeting)
        if turn is None or turn.since > facts.today:
            continue
        who, what = BOTH, "修改会议纪要" if meeting.is_returned else "记录会议纪要"
        if meeting.state is MeetingState.HELD:
            who, what = _leader(facts, Side.SUPPORTING), "批准会议纪要"
        found.append(_wait(facts, who, what, turn.since, page))
    status = facts.meeting_status
    if status is not None and status.is_overdue and status.next_due_on:
        what = f"召开领导小组会议（逾期 {status.overdue_days} 天）"
        # Nobody can have waited for it before there was a pairing.
        since = max(status.next_due_on, clock.local_date(facts.pairing.created_at))
        found.append(_wait(facts, BOTH, what, since, page))
    return found


def _assessment_waits(facts: Facts) -> list[Waiting]:
    page = "assessments.list_for_pairing"
    whom = {
        AssessmentState.SUBMITTED: ("省中心", ("开始", "评审")),
        AssessmentState.REVIEW: ("省中心", ("完成", "评审")),
        AssessmentState.PROVISIONAL: ("省卫健委", ("审定", "成绩")),
        AssessmentState.APPEAL: ("省中心", ("答复", "申诉")),
    }
    found = []
    for one in facts.assessments:
        if one.state is AssessmentState.SELF_ASSESSMENT:
            sides = [side for side in Side if one.submission_of(side) is None]
            names = "、".join(facts.pairing.organisation_on(side).short_name for side in sides)
            who, what = names or BOTH, ("提交", "自评")
        elif one.state in whom:
            who, what = whom[one.state]
        else:
            continue
        found.append(
            _wait(facts, who, f"{what[0]} {one.year} 年度考核{what[1]}", one.state_since, page)
        )
    return found


def steps_of(facts: Facts) -> list[Step]:
    """Return the steps of the mechanism with where each stands."""
    return [
        _group_step(facts),
        _survey_step(facts),
        *_agreement_steps(facts),
        _plan_step(facts),
        _meeting_step(facts),
        _assessment_step(facts),
    ]


def _group_step(facts: Facts) -> Step:
    if facts.gaps:
        return Step("领导小组", CURRENT, f"缺 {len(facts.gaps)} 项")
    return Step("领导小组", DONE, "人员齐备")


def _survey_step(facts: Facts) -> Step:
    label, survey = "实地调研", facts.survey
    if survey is None:
        return Step(label, TODO, "未开展")
    if survey.state is SurveyState.CONFIRMED:
        return Step(label, DONE, survey.ends_on.isoformat())
    if survey.return_reason:
        return Step(label, RETURNED, "退回补充调研")
    return Step(label, CURRENT, survey.state.label)


def _agreement_steps(facts: Facts) -> tuple[Step, Step]:
    """Return signing and filing."""
    sign, file = "协议签署", "备案"
    one = facts.agreement
    if one is None:
        return Step(sign, TODO, "未起草"), Step(file, TODO)
    if one.state is AgreementState.TERMINATED:
        return Step(sign, DONE), Step(file, RETURNED, one.state.label)
    if one.state is AgreementState.FILED:
        filed_on = clock.local_date(one.filed_at) if one.filed_at else None
        return Step(sign, DONE), Step(file, DONE, filed_on.isoformat() if filed_on else "")
    if one.state is AgreementState.SUBMITTED:
        return Step(sign, DONE), Step(file, CURRENT, one.state.label)
    if one.state is AgreementState.RETURNED:
        return Step(sign, DONE), Step(file, RETURNED, one.state.label)
    return Step(sign, CURRENT, one.state.label), Step(file, TODO)


def _plan_step(facts: Facts) -> Step:
    label, plan = "计划执行", facts.plan
    if plan is None:
        return Step(label, TODO, "未制定")
    if plan.state in (PlanState.COMPLETED, PlanState.TERMINATED):
        return Step(label, DONE, plan.state.label)
    if plan.state is PlanState.IN_FORCE:
        return Step(label, CURRENT, f"已销号 {facts.closed}/{facts.total}")
    return Step(label, TODO, plan.state.label)


def _meeting_step(facts: Facts) -> Step:
    label = "会议"
    held = sum(meeting.held_on is not None for meeting in facts.meetings)
    if not held:
        return Step(label, TODO, "未召开")
    return Step(label, CURRENT, f"已召开 {held} 次")


def _assessment_step(facts: Facts) -> Step:
    label = "年度考核"
    waiting = [one for one in facts.assessments if one.state is not AssessmentState.FINAL]
    if waiting:
        return Step(label, CURRENT, f"{waiting[-1].year} 年{waiting[-1].state.label}")
    if facts.assessments:
        last = facts.assessments[-1]
        return Step(label, DONE, f"{last.year} 年{last.grade.label if last.grade else ''}")
    return Step(label, TODO, "未开始")
