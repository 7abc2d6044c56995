"""Answers and photos through their services: who, when, two people, limits."""

import io
from collections.abc import Callable
from decimal import Decimal

import pytest
import sqlalchemy as sa

from portal.errors import Forbidden, Rejected, StepRefused
from portal.extensions import db
from portal.models import SiteSurvey, StoredFile, SurveyAnswer, SurveyPhoto
from portal.policies.survey_sheet import Field
from portal.services import survey_answers, survey_photos
from portal.services.files import keep_upload
from portal.services.survey_answers import StaleAnswer, mark_of
from tests.factories import Scene
from tests.factories.evidence import pdf_bytes, png_bytes
from tests.factories.surveys import (
    cancelled_survey,
    confirmed_survey,
    fill,
    newer_template,
    photo_of,
    planned_survey,
    reported_survey,
    sheet_of,
    survey_in_field,
)


def field(survey: SiteSurvey, key: str) -> Field:
    return next(one for one in sheet_of(survey).by_name.values() if one.key == key)


@pytest.mark.parametrize("role", ["supporting_coordinator", "supported_coordinator"])
def test_coordinator_of_either_side_answers_and_is_named(scene: Scene, role: str) -> None:
    survey, actor = survey_in_field(scene), getattr(scene, role)
    answer = fill(survey, {"hospital_beds": "１，２００张"}, actor=actor)["hospital_beds"]
    assert answer is not None
    assert (answer.value, answer.number, answer.answered_by) == ("1200", Decimal(1200), actor)


@pytest.mark.parametrize(
    "role",
    [
        "commission",
        "centre",
        "city",
        "supporting_leader",
        "supported_leader",
        "supporting_contributor",
        "supported_contributor",
        "foreign_coordinator",
        "expert",
        "auditor",
    ],
)
def test_nobody_else_answers(scene: Scene, role: str) -> None:
    survey = survey_in_field(scene)
    with pytest.raises(Forbidden):
        fill(survey, {"hospital_beds": "1"}, actor=getattr(scene, role))


@pytest.mark.parametrize(
    "make", [planned_survey, reported_survey, confirmed_survey, cancelled_survey]
)
def test_sheet_is_open_in_the_field_only(scene: Scene, make: Callable[..., SiteSurvey]) -> None:
    survey = make(scene)
    before = sheet_of(survey).values
    with pytest.raises(StepRefused):
        fill(survey, {"hospital_beds": "77"}, actor=scene.supporting_coordinator)
    with pytest.raises(StepRefused):
        photo_of(survey, by=scene.supporting_coordinator)
    assert sheet_of(survey).values == before


def test_impossible_answer_leaves_the_old_one(scene: Scene) -> None:
    survey, actor = survey_in_field(scene), scene.supporting_coordinator
    fill(survey, {"gp_beds": "20"}, actor=actor)
    with pytest.raises(Rejected):
        fill(survey, {"gp_beds": "二十来张"}, actor=actor)
    assert sheet_of(survey).values == {"gp_beds": "20"}


def test_emptied_answer_stays_as_a_row_without_a_value(scene: Scene) -> None:
    survey, actor = survey_in_field(scene), scene.supporting_coordinator
    fill(survey, {"gp_beds": "20"}, actor=actor)
    fill(survey, {"gp_beds": ""}, actor=actor)
    row = db.session.scalars(sa.select(SurveyAnswer)).one()
    assert (row.value, row.number) == ("", None)


def test_blank_field_makes_no_row(scene: Scene) -> None:
    survey = survey_in_field(scene)
    assert fill(survey, {"gp_beds": " "}, actor=scene.supporting_coordinator) == {"gp_beds": None}
    assert db.session.scalars(sa.select(SurveyAnswer)).all() == []


def save(survey: SiteSurvey, text: str, seen: str, actor: object) -> SurveyAnswer | None:
    return survey_answers.save_answer(
        survey, field(survey, "gp_beds"), text, seen=mark_of(seen), actor=actor
    )


def test_later_of_two_people_gets_both_texts(scene: Scene) -> None:
    survey = survey_in_field(scene)
    save(survey, "20", "", scene.supporting_coordinator)
    with pytest.raises(StaleAnswer) as refusal:
        save(survey, "24", "", scene.supported_coordinator)
    assert (refusal.value.theirs.value, refusal.value.mine) == ("20", "24")
    assert sheet_of(survey).values["gp_beds"] == "20"
    # Having seen both, the second one's word counts.
    answer = save(survey, "24", "20", scene.supported_coordinator)
    assert answer is not None
    assert (answer.value, answer.answered_by) == ("24", scene.supported_coordinator)


