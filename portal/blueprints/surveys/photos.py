"""Photos of the visit: taken beside an item, withdrawn with a reason."""

from typing import BinaryIO, cast

from flask import flash, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.surveys import bp
from portal.blueprints.surveys.forms import AddPhotosForm, WithdrawPhotoForm
from portal.blueprints.surveys.sheet import section_page
from portal.errors import Rejected
from portal.models import SiteSurvey, SurveyItem
from portal.policies.survey_sheet import Section, Sheet
from portal.queries import surveys as queries
from portal.row_ids import row_id
from portal.services import survey_photos
from portal.services.files import HoldsPersonalData, keep_upload
from portal.services.survey_answers import require_in_field
from portal.web.accounts import actor
from portal.web.requests import begin_writing, leave_to, let_go, reads_first, writes

Answer = Response | tuple[str, int]


@bp.post("/surveys/<int:survey_id>/photos")
@reads_first
@writes
def add_photos(survey_id: int) -> Answer:
    """Add the photos of a plain form, all or none."""
    survey = queries.get_survey(survey_id, viewer=actor())
    require_in_field(survey, actor())
    form = AddPhotosForm()
    item = _item(survey)
    item_id = item.id if item else None
    try:
        if not form.validate():
            return _refused(survey, form, item)
        files = [one for one in request.files.getlist("file") if one.filename]
        if not files:
            raise Rejected({"file": "请拍照，或选择要上传的照片。"})
        survey_photos.check_room(survey, item, len(files))
        let_go()
        kept = [
            keep_upload(
                one.filename or "",
                cast(BinaryIO, one.stream),
                despite_warning=form.despite_warning.data,
            )
            for one in files
        ]
        begin_writing()
        survey = queries.get_survey(survey_id, viewer=actor(), lock=True)
        item = next((one for one in survey.template.items if one.id == item_id), None)
        survey_photos.add_photos(survey, item, kept, caption=form.caption.data or "", actor=actor())
    except Rejected as refusal:
        form.warned = isinstance(refusal, HoldsPersonalData)
        form.add_errors(refusal.fields)
        return _refused(survey, form, item)
    flash(f"已上传 {len(kept)} 张照片。", "success")
    return leave_to(_address(survey, item))


@bp.post("/survey-photos/<int:photo_id>/withdraw")
@writes
def withdraw_photo(photo_id: int) -> Answer:
    """Take a photo out of the report, with a reason."""
    survey, photo = queries.get_photo(photo_id, viewer=actor())
    require_in_field(survey, actor())
    form = WithdrawPhotoForm()
    if form.validate():
        survey_photos.withdraw_photo(survey, photo, reason=form.reason.data, actor=actor())
        flash("照片已撤回，不再列入报告。", "success")
        return leave_to(_address(survey, photo.item))
    sheet = Sheet(survey.template.items, survey.answers)
    section = _section(sheet, photo.item)
    return section_page(survey, sheet, section, withdrawing={photo.id: form}), 422


def _item(survey: SiteSurvey) -> SurveyItem | None:
    """Return the item of this survey's sheet that the form names; None for general photos."""
    wanted = row_id(request.form.get("item_id"))
    if wanted is None:
        return None
    item = next((one for one in survey.template.items if one.id == wanted), None)
    if item is None:
        raise Rejected({"file": "调研表中没有这一项。"})
    return item


def _section(sheet: Sheet, item: SurveyItem | None) -> Section:
    """Return the page an item's photos stand on; general ones stand on the last."""
    return sheet.section_of(item) if item else sheet.sections[-1]


def _refused(survey: SiteSurvey, form: AddPhotosForm, item: SurveyItem | None) -> Answer:
    """Show the page again with the sentence beside the photos of ``item``."""
    survey = queries.get_survey(survey.id, viewer=actor())
    sheet = Sheet(survey.template.items, survey.answers)
    page = section_page(
        survey,
        sheet,
        _section(sheet, item),
        photo_form=form,
        photo_item=item.id if item else None,
    )
    return page, 422


def _address(survey: SiteSurvey, item: SurveyItem | None) -> str:
    sheet = Sheet(survey.template.items, survey.answers)
    anchor = f"item-{item.id}" if item else "general-photos"
    number = _section(sheet, item).number
    return url_for("surveys.show_section", survey_id=survey.id, number=number, _anchor=anchor)
