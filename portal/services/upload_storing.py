"""Where a settled upload ends: a piece of the library, and what it backs."""

import re
from dataclasses import replace
from datetime import date

import sqlalchemy as sa

from portal.extensions import db
from portal.models import Evidence, EvidenceUse, Upload, User
from portal.policies.evidence_places import Place
from portal.policies.uploads import Destination
from portal.queries.evidence import uses_of
from portal.services import evidence as evidence_service
from portal.services import evidence_changes, evidence_uses
from portal.services.evidence_changes import why_wrong_day
from portal.services.files import Checked, record_file, title_of
from portal.storage import Stored

BY_PHONE = "手机扫码上传"
_OFFERED = re.compile(r"”拍摄于 (\d{4}-\d\d-\d\d)，材料日期记为 [\d-]{10}。$")


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


def backs(known: Evidence, upload: Upload) -> bool:
    """Whether ``known`` already stands just where ``upload`` is bound for."""
    if upload.task_id is None and upload.meeting_id is None:
        return True
    use = sa.select(EvidenceUse.id).where(
        EvidenceUse.evidence_id == known.id,
        EvidenceUse.task_id == upload.task_id,
        EvidenceUse.meeting_id == upload.meeting_id,
        EvidenceUse.requirement_id == upload.requirement_id,
    )
    return db.session.scalar(use.limit(1)) is not None


def told_of_own(known: Evidence, upload: Upload) -> str:
    """Say that the place has this very file, which leaves nothing to decide."""
    place = "本项" if upload.task_id else "本次会议" if upload.meeting_id else "佐证库"
    return f"{place}已有这份文件（“{known.title}”），没有重复保存“{upload.name}”。"


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
        evidence_uses.use_for(Place(target, place.requirement), known, actor=upload.user)


def offer_of_date(upload: Upload, taken_on: date | None) -> str:
    """Return the offer to date a photograph by the day it was taken; empty where it is none."""
    if taken_on is None or taken_on == upload.evidence_on or why_wrong_day(taken_on):
        return ""
    return (
        f"“{upload.name}”拍摄于 {taken_on.isoformat()}，"
        f"材料日期记为 {upload.evidence_on.isoformat()}。"
    )


def offered_day(upload: Upload) -> date | None:
    """Return the day that was offered: many photographs need not be looked into once more."""
    offer = _OFFERED.search(upload.answer)
    return date.fromisoformat(offer[1]) if offer else None


def date_again(evidence: Evidence, day: date, *, actor: User) -> None:
    """Give a piece that was only just stored another day. Raises as save_details() does."""
    details = replace(evidence_changes.Details.of(evidence), evidence_on=day)
    evidence_changes.save_details(evidence, details, seen_version=None, actor=actor)
