"""The list of a pairing's surveys, and the plan of a visit."""

import sqlalchemy as sa

from portal.extensions import db
from portal.models import SiteSurvey
from portal.services import surveys
from tests.factories import PASSWORD, Scene
from tests.factories.meetings import leadership_group
from tests.factories.surveys import (
    planned_survey,
    survey_entry,
    survey_in_field,
)
from tests.support.pages import PageClient
from tests.support.surveys import list_path


def test_pairing_without_a_survey_says_what_belongs_there(client: PageClient, scene: Scene) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(list_path(scene))
    assert "还没有实地调研" in page.text
    assert page.one("#surveys .empty a")["href"] == f"{list_path(scene)}/new"
    assert "还没有登记问题" in page.text


def test_coordinator_plans_a_visit_with_one_submit(client: PageClient, scene: Scene) -> None:
    leadership_group(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"{list_path(scene)}/new")
    answer = client.submit(page)
    survey = db.session.scalars(sa.select(SiteSurvey)).one()
    assert (answer.status, answer.location) == (303, f"/surveys/{survey.id}")
    assert survey.title == "首次实地调研"
    assert [one.name for one in survey.members] == ["林一川", "苏望海", "符清越", "邢北辰"]
    assert [one.name for one in survey.departments] == ["全科医学科"]
    assert "基层实践基地" in page.text
    # Five working days from Monday the 15th.
    assert survey.starts_on.isoformat() == "2021-03-22"
    shown = client.get(answer.location)
    assert "计划 2021年3月22日由" in shown.text
    assert client.get(list_path(scene)).texts("#surveys tbody td[data-label=状态]") == ["已计划"]


def test_plan_sent_twice_makes_one_survey(client: PageClient, scene: Scene) -> None:
    leadership_group(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"{list_path(scene)}/new")
    first, second = client.submit(page), client.submit(page)
    assert second.location == first.location
    assert len(db.session.scalars(sa.select(SiteSurvey)).all()) == 1


def test_refused_plan_keeps_what_was_typed(client: PageClient, scene: Scene) -> None:
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"{list_path(scene)}/new")
    answer = client.submit(page, title="春季调研", ends_on="2021-03-01")
    assert answer.status == 422
    assert answer.one("#title")["value"] == "春季调研"
    assert "结束日期不能早于开始日期" in answer.text
    assert "请至少填写一名帮扶方调研人员" in answer.text
    assert db.session.scalars(sa.select(SiteSurvey)).all() == []


def test_second_visit_at_once_is_refused_with_everything_kept(
    client: PageClient, scene: Scene
) -> None:
    leadership_group(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"{list_path(scene)}/new")
    planned_survey(scene)
    answer = client.submit(page, title="春季调研")
    assert answer.status == 409
    assert answer.one("#title")["value"] == "春季调研"


def test_one_more_line_saves_nothing(client: PageClient, scene: Scene) -> None:
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"{list_path(scene)}/new")
    again = client.submit(page, more="1")
    assert again.status == 200
    assert len(again.select("#members tbody tr")) == len(page.select("#members tbody tr")) + 1
    assert db.session.scalars(sa.select(SiteSurvey)).all() == []


def test_later_plan_gets_both_texts(client: PageClient, scene: Scene) -> None:
    survey = planned_survey(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/surveys/{survey.id}/edit")
    surveys.edit_survey(
        survey,
        survey_entry(title="先改的"),
        seen_version=None,
        actor=scene.supporting_coordinator,
    )
    answer = client.submit(page, title="后改的")
    assert answer.status == 409
    assert "后改的" in answer.one(".conflict").get_text()
    assert "先改的" in answer.one(".conflict").get_text()


def test_seen_departments_are_noted_in_the_field(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/surveys/{survey.id}/edit")
    client.submit(page, **{"departments-0-seen_on": "2021-03-15", "departments-0-note": "诊室两间"})
    assert "诊室两间" in client.get(f"/surveys/{survey.id}").text
