"""The sheet of a survey as a browser has it: its fields stand outside their form."""

from typing import Any

from bs4 import Tag

from portal.models import SiteSurvey
from portal.policies.survey_sheet import Field
from tests.factories import Scene
from tests.factories.surveys import sheet_of
from tests.support.pages import Page, PageClient


def list_path(scene: Scene) -> str:
    return f"/pairings/{scene.pairing_id}/surveys"


def field_of(survey: SiteSurvey, key: str) -> Field:
    return next(one for one in sheet_of(survey).by_name.values() if one.key == key)


def page_of(survey: SiteSurvey, key: str) -> str:
    """The address of the page on which the field stands."""
    number = sheet_of(survey).section_of(field_of(survey, key).item).number
    return f"/surveys/{survey.id}/sheet/{number}"


def typed_into(page: Page, **values: str) -> dict[str, Any]:
    """What the sheet's form would send with ``values`` typed into it, names with _ for -."""
    sent: dict[str, Any] = {}
    for tag in page.select("#sheet input, [form=sheet]"):
        name, kind = str(tag.get("name", "")), tag.get("type", tag.name)
        if not name or tag.name == "button" or (kind == "radio" and not tag.has_attr("checked")):
            continue
        sent[name] = _value(tag)
    return {**sent, **values}


def _value(tag: Tag) -> str:
    if tag.name == "textarea":
        return tag.get_text()
    if tag.name == "select":
        chosen = tag.select_one("option[selected]")
        return str(chosen["value"]) if chosen else ""
    return str(tag.get("value", ""))


def autosave(
    client: PageClient, page: Page, survey: SiteSurvey, key: str, text: str
) -> tuple[str, Page]:
    """Type into a field as htmx sends it: the field, its mark and the token. Returns its name."""
    one = field_of(survey, key)
    tag = page.select(f"[name='{one.name}']")[0]
    names = str(tag["hx-params"]).split(",")
    sent = {name: value for name, value in typed_into(page).items() if name in names}
    return one.name, client.post(str(tag["hx-post"]), {**sent, one.name: text}, htmx=True)
