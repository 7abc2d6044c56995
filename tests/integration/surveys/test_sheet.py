"""The sheet on a phone: each field saves itself, and says so beside it."""

import pytest

from portal.extensions import db
from tests.factories import PASSWORD, Scene
from tests.factories.surveys import (
    fill,
    newer_template,
    planned_survey,
    sheet_of,
    survey_in_field,
)
from tests.support.fragments import apply_fragment, assert_same
from tests.support.pages import PageClient
from tests.support.surveys import autosave, field_of, page_of


def test_starting_leads_straight_to_the_first_question(client: PageClient, scene: Scene) -> None:
    survey = planned_survey(scene)
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get(f"/surveys/{survey.id}")
    answer = client.submit(page, f"form[action='/surveys/{survey.id}/start']")
    assert answer.location == f"/surveys/{survey.id}/resume"
    first = field_of(survey, "hospital_beds").item
    assert client.get(answer.location).location == (f"/surveys/{survey.id}/sheet/1#item-{first.id}")


def test_workbench_resumes_a_survey_in_one_action(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    values = dict.fromkeys(("hospital_beds", "discharges", "outpatient_visits"), "1")
    fill(survey, {**values, "emergencies": "1"}, actor=scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    link = client.get("/").one(".work-title[href$='/resume']")
    item = field_of(survey, "gp_independent").item
    answer = client.get(str(link["href"]))
    assert answer.location == f"/surveys/{survey.id}/sheet/2#item-{item.id}"


@pytest.mark.parametrize(
    ("key", "text", "stored"),
    [
        ("hospital_beds", "１，２００", "1200"),
        ("gp_independent", "yes", "yes"),
        ("gp_equipment.ecg.present", "no", "no"),
        ("gp_director_title", "associate", "associate"),
        ("archives_percent", "95%", "95"),
        ("needs_department", "增加诊室\n补充师资", "增加诊室\n补充师资"),
        ("evaluation_date", "2019-11-05", "2019-11-05"),
    ],
)
def test_field_saves_itself(
    client: PageClient, scene: Scene, key: str, text: str, stored: str
) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(page_of(survey, key))
    name, answer = autosave(client, page, survey, key, text)
    assert answer.status == 200
    said = answer.one(f"#s-{name} .saved").get_text()
    assert said == f"已保存 09:00 · {scene.supported_coordinator.name}"
    db.session.expire_all()
    assert sheet_of(survey).values == {key: stored}


def test_saved_field_leaves_the_page_as_a_reload_would(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    fill(survey, {"gp_beds": "20"}, actor=scene.supporting_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    address = page_of(survey, "gp_physicians")
    page = client.get(address)
    name, answer = autosave(client, page, survey, "gp_physicians", "7")
    after = apply_fragment(page, answer, trigger=f"#{name}")
    # What was typed stands in the field already.
    after.select(f"#{name}")[0]["value"] = "7"
    reloaded = client.get(address)
    assert_same(after, reloaded, within="main")
    ratio = next(item for item in survey.template.items if item.key == "gp_physicians_per_bed")
    assert "0.35" in reloaded.one(f"#r-a{ratio.id}").get_text()


def test_rate_in_a_matrix_is_computed_as_it_is_filled(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    fill(survey, {"pass_rates.last.licensing_due": "8"}, actor=scene.supporting_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(page_of(survey, "pass_rates.last.licensing_passed"))
    _, answer = autosave(client, page, survey, "pass_rates.last.licensing_passed", "7")
    item = field_of(survey, "pass_rates.last.licensing_due").item
    assert "87.5%" in answer.one(f"#r-a{item.id}-last-licensing_rate").get_text()


def test_impossible_answer_is_told_beside_the_field_and_changes_nothing(
    client: PageClient, scene: Scene
) -> None:
    survey = survey_in_field(scene)
    fill(survey, {"gp_beds": "20"}, actor=scene.supporting_coordinator)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(page_of(survey, "gp_beds"))
    name, answer = autosave(client, page, survey, "gp_beds", "二十张")
    assert answer.status == 422
    assert "不是数字" in answer.one(f"#s-{name} .error").get_text()
    # Only the word beside it is exchanged: what was typed stays where it is.
    assert answer.select("input[type=text]") == []
    assert sheet_of(survey).values == {"gp_beds": "20"}


def test_two_people_on_one_field_both_texts_are_shown(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(page_of(survey, "gp_director_title"))
    fill(survey, {"gp_director_title": "senior"}, actor=scene.supporting_coordinator)
    name, answer = autosave(client, page, survey, "gp_director_title", "associate")
    assert answer.status == 409
    assert answer.texts(".field-clash q") == ["正高级", "副高级"]
    assert scene.supporting_coordinator.name in answer.text
    # The mark of what is stored came with it: saying it once more is deliberate.
    after = apply_fragment(page, answer, trigger=f"#{name}")
    mark = str(after.select(f"#v-{name}")[0]["value"])
    tag = page.one(f"#{name}")
    again = client.post(str(tag["hx-post"]), {name: "associate", f"v-{name}": mark}, htmx=True)
    assert again.status == 200
    db.session.expire_all()
    assert sheet_of(survey).values == {"gp_director_title": "associate"}


def test_note_saves_itself_and_counts_as_an_answer(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    item = field_of(survey, "hospital_beds").item
    page = client.get(page_of(survey, "hospital_beds"))
    tag = page.one(f"#n{item.id}")
    answer = client.post(str(tag["hx-post"]), {f"n{item.id}": "军队医院，按规定不提供"}, htmx=True)
    assert "已保存" in answer.one(f"#s-n{item.id}").get_text()
    db.session.expire_all()
    assert sheet_of(survey).is_answered(item)


@pytest.mark.parametrize("query", ["?cell=nowhere", "?cell=a.b", ""])
def test_place_that_the_sheet_has_not_is_not_found(
    client: PageClient, scene: Scene, query: str
) -> None:
    survey = survey_in_field(scene)
    ratio = next(item for item in survey.template.items if item.key == "certified_ratio")
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/surveys/{survey.id}/items/{ratio.id}{query}"
    assert client.post(address, {}, htmx=True).status == 404


def test_item_of_another_edition_is_not_found(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    alien = newer_template().items[0]
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/surveys/{survey.id}/items/{alien.id}"
    assert client.post(address, {f"a{alien.id}": "1"}, htmx=True).status == 404


def test_value_that_is_no_choice_is_refused_in_words_without_script_too(
    client: PageClient, scene: Scene
) -> None:
    survey = survey_in_field(scene)
    one = field_of(survey, "gp_licence")
    client.login(scene.supported_coordinator, PASSWORD)
    client.get(page_of(survey, "gp_licence"))
    answer = client.post(f"/surveys/{survey.id}/items/{one.item.id}", {one.name: "maybe"})
    assert answer.status == 422
    assert "请从选项中选择" in answer.one(f"#s-{one.name}").get_text()
