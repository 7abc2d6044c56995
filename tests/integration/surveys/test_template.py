"""The shipped sheet: whole, loaded once, and never put over an edition that is in use."""

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import clock, reference_data
from portal.extensions import db
from portal.models import Area, SurveyItem, SurveyItemKind, SurveyTemplate
from portal.services.first_run import load_missing, load_survey_template

ITEMS = reference_data.load("survey_template_2020")["item"]
BY_KEY = {entry["key"]: entry for entry in ITEMS}


def test_sheet_asks_about_every_area_and_its_needs() -> None:
    areas = {entry.get("area") for entry in ITEMS}
    assert areas == {None, *(area.value for area in Area)}
    needs = [entry for entry in ITEMS if entry["key"].startswith("needs_")]
    assert {entry["area"] for entry in needs} == {area.value for area in Area}
    assert all(entry["required"] for entry in needs)


def test_sheet_never_asks_for_one_persons_pay() -> None:
    pay = [entry["label"] for entry in ITEMS if "收入" in entry["label"]]
    assert len(pay) == 2
    assert all("之比" in label for label in pay)


def test_seven_rule_categories_and_five_elements_are_asked_for() -> None:
    assert len(BY_KEY["rules"]["options"]["rows"]) == 7
    assert len(BY_KEY["faculty_mechanism"]["options"]["rows"]) == 5


def test_items_of_one_section_stand_together() -> None:
    order = list(dict.fromkeys(entry["section"] for entry in ITEMS))
    places = [order.index(entry["section"]) for entry in ITEMS]
    assert places == sorted(places)


@pytest.mark.parametrize("entry", ITEMS, ids=lambda entry: entry["key"])
def test_each_item_holds_what_its_kind_needs(entry: dict) -> None:
    kind, options = SurveyItemKind(entry["kind"]), entry.get("options", {})
    if kind is SurveyItemKind.CHOICE:
        assert len(options["choices"]) >= 2
    elif kind is SurveyItemKind.RATIO:
        assert {options["over"], options["under"]} <= set(BY_KEY)
        assert not entry.get("required")
    elif kind is SurveyItemKind.MATRIX:
        columns = {key for key, _label in options["columns"]}
        assert options["rows"]
        assert set(options.get("cells", {})) <= columns
        assert set(options.get("units", {})) <= columns
        for column, (over, under) in options.get("ratios", {}).items():
            assert {column, over, under} <= columns
    else:
        assert set(options) <= {"max", "max_of", "average"}
        assert options.get("max_of", entry["key"]) in BY_KEY
        assert not options or kind is SurveyItemKind.NUMBER


def test_loading_twice_adds_one_edition(app: Flask) -> None:
    first = load_survey_template()
    load_missing()
    assert load_survey_template().id == first.id
    assert first.is_current
    assert db.session.scalar(sa.select(sa.func.count(SurveyItem.id))) == len(ITEMS)


def test_portal_with_a_newer_edition_keeps_it_as_the_current_one(app: Flask) -> None:
    newer = SurveyTemplate(edition="2022-1", title="新版", is_current=True, created_at=clock.now())
    db.session.add(newer)
    assert not load_survey_template().is_current
