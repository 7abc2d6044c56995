"""Who must act next in a pairing, and where each step of the mechanism stands."""

from datetime import UTC, date, datetime

import pytest

from portal.models import (
    Agreement,
    AgreementRevision,
    AgreementSignature,
    AgreementState,
    Assessment,
    AssessmentState,
    Grade,
    Meeting,
    MeetingState,
    Organisation,
    Pairing,
    Plan,
    PlanEndorsement,
    PlanState,
    SelfSubmission,
    Side,
    SiteSurvey,
    SurveyConfirmation,
    SurveyState,
    TaskState,
)
from portal.policies.meetings import MeetingStatus
from portal.policies.standing import Facts, TaskCount, steps_of, waits_of

TODAY = date(2021, 3, 15)
CREATED = datetime(2020, 4, 20, 1, tzinfo=UTC)
FRIDAY = datetime(2021, 3, 12, 1, tzinfo=UTC)
BOTH = "双方基地管理员"


def pairing():
    return Pairing(
        id=7,
        supporting=Organisation(name="海口市人民医院", short_name="海口"),
        supported=Organisation(name="文昌市人民医院", short_name="文昌"),
        created_at=CREATED,
    )


PAIRING = pairing()


def facts(**changes):
    values = {
        "pairing": PAIRING,
        "today": TODAY,
        "gaps": [],
        "agreement": agreement(AgreementState.FILED),
        "plan": plan(PlanState.IN_FORCE),
        "tasks": [],
        "meetings": [],
        "meeting_status": None,
        "assessments": [],
        "survey": survey(SurveyState.CONFIRMED),
    }
    return Facts(**{**values, **changes})


def agreement(state, *signed):
    revision = AgreementRevision(number=1, ends_on=date(2023, 5, 21))
    revision.signatures = [AgreementSignature(side=side) for side in signed]
    return Agreement(state=state, state_since=FRIDAY, filed_at=FRIDAY, revisions=[revision])


def plan(state, *endorsed):
    marks = [PlanEndorsement(side=side) for side in endorsed]
    return Plan(state=state, state_since=FRIDAY, endorsements=marks)


def survey(state, *confirmed, starts_on=date(2021, 3, 12), reason=""):
    return SiteSurvey(
        id=9,
        pairing=PAIRING,
        state=state,
        state_since=FRIDAY,
        starts_on=starts_on,
        ends_on=date(2021, 3, 13),
        return_reason=reason,
        confirmations=[SurveyConfirmation(side=side) for side in confirmed],
    )


def tasks(state, number=2, *, returned=False, overdue=0):
    return TaskCount(state, returned, number, overdue, FRIDAY, date(2021, 3, 10))


def assessment(state, *handed_in, year=2020, grade=None):
    marks = [SelfSubmission(side=side) for side in handed_in]
    return Assessment(state=state, state_since=FRIDAY, year=year, submissions=marks, grade=grade)


def meeting(state, day=date(2021, 3, 12), reason=""):
    at = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
    return Meeting(
        state=state,
        state_since=at,
        planned_at=at,
        held_on=day if state is not MeetingState.PLANNED or reason else None,
        return_reason=reason,
        pairing=PAIRING,
    )


def told(**changes):
    return [(wait.who, wait.what) for wait in waits_of(facts(**changes))]


