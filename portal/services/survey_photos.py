"""Photos taken on the visit: added beside an item, withdrawn with a reason, never removed."""

from collections.abc import Sequence

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import SiteSurvey, SurveyItem, SurveyPhoto, User
from portal.services.files import Kept, record_file
from portal.services.survey_answers import require_in_field
from portal.services.texts import demand
from portal.workflow import record

PER_ITEM, PER_SURVEY = 9, 120
"""The most photos that stand beside one item, and in one survey."""

CAPTION_LENGTH, REASON_LENGTH = 100, 200
GENERAL = "综合照片"


def check_room(survey: SiteSurvey, item: SurveyItem | None, number: int) -> None:
    """Raise Rejected({"file": …}) unless ``number`` more photos fit beside ``item``."""
    standing = [one for one in survey.photos if one.withdrawn_at is None]
    here = [one for one in standing if one.item_id == (item.id if item else None)]
    if len(here) + number > PER_ITEM:
        raise Rejected({"file": f"每一项最多放 {PER_ITEM} 张照片，现有 {len(here)} 张。"})
    if len(standing) + number > PER_SURVEY:
        raise Rejected({"file": f"一次调研最多放 {PER_SURVEY} 张照片，现有 {len(standing)} 张。"})


def add_photos(
    survey: SiteSurvey,
    item: SurveyItem | None,
    photos: Sequence[Kept],
    *,
    caption: str = "",
    actor: User,
) -> list[SurveyPhoto]:
    """Put photos that were kept beside ``item``, or among the general ones: all or none.

    The caller holds the survey's row. Raises Forbidden, StepRefused outside the field, or
    Rejected({"file" or "caption": …}) for what is no picture, too many, or too long.
    """
    require_in_field(survey, actor)
    check_room(survey, item, len(photos))
    if len(caption) > CAPTION_LENGTH:
        raise Rejected({"caption": f"最多 {CAPTION_LENGTH} 个字，现有 {len(caption)} 个字。"})
    for kept in photos:
        if not kept.checked.media_type.startswith("image/"):
            raise Rejected({"file": f"“{kept.checked.name}”不是照片，请选择 JPG 或 PNG 图片。"})
    added = []
    for kept in photos:
        photo = SurveyPhoto(
            item=item,
            file=record_file(kept.stored, kept.checked, pairing=survey.pairing, actor=actor),
            caption=caption,
            added_by=actor,
            added_at=clock.now(),
        )
        survey.photos.append(photo)
        added.append(photo)
    names = "、".join(kept.checked.name for kept in photos)
    record(
        survey,
        "survey",
        action="photos_added",
        title="上传现场照片",
        actor=actor,
        details=[("调研项目", item.label if item else GENERAL), ("文件", names)],
    )
    db.session.flush()
    return added


def withdraw_photo(
    survey: SiteSurvey, photo: SurveyPhoto, *, reason: str, actor: User
) -> SurveyPhoto:
    """Take a photo out of the report; row and file stay readable (design/domain.md, Evidence).

    Raises Forbidden, StepRefused, or Rejected({"reason": …}) without a reason.
    """
    require_in_field(survey, actor)
    if photo.withdrawn_at is not None:
        raise StepRefused("这张照片已经撤回。")
    reason = demand(reason, "reason", "请填写撤回的理由。", REASON_LENGTH)
    photo.withdrawn_at, photo.withdrawn_reason = clock.now(), reason
    record(
        survey,
        "survey",
        action="photo_withdrawn",
        title="撤回现场照片",
        actor=actor,
        comment=reason,
        tone="warning",
        details=[("文件", photo.file.name)],
    )
    db.session.flush()
    return photo
