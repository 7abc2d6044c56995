"""The sheet: one page for each section, saved as a whole where no script runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flask import flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.surveys import bp
from portal.blueprints.surveys.forms import AddPhotosForm, WithdrawPhotoForm
from portal.errors import NotVisible, Rejected
from portal.models import SiteSurvey, SurveyAnswer, SurveyItem, SurveyState
from portal.policies.survey_sheet import Field, Section, Sheet
from portal.policies.surveys import can_fill
from portal.queries import surveys as queries
from portal.services import survey_answers
from portal.services.survey_answers import StaleAnswer, mark_of
from portal.services.survey_photos import GENERAL
from portal.web.accounts import actor
from portal.web.links import url_if_known
from portal.web.requests import keep_what_was_done, leave_to, writes


@dataclass(frozen=True)
class Entry:
    """One place of the sheet as the page draws it: what stands in it, and what became of it.

    ``name`` is the field's; of a note it is the item's with an n, while its answer is the item's.
    """

    text: str
    stored: str
    answer: SurveyAnswer | None
    error: str = ""
    mine: str = ""
    theirs: str = ""

    @property
    def seen(self) -> str:
        """What the form sends back to say which answer it showed."""
        return mark_of(self.stored)


@dataclass
class Typed:
    """What a refused page had in its fields, and why it was refused, by name."""

    texts: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    clashes: dict[str, str] = field(default_factory=dict)


def entry_of(sheet: Sheet, one: Field, typed: Typed | None = None) -> Entry:
    """Return what the page shows of a field; what was typed into a refused one stays."""
    entry = _entry(sheet.answer(one), one.name, sheet.value(one), typed)
    return replace(entry, mine=one.words(entry.text)) if entry.theirs else entry


def note_entry(sheet: Sheet, item: SurveyItem, typed: Typed | None = None) -> Entry:
    """The same of the note beside an item."""
    return _entry(sheet.answers.get((item.id, "")), f"n{item.id}", sheet.note(item), typed)


def _entry(answer: SurveyAnswer | None, name: str, stored: str, typed: Typed | None) -> Entry:
    said = typed or Typed()
    bad = name in said.errors or name in said.clashes
    text = said.texts[name] if bad else stored
    error, theirs = said.errors.get(name, ""), said.clashes.get(name, "")
    return Entry(text, stored, answer, error, text, theirs)


def seen_of(name: str) -> str | None:
    """Return the mark of the answer that the page showed; None where it does not say."""
    return request.form.get(f"v-{name}")


def _changed(name: str) -> str | None:
    """Return what a field of a whole page was changed to; None where it came as it was drawn.

    Somebody else's later word must not be taken for a clash with an untouched field.
    """
    text = request.form.get(name)
    return None if text is None or mark_of(text) == seen_of(name) else text


@bp.get("/surveys/<int:survey_id>/sheet/<int:number>")
def show_section(survey_id: int, number: int) -> str:
    """Show one page of the sheet: to be filled in, or to be read."""
    survey = queries.get_survey(survey_id, viewer=actor())
    sheet = Sheet(survey.template.items, survey.answers)
    return section_page(survey, sheet, section_at(sheet, number))


@bp.post("/surveys/<int:survey_id>/sheet/<int:number>")
@writes
def save_section(survey_id: int, number: int) -> Response:
    """Save a whole page. What can be kept is kept; the rest comes back as it was typed."""
    survey = queries.get_survey(survey_id, viewer=actor(), lock=True)
    sheet = Sheet(survey.template.items, survey.answers)
    section = section_at(sheet, number)
    survey_answers.require_in_field(survey, actor())
    typed = _save_fields(survey, sheet, section)
    if typed.errors or typed.clashes:
        sheet = Sheet(survey.template.items, survey.answers)
        page = section_page(survey, sheet, section, typed=typed)
        status = 409 if typed.clashes else 422
        return keep_what_was_done(make_response(page, status))
    flash("本页已保存。", "success")
    last = section.number == len(sheet.sections)
    if request.form.get("do") != "next":
        return leave_to(_address(survey, section.number))
    if last:
        return leave_to(url_for("surveys.show_survey", survey_id=survey.id))
    return leave_to(_address(survey, section.number + 1))


def _save_fields(survey: SiteSurvey, sheet: Sheet, section: Section) -> Typed:
    """Save what was changed on the page; return what could not be, as it was typed."""
    typed = Typed()
    fields = {one.name: one for item in section.items for one in sheet.fields[item.id]}
    for name, one in fields.items():
        text = _changed(name) if name in sheet.by_name else None
        if text is None:
            continue
        try:
            survey_answers.save_answer(survey, one, text, seen=seen_of(name), actor=actor())
        except Rejected as refusal:
            typed.texts[name], typed.errors[name] = text, refusal.sentence
        except StaleAnswer as stale:
            typed.texts[name], typed.clashes[name] = text, one.words(stale.theirs.value)
    for item in section.items:
        _save_note(survey, item, typed)
    return typed


def _save_note(survey: SiteSurvey, item: SurveyItem, typed: Typed) -> None:
    """The same for the note beside an item."""
    name = f"n{item.id}"
    text = _changed(name)
    if text is None:
        return
    try:
        survey_answers.save_note(survey, item, text, seen=seen_of(name), actor=actor())
    except Rejected as refusal:
        typed.texts[name], typed.errors[name] = text, refusal.sentence
    except StaleAnswer as stale:
        typed.texts[name], typed.clashes[name] = text, stale.theirs.note


def section_at(sheet: Sheet, number: int) -> Section:
    """Return a page of the sheet by its number. Raises NotVisible beyond the last."""
    if not 1 <= number <= len(sheet.sections):
        raise NotVisible()
    return sheet.sections[number - 1]


def _address(survey: SiteSurvey, number: int) -> str:
    return url_for("surveys.show_section", survey_id=survey.id, number=number)


def section_page(
    survey: SiteSurvey,
    sheet: Sheet,
    section: Section,
    *,
    typed: Typed | None = None,
    photo_form: AddPhotosForm | None = None,
    photo_item: int | None = None,
    withdrawing: Mapping[int, WithdrawPhotoForm] | None = None,
) -> str:
    """Render one page of the sheet; ``typed`` and the forms are those that were refused."""
    filling = survey.state is SurveyState.IN_FIELD and bool(can_fill(actor(), survey))
    return render_template(
        "surveys/section.html",
        survey=survey,
        pairing=survey.pairing,
        sheet=sheet,
        section=section,
        filling=filling,
        url_if_known=url_if_known,
        typed=typed,
        entry_of=entry_of,
        note_entry=note_entry,
        photos=queries.photos_by_item(survey),
        photo_form=photo_form or AddPhotosForm(formdata=None),
        photo_item=photo_item,
        refused_photo=photo_form is not None,
        withdraw_form=WithdrawPhotoForm(formdata=None),
        withdrawing=withdrawing or {},
        general=GENERAL,
    )
