"""What the workbench tells of surveys."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.models import SiteSurvey, SurveyAnswer
from portal.services import surveys
from tests.factories import PASSWORD, Scene
from tests.factories.plans import plan_in_force
from tests.factories.surveys import (
    confirmed_survey,
    fill,
    planned_survey,
    reported_survey,
    survey_in_field,
)
from tests.support.pages import PageClient
from tests.support.surveys import page_of


def kinds_on_bench(client: PageClient) -> set[str]:
    return set(client.get("/").texts("#to-do .work-line .badge, #to-do .work-line .tag"))


@pytest.mark.parametrize(
    ("make", "role", "kind"),
    [
        (planned_survey, "supporting_coordinator", "调研待开始"),
        (survey_in_field, "supporting_coordinator", "调研中"),
        (survey_in_field, "supported_coordinator", "调研中"),
        (reported_survey, "supporting_leader", "调研报告待确认"),
        (reported_survey, "supported_leader", "调研报告待确认"),
    ],
)
def test_workbench_names_what_waits(
    client: PageClient, scene: Scene, make: Callable[[Scene], SiteSurvey], role: str, kind: str
) -> None:
    survey = make(scene)
    client.login(getattr(scene, role), PASSWORD)
    page = client.get("/")
    assert kind in page.one("#to-do").get_text()
    assert survey.title in page.one("#to-do").get_text()


@pytest.mark.parametrize(
    ("make", "role"),
    [
        (planned_survey, "supported_coordinator"),
        (reported_survey, "supporting_coordinator"),
        (confirmed_survey, "supporting_leader"),
        (survey_in_field, "foreign_coordinator"),
    ],
)
def test_workbench_is_silent_where_nothing_is_to_be_done(
    client: PageClient, scene: Scene, make: Callable[[Scene], SiteSurvey], role: str
) -> None:
    survey = make(scene)
    client.login(getattr(scene, role), PASSWORD)
    assert f"/surveys/{survey.id}" not in str(client.get("/").one("#to-do"))


def test_report_with_the_leaders_is_followed_by_the_coordinator(
    client: PageClient, scene: Scene
) -> None:
    survey = reported_survey(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    assert survey.title in client.get("/").one("#with-others").get_text()


def test_pairing_without_a_survey_is_to_be_visited_until_its_plan_is_settled(
    client: PageClient, scene: Scene
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    assert "安排实地调研" in client.get("/").text
    plan_in_force(scene.pairing, scene)
    assert "安排实地调研" not in client.get("/").text


def test_answers_are_kept_of_a_cancelled_survey(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    fill(survey, {"hospital_beds": "300"}, actor=scene.supporting_coordinator)
    surveys.cancel_survey(survey, reason="台风", actor=scene.supporting_coordinator)
    client.login(scene.centre, PASSWORD)
    assert "300" in client.get(page_of(survey, "hospital_beds")).text
    assert len(db.session.scalars(sa.select(SurveyAnswer)).all()) == 1
