"""The report, the kit on paper, and what both ask of the database."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.models import Area, Problem, SiteSurvey, SurveyState
from portal.queries.papers.survey_report import survey_report
from portal.services import survey_reports, surveys
from tests.factories import PASSWORD, Scene
from tests.factories.problems import make_problem
from tests.factories.surveys import (
    cancelled_survey,
    confirmed_survey,
    fill,
    newer_template,
    photo_of,
    planned_survey,
    reported_survey,
    survey_in_field,
    written_survey,
)
from tests.support.pages import PageClient
from tests.support.queries import count_queries
from tests.support.surveys import autosave, field_of, list_path, page_of


def test_report_is_written_handed_in_and_confirmed_by_both(
    client: PageClient, new_client: Callable[[], PageClient], scene: Scene
) -> None:
    survey = written_survey(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/surveys/{survey.id}/report/edit")
    client.submit(page, summary="短板在师资。", advice="先派驻带教。")
    page = client.get(f"/surveys/{survey.id}")
    client.submit(page, f"form[action='/surveys/{survey.id}/send-report']")
    for leader in (scene.supporting_leader, scene.supported_leader):
        browser = new_client()
        browser.login(leader, PASSWORD)
        assert "调研报告待确认" in browser.get("/").text
        report = browser.get(f"/surveys/{survey.id}/report")
        assert "短板在师资。" in report.text
        browser.submit(report, f"form[action='/surveys/{survey.id}/confirm']")
        assert browser.get(f"/surveys/{survey.id}/report").select("form[action$='/confirm']") == []
    db.session.expire_all()
    assert survey.state is SurveyState.CONFIRMED
    page = client.get(f"/surveys/{survey.id}")
    assert page.select("main form[action*='/surveys/']") == []


def test_report_lists_the_problems_that_were_found(client: PageClient, scene: Scene) -> None:
    survey = written_survey(scene)
    problem = make_problem(scene.pairing, scene.supported_coordinator)
    problem.survey = survey
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/surveys/{survey.id}/report")
    assert problem.title in page.text
    assert page.select(f"a[href='/problems/{problem.id}']")


def test_item_leads_to_a_new_problem_about_it(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    item = field_of(survey, "gp_licence").item
    link = client.get(page_of(survey, "gp_licence")).one(f"#item-{item.id} .sheet-problem")
    query = urlencode({"survey_id": survey.id, "item_id": item.id})
    assert link["href"] == f"/pairings/{scene.pairing_id}/problems/new?{query}"


def test_later_report_gets_both_texts(client: PageClient, scene: Scene) -> None:
    survey = written_survey(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/surveys/{survey.id}/report/edit")
    client.submit(page, summary="先写的")
    second = client.post(
        f"/surveys/{survey.id}/report/edit", {"summary": "后写的", "advice": "", "version": "1"}
    )
    assert second.status == 409
    assert "先写的" in second.one(".conflict").get_text()
    assert second.one("#summary").get_text().strip() == "后写的"


@pytest.mark.parametrize(
    ("step", "make"), [("send-back", reported_survey), ("cancel", planned_survey)]
)
def test_step_without_a_reason_shows_its_form_again(
    client: PageClient, scene: Scene, step: str, make: Callable[[Scene], SiteSurvey]
) -> None:
    survey = make(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/surveys/{survey.id}")
    refused = client.submit(page, f"form[action='/surveys/{survey.id}/{step}']")
    assert refused.status == 422
    assert "请填写理由" in refused.text
    done = client.submit(page, f"form[action='/surveys/{survey.id}/{step}']", comment="补充数据。")
    assert done.status == 303
    assert "补充数据。" in client.get(f"/surveys/{survey.id}").text


def test_reason_typed_for_a_step_that_came_too_late_is_not_lost(
    client: PageClient, scene: Scene
) -> None:
    survey = planned_survey(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/surveys/{survey.id}")
    surveys.start_survey(survey, actor=scene.supporting_coordinator)
    late = client.submit(page, f"form[action='/surveys/{survey.id}/cancel']", comment="改到下月。")
    assert late.status == 409
    assert "改到下月。" in late.text
    assert survey.state is SurveyState.IN_FIELD


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (confirmed_survey, "edit"),
        (confirmed_survey, "report/edit"),
        (cancelled_survey, "edit"),
        (planned_survey, "report/edit"),
    ],
)
def test_form_is_not_opened_when_nothing_may_be_changed(
    client: PageClient, scene: Scene, make: Callable[[Scene], SiteSurvey], path: str
) -> None:
    survey = make(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    assert client.get(f"/surveys/{survey.id}/{path}").status == 409


def test_older_edition_stays_readable_beside_a_new_one(client: PageClient, scene: Scene) -> None:
    survey = written_survey(scene)
    fill(survey, {"gp_beds": "37"}, actor=scene.supporting_coordinator)
    newer_template()
    client.login(scene.centre, PASSWORD)
    report = client.get(f"/surveys/{survey.id}/report")
    assert "全科培训基地基线调研表（2020年第一版）" in report.text
    assert "37 张" in report.text
    assert "全科病床（新版口径）" not in report.text


def test_kit_has_team_departments_every_question_and_the_reminder(
    client: PageClient, scene: Scene
) -> None:
    survey = planned_survey(scene)
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get(f"/surveys/{survey.id}/kit")
    assert "符清越" in page.text
    assert "不拍患者面部" in page.text
    for item in survey.template.items:
        assert (item.label in page.text) is (item.kind.value != "ratio")


def test_kit_prints_what_was_filled_in_already(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    fill(survey, {"hospital_beds": "765"}, actor=scene.supported_coordinator)
    client.login(scene.supporting_coordinator, PASSWORD)
    assert "765" in client.get(f"/surveys/{survey.id}/kit").text


def test_list_takes_a_fixed_number_of_queries(client: PageClient, scene: Scene) -> None:
    planned_survey(scene)
    client.login(scene.centre, PASSWORD)
    with count_queries() as few:
        client.get(list_path(scene))
    surveys.cancel_survey(
        db.session.scalars(sa.select(SiteSurvey)).one(),
        reason="改期",
        actor=scene.supporting_coordinator,
    )
    for number in range(4):
        confirmed_survey(scene, title=f"第 {number} 次")
    with count_queries() as many:
        client.get(list_path(scene))
    many.at_most(10)
    assert len(many) <= len(few)


def test_sheet_and_report_take_a_fixed_number_of_queries(client: PageClient, scene: Scene) -> None:
    survey = written_survey(scene)
    for _ in range(3):
        photo_of(survey, by=scene.supported_coordinator)
    client.login(scene.supporting_coordinator, PASSWORD)
    for path, budget in (("", 14), ("/sheet/2", 12), ("/report", 13), ("/kit", 12)):
        with count_queries() as queries:
            client.get(f"/surveys/{survey.id}{path}")
        queries.at_most(budget)


def test_saving_a_field_takes_few_queries(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(page_of(survey, "gp_beds"))
    with count_queries() as queries:
        autosave(client, page, survey, "gp_beds", "20")
    queries.at_most(14)


def test_paper_prints_words_units_and_computed_figures(scene: Scene) -> None:
    survey = written_survey(scene)
    actor = scene.supporting_coordinator
    fill(
        survey, {"gp_beds": "20", "gp_physicians": "6", "gp_director_title": "senior"}, actor=actor
    )
    made = survey_report(survey)
    said = {one.label: one.value for section in made.sections for one in section.answers}
    tables = {table.title: table for section in made.sections for table in section.tables}
    fields = {item.key: item for item in survey.template.items}
    assert said[fields["gp_beds"].label] == "20张"
    ratio = next(item for item in survey.template.items if item.options.get("over"))
    assert said[ratio.label].startswith("0.3")
    printed = {cell for table in tables.values() for line in table.rows for cell in line.cells}
    assert not printed & {"yes", "no"}
    assert not set(said.values()) & {"yes", "no", "senior", "associate"}
    heads = {head for table in tables.values() for head in table.columns}
    assert any(head.endswith("（人）") for head in heads)
    assert any(cell.endswith("%") for cell in printed)


def test_paper_of_a_confirmed_report_keeps_its_problems_in_the_order_of_the_notice(
    scene: Scene,
) -> None:
    survey = reported_survey(scene)
    actor = scene.supporting_coordinator
    for area in (Area.FACULTY, Area.DEPARTMENT):
        make_problem(scene.pairing, actor, survey=survey, area=area)
    for leader in (scene.supporting_leader, scene.supported_leader):
        survey_reports.confirm_report(survey, actor=leader)
    before = survey_report(survey).problems
    assert [one.area for one in before] == [Area.DEPARTMENT.label, Area.FACULTY.label]
    for problem in db.session.scalars(sa.select(Problem)):
        problem.need = "后来又改了"
    db.session.flush()
    assert survey_report(survey).problems == before


@pytest.mark.parametrize("make", [planned_survey, cancelled_survey])
def test_no_paper_before_the_visit(
    client: PageClient, scene: Scene, make: Callable[[Scene], SiteSurvey]
) -> None:
    survey = make(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    assert client.get(f"/papers/survey_report/{survey.id}.docx").status == 409
    assert client.get(f"/surveys/{survey.id}/report").select("a[href^='/papers/']") == []


@pytest.mark.parametrize("page", ["report", "gaps"])
def test_before_the_visit_there_is_nothing_to_read_yet(
    client: PageClient, scene: Scene, page: str
) -> None:
    survey = planned_survey(scene)
    client.login(scene.supporting_leader, PASSWORD)
    shown = client.get(f"/surveys/{survey.id}/{page}")
    assert "调研还没有开始" in shown.one(".empty").get_text()
    assert client.get(f"/papers/survey_report/{survey.id}.docx").status == 409


def test_count_of_what_is_missing_is_the_same_everywhere(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/surveys/{survey.id}")
    badges = sum(
        int(one.split()[0])
        for one in page.texts("#sheet-sections td:last-child")
        if one.endswith("项")
    )
    # The summary is counted as a line of its own.
    assert page.texts(".missing-title b") == [str(badges + 1)]
    links = [str(one["href"]) for one in page.select(".missing a")]
    assert f"/surveys/{survey.id}/sheet/1" in links
    assert links[-1] == f"/surveys/{survey.id}/report/edit"
    for address in links:
        assert client.get(address).status == 200
