"""What official papers are made of: one pairing with something for each kind of paper."""

from datetime import timedelta
from decimal import Decimal

from portal import clock
from portal.extensions import db
from portal.models import (
    Area,
    GoalFigure,
    Milestone,
    OutputFormat,
    OutputKind,
    OutputTemplate,
    Plan,
    Problem,
    ProblemTask,
    Severity,
    SiteSurvey,
    SurveyAnswer,
    SurveyDepartment,
    SurveyItem,
    SurveyItemKind,
    SurveyMember,
    SurveyState,
    SurveyTemplate,
    Task,
)
from portal.models.areas import Side
from portal.policies.survey_findings import finding_of
from tests.factories.agreements import filed_agreement
from tests.factories.closures import closed, only_round
from tests.factories.scenes import Scene

HOSTILE = '<w:p>&lt; {{ title }} {% raw %} #read("x") $x$ *粗* =1+1 \\ `代码`'
"""What people might type: it must stand on the paper as it was typed."""
HIDDEN = "看\u200b不\u202e见\x07的"
"""Characters that show nothing, and must not reach the paper."""


def papers_of(scene: Scene) -> dict[OutputKind, int]:
    """Make what every kind of paper is about; return the ids their addresses take."""
    agreement = filed_agreement(scene)
    task = closed(
        scene,
        number=50,
        code="B-50",
        area=Area.MANAGEMENT,
        title="健全培训管理制度",
        measures=HOSTILE,
    )
    plan = task.plan
    survey = make_survey(scene)
    add_to_plan(plan, task, survey, scene)
    return {
        OutputKind.PLAN: plan.id,
        OutputKind.TASK_LIST: plan.id,
        OutputKind.LEDGER: scene.pairing_id,
        OutputKind.CLOSURE_SLIP: only_round(task).id,
        OutputKind.RECEIPT: agreement.id,
        OutputKind.SURVEY_REPORT: survey.id,
        OutputKind.AGREEMENT: agreement.id,
    }


def make_survey(scene: Scene) -> SiteSurvey:
    """Add a confirmed survey with one answer of each form: a number, yes or no, a table."""
    now, today, one = clock.now(), clock.today(), scene.supporting_coordinator
    beds = SurveyItem(
        position=1, key="beds", section="病房", label="全科病房床位数", unit="张",
        kind=SurveyItemKind.NUMBER,
    )  # fmt: skip
    clinic = SurveyItem(
        position=2, key="clinic", section="病房", label="是否独立设置全科门诊",
        kind=SurveyItemKind.YES_NO,
    )  # fmt: skip
    staff = SurveyItem(
        position=3, key="staff", section="师资", label="师资构成", kind=SurveyItemKind.MATRIX,
        options={"rows": [["chief", "主任医师"]], "columns": [["all", "人数"], ["gp", "全科"]]},
    )  # fmt: skip
    survey = SiteSurvey(
        pairing=scene.pairing,
        template=SurveyTemplate(
            edition="文书", title="基线调研表", created_at=now, items=[beds, clinic, staff]
        ),
        title="首次实地调研",
        starts_on=today - timedelta(days=1),
        ends_on=today,
        state=SurveyState.CONFIRMED,
        state_since=now,
        confirmed_at=now,
        summary=f"受援方重视全科医学科建设。\n{HOSTILE}",
        advice="建议独立设置全科病房。",
        created_by=one,
        created_at=now,
        members=[SurveyMember(position=1, name="张一", side=Side.SUPPORTING, job_title="主任")],
        departments=[SurveyDepartment(position=1, name="内科", note=HIDDEN)],
    )
    db.session.add(survey)
    db.session.flush()
    answers = [(beds, "", "12"), (clinic, "", "yes"), (staff, "chief.all", "7")]
    db.session.add_all(
        SurveyAnswer(
            survey=survey, item=item, cell=cell, value=value, answered_by=one, answered_at=now
        )
        for item, cell, value in answers
    )
    db.session.flush()
    return survey


def add_to_plan(plan: Plan, task: Task, survey: SiteSurvey, scene: Scene) -> None:
    """Give the plan a problem that a task answers, a figure and a milestone."""
    problem = Problem(
        pairing=scene.pairing,
        number=1,
        area=Area.MANAGEMENT,
        title="培训制度不健全",
        description="七类制度只有三类。",
        need="健全七类管理制度",
        severity=Severity.SERIOUS,
        found_on=clock.today(),
        survey=survey,
        created_by=scene.supporting_coordinator,
        created_at=clock.now(),
        answers=[
            ProblemTask(
                task=task, added_by_id=scene.supporting_coordinator.id, added_at=clock.now()
            )
        ],
    )
    figure = GoalFigure(
        plan_id=plan.id,
        area=Area.MANAGEMENT,
        position=1,
        name="制度数",
        unit="项",
        baseline=Decimal("3.0000"),
        targets={"1": "5", "2": "7"},
    )
    step = Milestone(task=task, position=1, title="完成初稿", due_on=task.due_on)
    db.session.add_all([problem, figure, step])
    db.session.flush()
    survey.reported = [finding_of(problem).kept()]
    db.session.flush()


def make_template(
    scene: Scene,
    kind: OutputKind,
    fmt: OutputFormat,
    content: bytes,
    *,
    number: int = 1,
    is_active: bool = True,
) -> OutputTemplate:
    """Add a template of the centre's, whatever is in it."""
    template = OutputTemplate(
        kind=kind,
        format=fmt,
        number=number,
        name="模板.typ" if fmt is OutputFormat.PDF else "模板.docx",
        content=content,
        sha256="0" * 64,
        is_active=is_active,
        uploaded_by=scene.centre,
        uploaded_at=clock.now(),
    )
    db.session.add(template)
    db.session.flush()
    return template
