"""Where a settled upload ends: a piece of the library, and what it backs."""

from dataclasses import replace
from datetime import date

from portal.extensions import db
from portal.models import Evidence, Upload, User
from portal.policies.evidence_places import Place
from portal.policies.uploads import Destination
from portal.queries.evidence import uses_of
from portal.services import evidence as evidence_service
from portal.services.evidence_changes import why_wrong_day
from portal.services.files import Checked, record_file, title_of
from portal.storage import Stored

BY_PHONE = "手机扫码上传"


def told_of(known: Evidence, upload: Upload, *, viewer: User) -> str:
    """Say where the same bytes already stand, as far as ``viewer`` may know of it."""
    if not evidence_service.is_seen(known, viewer):
        return f"“{upload.name}”与佐证库中的一份材料内容相同，不必重复保存。"
    places = "、".join(
        f"{use.task.code} {use.task.title}"
        for use in uses_of(known, viewer=viewer)
        if use.task is not None
    )
    where = f"（已用于{places}）" if places else ""
    return f"“{upload.name}”与佐证库中的“{known.title}”内容相同{where}，不必重复保存。"


def add(upload: Upload, stored: Stored, checked: Checked) -> Evidence:
    """Make the stored bytes of ``upload`` a piece of evidence that backs its destination."""
    file = record_file(stored, checked, pairing=upload.pairing, actor=upload.user)
    evidence = evidence_service.add_to_library(
        upload.pairing,
        file=file,
        title=title_of(file.name),
        evidence_on=upload.evidence_on,
        task=upload.task,
        requirement=upload.requirement,
        meeting=upload.meeting,
        actor=upload.user,
        way=BY_PHONE if upload.link_id else "",
    )
    if evidence.file_id != file.id:
        # Somebody stored the same bytes a moment ago; a second record would prove nothing.
        db.session.delete(file)
        db.session.flush()
    return evidence


def use(place: Destination, known: Evidence, upload: Upload) -> None:
    """Let ``known`` back the destination of ``upload``; the library alone has it already."""
    target = place.task or place.meeting
    if target is not None:
        evidence_service.use_for(Place(target, place.requirement), known, actor=upload.user)


def offer_of_date(upload: Upload, taken_on: date | None) -> str:
    """Return the offer to date a photograph by the day it was taken; empty where it is none."""
    if taken_on is None or taken_on == upload.evidence_on or why_wrong_day(taken_on):
        return ""
    return (
        f"“{upload.name}”拍摄于 {taken_on.isoformat()}，"
        f"材料日期记为 {upload.evidence_on.isoformat()}。"
    )


def date_again(evidence: Evidence, day: date, *, actor: User) -> None:
    """Give a piece that was only just stored another day. Raises as save_details() does."""
    details = replace(evidence_service.Details.of(evidence), evidence_on=day)
    evidence_service.save_details(evidence, details, seen_version=None, actor=actor)