def test_pairing_in_order_waits_for_nobody():
    assert told() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gaps": ["缺少甲", "缺少乙"]}, [(BOTH, "补齐领导小组（缺 2 项）")]),
        ({"survey": None}, []),
        ({"survey": None, "plan": plan(PlanState.AGREED)}, []),
        (
            {"survey": None, "plan": None},
            [(BOTH, "开展实地调研"), (BOTH, "制定三年帮扶工作计划")],
        ),
        ({"survey": survey(SurveyState.PLANNED)}, [("海口基地管理员或负责人", "开始实地调研")]),
        ({"survey": survey(SurveyState.PLANNED, starts_on=date(2021, 3, 16))}, []),
        ({"survey": survey(SurveyState.IN_FIELD)}, [(BOTH, "完成实地调研和报告")]),
        ({"survey": survey(SurveyState.IN_FIELD, reason="缺")}, [(BOTH, "按退回意见补充调研")]),
        (
            {"survey": survey(SurveyState.REPORT_DRAFT)},
            [("海口负责人", "确认调研报告"), ("文昌负责人", "确认调研报告")],
        ),
        (
            {"survey": survey(SurveyState.REPORT_DRAFT, Side.SUPPORTING)},
            [("文昌负责人", "确认调研报告")],
        ),
        ({"plan": None}, [(BOTH, "制定三年帮扶工作计划")]),
        ({"plan": plan(PlanState.DRAFTING)}, [(BOTH, "商议计划并请双方负责人认可")]),
        ({"plan": plan(PlanState.DRAFTING, Side.SUPPORTING)}, [("文昌负责人", "认可计划")]),
        ({"plan": plan(PlanState.AGREED)}, []),
        ({"plan": plan(PlanState.COMPLETED)}, []),
        ({"agreement": None}, [(BOTH, "起草帮扶协议")]),
        ({"agreement": agreement(AgreementState.DRAFT)}, [(BOTH, "完成协议起草并发起签署")]),
        (
            {"agreement": agreement(AgreementState.SIGNING)},
            [("海口负责人", "签署协议"), ("文昌负责人", "签署协议")],
        ),
        (
            {"agreement": agreement(AgreementState.SIGNING, Side.SUPPORTED)},
            [("海口负责人", "签署协议")],
        ),
        (
            {"agreement": agreement(AgreementState.SIGNING, *Side)},
            [(BOTH, "上传签字扫描件并报送备案")],
        ),
        ({"agreement": agreement(AgreementState.SUBMITTED)}, [("省中心", "审核协议并备案")]),
        ({"agreement": agreement(AgreementState.RETURNED)}, [(BOTH, "按退回意见修改协议")]),
        ({"tasks": [tasks(TaskState.CLOSURE_REQUESTED)]}, [("海口负责人", "确认 2 项销号申请")]),
        ({"tasks": [tasks(TaskState.CONFIRMED, 3)]}, [("省中心", "核验 3 项销号申请")]),
        (
            {"tasks": [tasks(TaskState.IN_PROGRESS, returned=True, overdue=1)]},
            [("文昌", "修改 2 项被退回的任务")],
        ),
        (
            {"tasks": [tasks(TaskState.NOT_STARTED, 5, overdue=2)]},
            [("文昌", "完成 2 项逾期任务")],
        ),
        ({"tasks": [tasks(TaskState.IN_PROGRESS), tasks(TaskState.CLOSED)]}, []),
        (
            {"tasks": [tasks(TaskState.CLOSURE_REQUESTED, overdue=2)]},
            [("海口负责人", "确认 2 项销号申请")],
        ),
        ({"meetings": [meeting(MeetingState.HELD)]}, [("海口负责人", "批准会议纪要")]),
        ({"meetings": [meeting(MeetingState.PLANNED)]}, [(BOTH, "记录会议纪要")]),
        ({"meetings": [meeting(MeetingState.PLANNED, date(2021, 3, 20))]}, []),
        ({"meetings": [meeting(MeetingState.PLANNED, reason="缺")]}, [(BOTH, "修改会议纪要")]),
        ({"meetings": [meeting(MeetingState.APPROVED)]}, []),
        (
            {"meeting_status": MeetingStatus(None, date(2021, 3, 10), 5)},
            [(BOTH, "召开领导小组会议（逾期 5 天）")],
        ),
        ({"meeting_status": MeetingStatus(None, date(2021, 4, 10), 0)}, []),
        ({"meeting_status": MeetingStatus(None, None, 0)}, []),
        (
            {"assessments": [assessment(AssessmentState.SELF_ASSESSMENT, Side.SUPPORTING)]},
            [("文昌", "提交 2020 年度考核自评")],
        ),
        (
            {"assessments": [assessment(AssessmentState.SELF_ASSESSMENT)]},
            [("海口、文昌", "提交 2020 年度考核自评")],
        ),
        (
            {"assessments": [assessment(AssessmentState.SUBMITTED)]},
            [("省中心", "开始 2020 年度考核评审")],
        ),
        (
            {"assessments": [assessment(AssessmentState.REVIEW)]},
            [("省中心", "完成 2020 年度考核评审")],
        ),
        (
            {"assessments": [assessment(AssessmentState.PROVISIONAL)]},
            [("省卫健委", "审定 2020 年度考核成绩")],
        ),
        (
            {"assessments": [assessment(AssessmentState.APPEAL)]},
            [("省中心", "答复 2020 年度考核申诉")],
        ),
        ({"assessments": [assessment(AssessmentState.FINAL)]}, []),
    ],
)
def test_each_state_tells_who_must_act_on_what(changes, expected):
    assert told(**changes) == expected


