"""The sheet where no script runs: a page is saved as a whole."""

import pytest

from tests.factories import PASSWORD, Scene
from tests.factories.surveys import (
    fill,
    sheet_of,
    survey_in_field,
    written_survey,
)
from tests.support.pages import PageClient
from tests.support.surveys import field_of, page_of, typed_into


def test_whole_page_is_saved_without_a_script(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    address = page_of(survey, "hospital_beds")
    page = client.get(address)
    beds, visits = (field_of(survey, key).name for key in ("hospital_beds", "outpatient_visits"))
    answer = client.post(address, {**typed_into(page), beds: "300", visits: "2.5万", "do": "next"})
    assert answer.location == f"/surveys/{survey.id}/sheet/2"
    assert sheet_of(survey).values == {"hospital_beds": "300", "outpatient_visits": "25000"}


def test_what_can_be_kept_of_a_page_is_kept_and_the_rest_comes_back(
    client: PageClient, scene: Scene
) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    address = page_of(survey, "hospital_beds")
    page = client.get(address)
    beds, visits = (field_of(survey, key).name for key in ("hospital_beds", "outpatient_visits"))
    answer = client.post(address, {**typed_into(page), beds: "300", visits: "很多"})
    assert answer.status == 422
    assert answer.one(f"#{visits}")["value"] == "很多"
    assert "本页有 1 处没有保存" in answer.text
    assert sheet_of(survey).values == {"hospital_beds": "300"}


def test_untouched_field_of_an_old_page_does_not_clash(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    fill(survey, {"hospital_beds": "300"}, actor=scene.supporting_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    address = page_of(survey, "hospital_beds")
    page = client.get(address)
    fill(survey, {"hospital_beds": "320"}, actor=scene.supporting_coordinator)
    visits = field_of(survey, "outpatient_visits").name
    assert client.post(address, {**typed_into(page), visits: "9"}).status == 303
    assert sheet_of(survey).values == {"hospital_beds": "320", "outpatient_visits": "9"}


def test_touched_field_of_an_old_page_shows_both_texts(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    address = page_of(survey, "hospital_beds")
    page = client.get(address)
    fill(survey, {"hospital_beds": "320"}, actor=scene.supporting_coordinator)
    beds = field_of(survey, "hospital_beds").name
    answer = client.post(address, {**typed_into(page), beds: "300"})
    assert answer.status == 409
    assert answer.texts(".field-clash q") == ["320", "300"]
    assert answer.one(f"#{beds}")["value"] == "300"


def test_last_page_leads_back_to_the_survey(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    last = len(sheet_of(survey).sections)
    address = f"/surveys/{survey.id}/sheet/{last}"
    answer = client.post(address, {**typed_into(client.get(address)), "do": "next"})
    assert answer.location == f"/surveys/{survey.id}"


@pytest.mark.parametrize("number", [0, 99])
def test_page_that_the_sheet_has_not_is_not_found(
    client: PageClient, scene: Scene, number: int
) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    assert client.get(f"/surveys/{survey.id}/sheet/{number}").status == 404


def test_reader_sees_the_answers_and_no_field(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    fill(survey, {"hospital_beds": "300"}, actor=scene.supporting_coordinator)
    client.login(scene.city, PASSWORD)
    page = client.get(page_of(survey, "hospital_beds"))
    assert "调研表由双方基地管理员填写" in page.text
    assert page.texts(".sheet-said .text")[0] == "300"
    assert page.select("[hx-post]") == []


def test_every_page_of_the_sheet_can_be_opened(client: PageClient, scene: Scene) -> None:
    survey = written_survey(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    for section in sheet_of(survey).sections:
        page = client.get(f"/surveys/{survey.id}/sheet/{section.number}")
        assert page.h1 == section.title
        assert len(page.select(".sheet-item")) >= len(section.items)
