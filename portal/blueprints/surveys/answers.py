"""One field of the sheet, saved as it is typed: the answer is the small word beside it."""

from flask import make_response, render_template, url_for
from flask import request as asked
from werkzeug.wrappers import Response

from portal.blueprints.surveys import bp
from portal.blueprints.surveys.sheet import Typed, entry_of, note_entry, section_page, seen_of
from portal.errors import NotVisible, Rejected
from portal.models import SiteSurvey, SurveyItem
from portal.policies.survey_sheet import Field, Sheet
from portal.queries import surveys as queries
from portal.services import survey_answers
from portal.services.survey_answers import StaleAnswer
from portal.web.accounts import actor
from portal.web.htmx import is_htmx, out_of_band
from portal.web.requests import leave_to, writes

NOTE = "note"
"""As ``part`` in the address: not the answer, but the note beside the item."""


@bp.post("/surveys/<int:survey_id>/items/<int:item_id>")
@writes
def save_answer(survey_id: int, item_id: int) -> Response:
    """Save one field, or the note beside an item.

    Answers with its status beside it, and with what hangs on it elsewhere on the page. A text
    that cannot be kept stays in the field; two people on one field see both texts.
    """
    survey = queries.get_survey(survey_id, viewer=actor(), lock=True, visit=False)
    sheet = Sheet(survey.template.items, survey.answers)
    one, item = _place(sheet, item_id)
    field_name = one.name if one else f"n{item.id}"
    typed, text = Typed(), asked.form.get(field_name, "")
    typed.texts[field_name] = text
    status = 200
    try:
        _save(survey, one, item, text)
    except Rejected as refusal:
        typed.errors[field_name], status = refusal.sentence, 422
    except StaleAnswer as stale:
        theirs = stale.theirs.note if one is None else one.words(stale.theirs.value)
        typed.clashes[field_name], status = theirs, 409
    sheet = Sheet(survey.template.items, survey.answers)
    section = sheet.section_of(item)
    if not is_htmx() and status != 200:
        return make_response(section_page(survey, sheet, section, typed=typed), status)
    if not is_htmx():
        return leave_to(url_for("surveys.show_section", survey_id=survey.id, number=section.number))
    context = {"survey": survey, "pairing": survey.pairing, "sheet": sheet, "section": section}
    answer = render_template(
        "surveys/_status.html",
        name=field_name,
        entry=note_entry(sheet, item, typed) if one is None else entry_of(sheet, one, typed),
        **context,
    )
    if status == 200:
        answer += out_of_band(render_template("surveys/_progress.html", **context))
        for ratio in _computed(sheet, item):
            answer += out_of_band(render_template("surveys/_ratio.html", field=ratio, **context))
    return make_response(answer, status)


def _place(sheet: Sheet, item_id: int) -> tuple[Field | None, SurveyItem]:
    """Return the field that the address names, with its item; no field for the item's note.

    Raises NotVisible for what this sheet does not have.
    """
    item = next((item for item in sheet.items if item.id == item_id), None)
    if item is None:
        raise NotVisible()
    if asked.args.get("part") == NOTE:
        return None, item
    cell = asked.args.get("cell", "")
    one = next((one for one in sheet.fields[item.id] if one.cell == cell), None)
    if one is None or one.name not in sheet.by_name:
        raise NotVisible()
    return one, item


def _save(survey: SiteSurvey, one: Field | None, item: SurveyItem, text: str) -> None:
    """Keep the text of a field, or of the item's note."""
    if one is None:
        seen = seen_of(f"n{item.id}")
        survey_answers.save_note(survey, item, text, seen=seen, actor=actor())
    else:
        survey_answers.save_answer(survey, one, text, seen=seen_of(one.name), actor=actor())


def _computed(sheet: Sheet, item: SurveyItem) -> list[Field]:
    """Return the computed fields of the page of ``item``: any of them may hang on it."""
    return [
        one
        for other in sheet.section_of(item).items
        for one in sheet.fields[other.id]
        if one.over and item.key in (one.over.split(".")[0], one.under.split(".")[0])
    ]
