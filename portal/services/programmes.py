"""Setting up a programme and changing it, with every change on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from portal import clock
from portal.errors import Rejected
from portal.extensions import db
from portal.models import BonusBand, Programme, Scheme, User, VerificationPolicy
from portal.policies.decision import require
from portal.policies.programmes import can_manage_programmes
from portal.workflow import check_version, record

MAX_YEARS = 10
FIRST_YEAR, LAST_YEAR = 2000, 2099


@dataclass(frozen=True)
class Band:
    """From which score on how many points."""

    min_score: Decimal
    points: Decimal


@dataclass(frozen=True)
class ProgrammeFields:
    """Everything a programme says."""

    name: str
    document: str
    basis: str
    issued_on: date | None
    starts_on: date
    ends_on: date
    filing_deadline: date
    meeting_interval_months: int
    verification: VerificationPolicy
    sample_percent: int
    bonus_enabled: bool
    bands: Sequence[Band]
    scheme_id: int | None


LABELS = {
    "name": "名称",
    "document": "文件名称",
    "basis": "依据",
    "issued_on": "印发日期",
    "starts_on": "开始日期",
    "ends_on": "结束日期",
    "filing_deadline": "协议备案截止日",
    "meeting_interval_months": "会议间隔（月）",
    "verification": "核验范围",
    "sample_percent": "抽查比例（%）",
    "bonus_enabled": "考核加分",
    "scheme_id": "考核指标",
}
"""Chinese names of the plain columns, in the order of the form."""


def create_programme(fields: ProgrammeFields, *, actor: User) -> Programme:
    """Add a programme. Raises Forbidden, or Rejected field by field."""
    require(can_manage_programmes(actor))
    _check(fields, None)
    programme = Programme(
        created_by_id=actor.id,
        created_at=clock.now(),
        bonus_bands=[BonusBand(min_score=b.min_score, points=b.points) for b in fields.bands],
        **{name: getattr(fields, name) for name in LABELS},
    )
    db.session.add(programme)
    db.session.flush()
    record(
        programme,
        "programme",
        action="created",
        title="设立帮扶周期",
        actor=actor,
        tone="accent",
        details=[("期限", f"{fields.starts_on.isoformat()} 至 {fields.ends_on.isoformat()}")],
    )
    return programme


def edit_programme(
    programme: Programme, fields: ProgrammeFields, *, seen_version: int | None, actor: User
) -> Programme:
    """Change a programme; every changed field is told in its history.

    Raises Forbidden, StaleEdit, or Rejected field by field.
    """
    require(can_manage_programmes(actor))
    check_version(programme, seen_version)
    _check(fields, programme)
    before = described(fields_of(programme))
    after = described(fields)
    changes = [
        (label, f"{old} → {new}")
        for (label, old), (_, new) in zip(before, after, strict=True)
        if old != new
    ]
    if not changes:
        return programme
    for name in LABELS:
        setattr(programme, name, getattr(fields, name))
    _set_bands(programme, fields.bands)
    # A change to the bonus table alone must count as a new version as well.
    flag_modified(programme, "created_at")
    db.session.flush()
    record(
        programme,
        "programme",
        action="edited",
        title="修改帮扶周期",
        actor=actor,
        details=changes,
    )
    return programme


def fields_of(programme: Programme) -> ProgrammeFields:
    """Return what the programme says now."""
    bands = [Band(band.min_score, band.points) for band in programme.bonus_bands]
    return ProgrammeFields(bands=bands, **{name: getattr(programme, name) for name in LABELS})


def described(fields: ProgrammeFields) -> list[tuple[str, str]]:
    """Return every field in words, to compare two versions of a programme."""
    words = [(label, _words(name, getattr(fields, name))) for name, label in LABELS.items()]
    bands = sorted(fields.bands, key=lambda band: -band.min_score)
    table = "；".join(f"≥{b.min_score:.2f} 分加 {b.points:.2f} 分" for b in bands)
    return [*words, ("加分表", table or "未设")]


def _words(name: str, value: Any) -> str:
    """Return one value as the screen says it."""
    if name == "bonus_enabled":
        return "启用" if value else "暂不启用"
    if name == "verification":
        return VerificationPolicy(value).label
    if name == "scheme_id":
        return _scheme_title(value)
    if isinstance(value, date):
        return value.isoformat()
    return "未填" if value in (None, "") else str(value)


def _scheme_title(scheme_id: int | None) -> str:
    scheme = db.session.get(Scheme, scheme_id) if scheme_id else None
    return scheme.title if scheme else "未选"


def _check(fields: ProgrammeFields, programme: Programme | None) -> None:
    """Refuse what no programme can be, every field at once."""
    faults = {**_date_faults(fields), **_band_faults(fields)}
    if not 1 <= fields.meeting_interval_months <= 12:
        faults["meeting_interval_months"] = "会议间隔应为 1 至 12 个月。"
    if not 0 <= fields.sample_percent <= 100:
        faults["sample_percent"] = "抽查比例应为 0 至 100。"
    if fields.scheme_id and db.session.get(Scheme, fields.scheme_id) is None:
        faults["scheme_id"] = "没有这套考核指标，请重新选择。"
    namesake = db.session.scalar(sa.select(Programme.id).where(Programme.name == fields.name))
    if namesake is not None and (programme is None or namesake != programme.id):
        faults["name"] = "已有同名的帮扶周期，请换一个名称。"
    if faults:
        raise Rejected(faults)


def _date_faults(fields: ProgrammeFields) -> dict[str, str]:
    """Return what is wrong with the dates: issued ≤ deadline ≤ end, start < end."""
    faults = {}
    for name in ("issued_on", "starts_on", "ends_on", "filing_deadline"):
        day = getattr(fields, name)
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            faults[name] = f"年份应在 {FIRST_YEAR} 至 {LAST_YEAR} 之间。"
    if faults:
        return faults
    if fields.ends_on <= fields.starts_on:
        faults["ends_on"] = "结束日期应晚于开始日期。"
    elif fields.ends_on.year - fields.starts_on.year > MAX_YEARS:
        faults["ends_on"] = f"帮扶周期最长 {MAX_YEARS} 年，请核对结束日期。"
    elif fields.filing_deadline > fields.ends_on:
        faults["filing_deadline"] = "协议备案截止日不能晚于结束日期。"
    if fields.issued_on:
        if fields.issued_on > fields.ends_on:
            faults["issued_on"] = "印发日期不能晚于结束日期。"
        elif fields.filing_deadline < fields.issued_on:
            faults["filing_deadline"] = "协议备案截止日不能早于印发日期。"
    return faults


def _band_faults(fields: ProgrammeFields) -> dict[str, str]:
    """Return what is wrong with the bonus table: in order, no score twice, not empty when on."""
    bands = sorted(fields.bands, key=lambda band: band.min_score)
    for value in (v for band in bands for v in (band.min_score, band.points)):
        if not 0 <= value <= 100:
            return {"bands": "考核得分和加分值都应在 0 至 100 之间。"}
    for lower, higher in pairwise(bands):
        if lower.min_score == higher.min_score:
            return {"bands": f"考核得分 {lower.min_score:.2f} 填写了两次。"}
        if higher.points < lower.points:
            return {"bands": f"得分 {higher.min_score:.2f} 的加分不应少于较低得分的加分。"}
    if fields.bonus_enabled and not bands:
        return {"bands": "启用考核加分时，请至少填写一档加分。"}
    return {}


def _set_bands(programme: Programme, bands: Sequence[Band]) -> None:
    """Bring the bonus table in line; kept scores keep their row, so no score is there twice."""
    wanted = {band.min_score: band.points for band in bands}
    for row in list(programme.bonus_bands):
        if row.min_score in wanted:
            row.points = wanted.pop(row.min_score)
        else:
            programme.bonus_bands.remove(row)
    for min_score, points in wanted.items():
        programme.bonus_bands.append(BonusBand(min_score=min_score, points=points))