def test_two_people_who_agree_do_not_clash(scene: Scene) -> None:
    survey = survey_in_field(scene)
    save(survey, "20", "", scene.supporting_coordinator)
    answer = save(survey, "20", "", scene.supported_coordinator)
    assert answer is not None
    assert answer.answered_by is scene.supporting_coordinator


def test_own_later_word_counts_though_the_first_answer_was_lost(scene: Scene) -> None:
    survey = survey_in_field(scene)
    save(survey, "2", "", scene.supporting_coordinator)
    answer = save(survey, "20", "", scene.supporting_coordinator)
    assert answer is not None
    assert answer.value == "20"


def test_note_beside_an_answer_does_not_clash_with_it(scene: Scene) -> None:
    survey = survey_in_field(scene)
    item = field(survey, "gp_beds").item
    save(survey, "20", "", scene.supporting_coordinator)
    survey_answers.save_note(
        survey, item, "含加床", seen=mark_of(""), actor=scene.supported_coordinator
    )
    answer = save(survey, "22", "20", scene.supporting_coordinator)
    assert answer is not None
    assert (answer.value, answer.note) == ("22", "含加床")
    with pytest.raises(StaleAnswer):
        survey_answers.save_note(
            survey, item, "不含加床", seen=mark_of(""), actor=scene.supported_coordinator
        )
    with pytest.raises(Rejected):
        survey_answers.save_note(
            survey, item, "字" * 501, seen=None, actor=scene.supported_coordinator
        )


def test_answers_of_an_older_edition_stay_readable(scene: Scene) -> None:
    survey = survey_in_field(scene)
    fill(
        survey,
        {"gp_beds": "20", "gp_physicians": "7", "rules.finance.established": "yes"},
        actor=scene.supporting_coordinator,
    )
    newer_template()
    db.session.expire_all()
    sheet = sheet_of(survey)
    assert survey.template.edition == "2020-1"
    assert sheet.values["rules.finance.established"] == "yes"
    assert sheet.figures["gp_physicians_per_bed"] == Decimal("0.35")


# Photos.


def add(survey: SiteSurvey, actor: object, *names: str, content: bytes | None = None) -> None:
    kept = [keep_upload(name, io.BytesIO(content or png_bytes())) for name in names]
    item = field(survey, "gp_licence").item
    survey_photos.add_photos(survey, item, kept, actor=actor)


def test_photo_stands_beside_its_item_and_belongs_to_the_pairing(scene: Scene) -> None:
    survey = survey_in_field(scene)
    photo = photo_of(survey, by=scene.supported_coordinator)
    assert photo.item is not None
    assert (photo.item.key, photo.file.pairing_id) == ("gp_licence", scene.pairing_id)


def test_only_pictures_are_photos(scene: Scene) -> None:
    survey = survey_in_field(scene)
    with pytest.raises(Rejected, match="不是照片"):
        add(survey, scene.supporting_coordinator, "证照.pdf", content=pdf_bytes())
    assert db.session.scalars(sa.select(StoredFile)).all() == []


def test_tenth_photo_of_an_item_is_refused(scene: Scene) -> None:
    survey, actor = survey_in_field(scene), scene.supporting_coordinator
    add(survey, actor, *(f"{number}.png" for number in range(9)))
    with pytest.raises(Rejected, match="最多放 9 张"):
        add(survey, actor, "10.png")
    survey_photos.withdraw_photo(survey, survey.photos[0], reason="拍糊了", actor=actor)
    add(survey, actor, "10.png")
    assert len(survey.photos) == 10


def test_photos_of_one_survey_are_limited(scene: Scene) -> None:
    survey, actor = survey_in_field(scene), scene.supporting_coordinator
    first = photo_of(survey, by=actor, key="gp_clinic")
    more = {"file": first.file, "added_by": actor, "added_at": first.added_at}
    survey.photos.extend(SurveyPhoto(**more) for _ in range(survey_photos.PER_SURVEY - 1))
    db.session.flush()
    with pytest.raises(Rejected, match="一次调研最多放 120 张"):
        add(survey, actor, "2.png")


def test_withdrawn_photo_stays_with_its_reason(scene: Scene) -> None:
    survey, actor = survey_in_field(scene), scene.supporting_coordinator
    photo = photo_of(survey, by=actor)
    with pytest.raises(Rejected):
        survey_photos.withdraw_photo(survey, photo, reason=" ", actor=actor)
    survey_photos.withdraw_photo(survey, photo, reason="拍到患者", actor=actor)
    assert photo.withdrawn_at is not None
    with pytest.raises(StepRefused):
        survey_photos.withdraw_photo(survey, photo, reason="再撤", actor=actor)
    assert photo.withdrawn_reason == "拍到患者"
