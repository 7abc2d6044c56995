"""One row in each table of surveys, problems, plans on paper and workbooks, for the migrations."""

from datetime import timedelta
from decimal import Decimal

from portal import clock
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementAnnex,
    AgreementRemark,
    AgreementTermination,
    AmendmentChange,
    AmendmentEndorsement,
    AnnexKind,
    Area,
    ChangeKind,
    Comparison,
    Evidence,
    ExtensionReason,
    ExtensionRequest,
    GoalFigure,
    LibraryExample,
    LibraryTask,
    MetTarget,
    Milestone,
    OutputFormat,
    OutputKind,
    OutputTemplate,
    PlanAmendment,
    PlanVersion,
    Problem,
    ProblemTask,
    SheetImport,
    SheetKind,
    Side,
    SigningDelegation,
    SiteSurvey,
    Standard,
    StoredFile,
    SurveyAnswer,
    SurveyConfirmation,
    SurveyDepartment,
    SurveyItem,
    SurveyItemKind,
    SurveyMember,
    SurveyPhoto,
    SurveyState,
    SurveyTemplate,
    Task,
)
from tests.factories.scenes import Scene


def make_survey_rows(scene: Scene) -> SiteSurvey:
    """A survey with one of everything that hangs on it."""
    now, today, one = clock.now(), clock.today(), scene.supporting_coordinator
    item = SurveyItem(
        position=1,
        key="beds",
        area=Area.DEPARTMENT,
        section="病房",
        label="全科病房床位数",
        kind=SurveyItemKind.NUMBER,
        unit="张",
        standard_key="beds",
    )
    template = SurveyTemplate(
        edition="测试版", title="基线调研表", created_at=now, is_current=True, items=[item]
    )
    survey = SiteSurvey(
        pairing=scene.pairing,
        template=template,
        title="首次实地调研",
        starts_on=today,
        ends_on=today,
        # Another one is open already.
        state=SurveyState.CONFIRMED,
        confirmed_at=now,
        state_since=now,
        created_by=one,
        created_at=now,
        members=[SurveyMember(position=1, name="张一", side=Side.SUPPORTING)],
        departments=[SurveyDepartment(position=1, name="全科医学科")],
        confirmations=[
            SurveyConfirmation(
                side=Side.SUPPORTING,
                user=scene.supporting_leader,
                name=scene.supporting_leader.name,
                confirmed_at=now,
            )
        ],
    )
    db.session.add(survey)
    db.session.flush()
    file = db.session.query(StoredFile).first()
    db.session.add_all(
        [
            Standard(
                key="beds",
                edition="2021",
                position=1,
                title="全科病房床位数",
                comparison=Comparison.BETWEEN,
                low=Decimal(20),
                high=Decimal(40),
                source="全科专业基地评估指标（2021年版）",
            ),
            SurveyAnswer(
                survey=survey,
                item=item,
                value="12",
                number=Decimal(12),
                answered_by=one,
                answered_at=now,
            ),
            SurveyPhoto(survey_id=survey.id, item=item, file=file, added_by=one, added_at=now),
        ]
    )
    db.session.flush()
    return survey


def make_plan_rows(scene: Scene, survey: SiteSurvey) -> None:
    """A problem, and what the plan, its changes and the library keep."""
    now, today, one = clock.now(), clock.today(), scene.supporting_coordinator
    task = db.session.query(Task).filter_by(pairing_id=scene.pairing_id).first()
    standard = db.session.query(LibraryTask).first()
    evidence = db.session.query(Evidence).first()
    assert task is not None
    assert standard is not None
    problem = Problem(
        pairing=scene.pairing,
        number=90,
        area=Area.DEPARTMENT,
        title="病房床位不足",
        found_on=today,
        survey=survey,
        created_by=one,
        created_at=now,
        answers=[ProblemTask(task=task, added_by_id=one.id, added_at=now)],
    )
    amendment = PlanAmendment(
        plan=task.plan,
        pairing=scene.pairing,
        number=1,
        state_since=now,
        reason="床位审批推迟",
        created_by=one,
        created_at=now,
        changes=[
            AmendmentChange(
                position=1,
                kind=ChangeKind.CHANGE,
                task=task,
                before={"weight": 1},
                after={"weight": 2},
            )
        ],
        endorsements=[
            AmendmentEndorsement(
                side=Side.SUPPORTING,
                user=scene.supporting_leader,
                name=scene.supporting_leader.name,
                endorsed_at=now,
            )
        ],
    )
    db.session.add_all(
        [
            problem,
            amendment,
            Milestone(task=task, position=1, title="完成选址", due_on=today),
            GoalFigure(
                plan_id=task.plan_id,
                area=Area.DEPARTMENT,
                position=1,
                name="床位数",
                baseline=Decimal(12),
                targets={"1": "20"},
            ),
            MetTarget(
                plan=task.plan,
                library_task=standard,
                statement="已登记全科医疗科。",
                met_on=today,
                evidence=evidence,
                survey=survey,
                added_by=one,
                added_at=now,
            ),
            LibraryExample(
                code=standard.code,
                task=task,
                summary="三个月完成登记。",
                promoted_by=scene.centre,
                promoted_at=now,
            ),
            PlanVersion(
                plan_id=task.plan_id, number=1, title="备案时的计划", taken_at=now, content={}
            ),
            ExtensionRequest(
                task=task,
                pairing=scene.pairing,
                state_since=now,
                reason_class=ExtensionReason.WORKS,
                reason="病房改造未完工。",
                from_due_on=task.due_on,
                to_due_on=task.due_on + timedelta(days=60),
                requested_by=one,
                requested_at=now,
            ),
        ]
    )
    db.session.flush()


def make_paper_rows(scene: Scene) -> None:
    """What goes with an agreement, a replaced template and a workbook that came back."""
    now, today, one = clock.now(), clock.today(), scene.supporting_coordinator
    agreement = db.session.query(Agreement).filter_by(pairing_id=scene.pairing_id).first()
    assert agreement is not None
    revision = agreement.current
    db.session.add_all(
        [
            AgreementAnnex(
                revision=revision, kind=AnnexKind.GROUP, content={"rows": []}, taken_at=now
            ),
            AgreementRemark(
                revision=revision,
                clause_key="term",
                clause_title="期限",
                reason="期限应为三年。",
                made_by_id=scene.centre.id,
                made_at=now,
            ),
            SigningDelegation(
                leader=scene.supported_leader,
                deputy=scene.supported_coordinator,
                organisation_id=scene.pairing.supported_id,
                starts_on=today,
                ends_on=today,
                reason="外出培训",
                created_by_id=scene.supported_leader.id,
                created_at=now,
            ),
            AgreementTermination(
                agreement=agreement,
                pairing_id=scene.pairing_id,
                state_since=now,
                reason="医院合并。",
                ends_on=today,
                requested_by=scene.supporting_leader,
                requested_at=now,
            ),
            OutputTemplate(
                kind=OutputKind.RECEIPT,
                format=OutputFormat.DOCX,
                number=1,
                name="回执.docx",
                content=b"PK",
                sha256="0" * 64,
                uploaded_by=scene.centre,
                uploaded_at=now,
            ),
            SheetImport(
                kind=SheetKind.PLAN,
                user=one,
                state_since=now,
                file_name="任务清单.xlsx",
                file_sha256="0" * 64,
                created_at=now,
            ),
        ]
    )
    db.session.flush()


def make_row_of_each(scene: Scene) -> None:
    """Add at least one row to each of these tables."""
    make_plan_rows(scene, make_survey_rows(scene))
    make_paper_rows(scene)
