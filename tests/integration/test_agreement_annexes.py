"""The seven annexes: what they say, that they freeze, and that the check knows them."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AnnexKind,
    Area,
    GoalFigure,
    Plan,
    SiteSurvey,
    SurveyAnswer,
    SurveyItem,
    SurveyItemKind,
    SurveyState,
    SurveyTemplate,
    Task,
)
from portal.services import agreements
from portal.workflow.agreements import missing_for_filing, missing_for_submission
from portal.workflow.annexes import annexes_today, kept_annexes
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.agreements import (
    BY_EYE,
    draft_agreement,
    returned_agreement,
    signed_agreement,
    signing_agreement,
    submitted_agreement,
)
from tests.support.pages import PageClient
from tests.support.queries import count_queries


def plan_of(agreement: Agreement) -> Plan:
    return db.session.query(Plan).filter_by(pairing_id=agreement.pairing_id).one()


def confirmed_survey(scene: Scene) -> SiteSurvey:
    """A survey that both sides confirmed, with one answer of each kind that is shown apart."""
    now, today = clock.now(), clock.today()
    template = SurveyTemplate(edition="测试", title="调研表", created_at=now)
    items = [
        SurveyItem(position=1, key="beds", section="基本情况", label="床位", unit="张",
                   kind=SurveyItemKind.NUMBER),
        SurveyItem(position=2, key="clinic", section="基本情况", label="独立门诊",
                   kind=SurveyItemKind.YES_NO),
        SurveyItem(position=3, key="verdict", section="评估", label="结论",
                   kind=SurveyItemKind.CHOICE, options={"choices": [["basic", "基本合格"]]}),
        SurveyItem(position=4, key="staff", section="人员", label="人员", unit="人",
                   kind=SurveyItemKind.MATRIX,
                   options={"rows": [["doctors", "医师"]], "columns": [["senior", "高级"]]}),
        SurveyItem(position=5, key="empty", section="人员", label="没有填的",
                   kind=SurveyItemKind.LINE),
    ]  # fmt: skip
    template.items = items
    survey = SiteSurvey(
        pairing=scene.pairing,
        template=template,
        title="首次实地调研",
        starts_on=today,
        ends_on=today,
        state=SurveyState.CONFIRMED,
        state_since=now,
        confirmed_at=now,
        created_by=scene.supporting_coordinator,
        created_at=now,
    )
    said = [(0, "", "", Decimal("24.0000")), (1, "", "yes", None), (2, "", "basic", None)]
    for at, cell, value, number in [
        *said,
        (3, "doctors.senior", "", Decimal(3)),
        (4, "", "", None),
    ]:
        survey.answers.append(
            SurveyAnswer(
                item=items[at],
                cell=cell,
                value=value,
                number=number,
                answered_by=scene.supporting_coordinator,
                answered_at=now,
            )
        )
    db.session.add(survey)
    db.session.flush()
    return survey


def test_every_annex_is_made_from_what_the_portal_knows(session: Session) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    plan = plan_of(agreement)
    for goal in plan.goals:
        if goal.area is Area.DEPARTMENT:
            goal.goal = "设独立门诊。" if goal.year == 1 else ""
    plan.figures.append(
        GoalFigure(
            area=Area.DEPARTMENT,
            position=1,
            name="独立床位",
            unit="张",
            baseline=Decimal("0.0000"),
            targets={"1": "10", "3": "20"},
        )
    )
    confirmed_survey(scene)
    found = annexes_today(scene.pairing)
    assert list(found) == list(AnnexKind)
    rows = found[AnnexKind.PLAN]["rows"]
    assert rows[0] == ["全科医学科建设", "工作目标", "", "设独立门诊。", "", ""]
    assert rows[1] == ["全科医学科建设", "独立床位（张）", "0", "10", "", "20"]
    assert {row[0] for row in rows} == {area.label for area in Area}
    assert len(found[AnnexKind.TASKS]["rows"]) == len(plan.tasks) == 5
    assert {row[1] for row in found[AnnexKind.GROUP]["rows"]} >= {"林一川", "王二海"}
    contacts = found[AnnexKind.CONTACTS]["rows"]
    assert [row[2] for row in contacts] == [
        scene.supporting_coordinator.name,
        scene.supported_coordinator.name,
    ]
    assert found[AnnexKind.BASELINE]["rows"] == [
        ["基本情况", "床位", "24张", ""],
        ["基本情况", "独立门诊", "是", ""],
        ["评估", "结论", "基本合格", ""],
        ["人员", "人员：医师，高级", "3人", ""],
    ]
    assert scene.pairing.supported.name in found[AnnexKind.SECURITY]["text"][0]
    assert "{" not in "".join(found[AnnexKind.SECURITY]["text"])
    for content in found.values():
        cells = [cell for row in content["rows"] for cell in row]
        assert all(isinstance(cell, str) for cell in [*cells, *content["text"]])
        assert {len(row) for row in content["rows"]} <= {len(content["columns"])}


def test_what_is_not_there_yet_is_said_in_a_sentence(session: Session) -> None:
    scene = make_scene()
    found = annexes_today(scene.pairing)
    for kind in (AnnexKind.PLAN, AnnexKind.TASKS, AnnexKind.GROUP, AnnexKind.BASELINE):
        assert found[kind]["rows"] == []
        assert "尚" in found[kind]["text"][0]


def test_annexes_freeze_when_signing_opens_and_are_void_when_it_is_taken_back(
    session: Session,
) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    assert kept_annexes(agreement.current) == {}
    agreements.open_signing(agreement, actor=scene.supporting_coordinator)
    kept = kept_annexes(agreement.current)
    assert list(kept) == list(AnnexKind)
    assert kept == annexes_today(scene.pairing)
    task = plan_of(agreement).tasks[0]
    task.title = "改过的任务"
    session.flush()
    session.expire_all()
    assert kept_annexes(agreement.current) == kept != annexes_today(scene.pairing)
    agreements.reopen_draft(agreement, actor=scene.supported_coordinator)
    assert kept_annexes(agreement.current) == {}


def test_each_revision_keeps_its_own(session: Session) -> None:
    scene = make_scene()
    agreement = returned_agreement(scene)
    first, second = agreement.revisions
    before = kept_annexes(first)
    plan_of(agreement).tasks[0].criteria = "改过的标准"
    session.flush()
    agreements.open_signing(agreement, actor=scene.supporting_coordinator)
    assert kept_annexes(first) == before
    tasks = [kept_annexes(one)[AnnexKind.TASKS]["rows"][0] for one in (first, second)]
    assert tasks[0][3] != tasks[1][3] == "改过的标准"


@pytest.mark.parametrize("binding", [True, False])
def test_a_plan_changed_after_signing_must_be_signed_anew(session: Session, binding: bool) -> None:
    """Persons in charge may change; what the two sides promised may not."""
    scene = make_scene()
    agreement = signed_agreement(scene)
    task = plan_of(agreement).tasks[0]
    if binding:
        task.criteria = "另一个标准"
    else:
        task.supported_owner = scene.supported_contributor
    session.flush()
    gaps = [gap for gap in missing_for_submission(agreement) if "提请签署后有改动" in gap]
    assert len(gaps) == binding
    if binding:
        with pytest.raises(StepRefused) as refusal:
            agreements.submit_agreement(agreement, actor=scene.supporting_coordinator)
        assert gaps[0] in refusal.value.missing


def test_a_plan_changed_after_submission_is_not_filed(session: Session) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    assert missing_for_filing(agreement) == []
    plan_of(agreement).tasks[0].title = "另一项任务"
    session.flush()
    assert len(missing_for_filing(agreement)) == 1
    with pytest.raises(StepRefused):
        agreements.file_agreement(agreement, checked=BY_EYE, actor=scene.centre)


def test_the_draft_shows_them_live_and_says_so(client: PageClient) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    client.login(scene.city, PASSWORD)
    panel = client.get(f"/agreements/{agreement.id}").one("#annexes")
    assert "实时生成" in panel.get_text()
    assert len(panel.select("details")) == 7
    assert not panel.select("details[open]")
    task = db.session.query(Task).first()
    assert task is not None
    assert task.title in panel.get_text()


def test_the_signed_text_shows_what_was_kept(client: PageClient) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    title = plan_of(agreement).tasks[0].title
    plan_of(agreement).tasks[0].title = "后来改的任务"
    db.session.flush()
    client.login(scene.supported_leader, PASSWORD)
    panel = client.get(f"/agreements/{agreement.id}").one("#annexes")
    assert "存档，不再变动" in panel.get_text()
    assert title in panel.get_text()
    assert "后来改的任务" not in panel.get_text()


def test_the_check_judges_the_annexes_that_were_signed(client: PageClient) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    list_of_tasks = next(a for a in agreement.current.annexes if a.kind is AnnexKind.TASKS)
    content = dict(list_of_tasks.content)
    kept = [row for row in content["rows"] if row[1] != Area.FACULTY.label]
    list_of_tasks.content = {**content, "rows": kept}
    db.session.flush()
    client.login(scene.supported_coordinator, PASSWORD)
    points = client.get(f"/agreements/{agreement.id}").select(".points li")
    assert "point-pass" in points[4]["class"]
    assert "point-fail" in points[5]["class"]
    assert "师资队伍建设" in points[5].get_text()


def test_the_page_of_a_draft_keeps_its_budget(client: PageClient) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    confirmed_survey(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    with count_queries() as queries:
        client.get(f"/agreements/{agreement.id}")
    # The preview of seven annexes reads all that they are made of.
    queries.at_most(30)