@pytest.mark.parametrize("state", [None, PlanState.DRAFTING, PlanState.AGREED])
def test_no_task_is_late_before_the_plan_is_in_force(state):
    late = [tasks(TaskState.NOT_STARTED, 5, overdue=2)]
    before = facts(plan=plan(state, *Side) if state else None, tasks=late)
    assert before.overdue == 0
    assert not any("逾期" in wait.what for wait in waits_of(before))
    assert facts(tasks=late).overdue == 2


def test_longest_waiting_comes_first_with_its_working_days():
    waits = waits_of(facts(gaps=["缺少甲"], agreement=agreement(AgreementState.SUBMITTED)))
    assert [wait.since for wait in waits] == [date(2020, 4, 20), date(2021, 3, 12)]
    # Friday to Monday is one working day.
    assert waits[1].days == 1
    assert waits[0].days > 200
    assert waits[0].values == {"pairing_id": 7}


@pytest.mark.parametrize(
    ("changes", "label", "state", "detail"),
    [
        ({}, "领导小组", "done", "人员齐备"),
        ({"gaps": ["缺少甲"]}, "领导小组", "current", "缺 1 项"),
        ({"survey": None}, "实地调研", "todo", "未开展"),
        ({"survey": survey(SurveyState.PLANNED)}, "实地调研", "current", "已计划"),
        ({"survey": survey(SurveyState.REPORT_DRAFT)}, "实地调研", "current", "待双方确认"),
        (
            {"survey": survey(SurveyState.IN_FIELD, reason="缺")},
            "实地调研",
            "returned",
            "退回补充调研",
        ),
        ({}, "实地调研", "done", "2021-03-13"),
        ({"agreement": None}, "协议签署", "todo", "未起草"),
        ({"agreement": agreement(AgreementState.DRAFT)}, "协议签署", "current", "起草中"),
        ({"agreement": agreement(AgreementState.SIGNING)}, "备案", "todo", ""),
        ({"agreement": agreement(AgreementState.SUBMITTED)}, "协议签署", "done", ""),
        ({"agreement": agreement(AgreementState.SUBMITTED)}, "备案", "current", "待备案"),
        ({"agreement": agreement(AgreementState.RETURNED)}, "备案", "returned", "已退回"),
        ({}, "备案", "done", "2021-03-12"),
        ({"plan": None}, "计划执行", "todo", "未制定"),
        ({"plan": plan(PlanState.AGREED)}, "计划执行", "todo", "双方已商定"),
        (
            {"tasks": [tasks(TaskState.CLOSED, 3), tasks(TaskState.IN_PROGRESS, 4)]},
            "计划执行",
            "current",
            "已销号 3/7",
        ),
        ({"plan": plan(PlanState.COMPLETED)}, "计划执行", "done", "已完成"),
        ({}, "会议", "todo", "未召开"),
        ({"meetings": [meeting(MeetingState.PLANNED)]}, "会议", "todo", "未召开"),
        ({"meetings": [meeting(MeetingState.APPROVED)]}, "会议", "current", "已召开 1 次"),
        ({}, "年度考核", "todo", "未开始"),
        (
            {"assessments": [assessment(AssessmentState.REVIEW)]},
            "年度考核",
            "current",
            "2020 年评审中",
        ),
        (
            {"assessments": [assessment(AssessmentState.FINAL, grade=Grade.EXCELLENT)]},
            "年度考核",
            "done",
            "2020 年优秀",
        ),
    ],
)
def test_each_step_stands_where_its_rows_are(changes, label, state, detail):
    step = next(step for step in steps_of(facts(**changes)) if step.label == label)
    assert (step.state, step.detail) == (state, detail)


def test_steps_follow_the_notice():
    labels = [step.label for step in steps_of(facts())]
    assert labels == ["领导小组", "实地调研", "协议签署", "备案", "计划执行", "会议", "年度考核"]
