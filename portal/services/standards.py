"""Keeping the standards: another edition is added, a number is compared with its official text."""

from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import Comparison, Standard, User
from portal.policies.decision import require
from portal.policies.gaps import demand_of
from portal.policies.standards import can_keep_standards
from portal.workflow import record

PLACES = 4
"""Decimals that a standard keeps (Standard.low, Standard.high)."""


@dataclass(frozen=True)
class StandardEntry:
    """What the form of a standard says."""

    key: str
    edition: str
    title: str
    comparison: Comparison
    low: Decimal | None
    high: Decimal | None
    unit: str
    base_kinds: tuple[str, ...]
    source: str
    verified: bool
    note: str


def add_standard(entry: StandardEntry, *, actor: User) -> Standard:
    """Add a standard of one edition; others of the same field stay as they are.

    Raises Forbidden, or Rejected for a missing number or an edition the field already has.
    """
    require(can_keep_standards(actor))
    _check_numbers(entry)
    last = db.session.scalar(sa.select(sa.func.max(Standard.position)))
    standard = Standard(
        position=_place(entry.key, last or 0),
        key=entry.key,
        edition=entry.edition,
        title=entry.title,
        comparison=entry.comparison,
        low=entry.low,
        high=entry.high,
        unit=entry.unit,
        base_kinds=list(entry.base_kinds),
        source=entry.source,
        verified=entry.verified,
        note=entry.note,
    )
    try:
        # Two people who add the same edition at once: the unique constraint lets one of them win.
        with db.session.begin_nested():
            db.session.add(standard)
    except IntegrityError:
        raise Rejected({"edition": "这个调研项目已有这一版本的标准。"}) from None
    record(
        standard,
        "standard",
        action="added",
        title=f"增加对照标准“{entry.title}”",
        actor=actor,
        details=[
            ("版本", entry.edition),
            ("要求", demand_of(standard)),
            ("来源", entry.source),
            ("核实", "已核实" if entry.verified else "未核实"),
        ],
    )
    return standard


def verify_standard(standard: Standard, *, source: str, actor: User) -> None:
    """Say that the number was compared with the official text named by ``source``.

    Raises Forbidden, Rejected without a source, or StepRefused if it was verified before.
    """
    require(can_keep_standards(actor))
    db.session.refresh(standard, with_for_update=True)
    if standard.verified:
        raise StepRefused("这条标准已经核实。")
    if not source.strip():
        raise Rejected({"source": "请写明核对的文件名称和位置。"})
    before = standard.source
    standard.verified, standard.source = True, source.strip()
    db.session.flush()
    record(
        standard,
        "standard",
        action="verified",
        title=f"核实对照标准“{standard.title}”",
        actor=actor,
        tone="success",
        details=[
            ("版本", standard.edition),
            ("要求", demand_of(standard)),
            ("来源", f"{before} → {standard.source}" if before != standard.source else before),
        ],
    )


def _place(key: str, last: int) -> int:
    """Return the place of a new standard: beside the field's others, else at the end."""
    beside = db.session.scalar(sa.select(sa.func.max(Standard.position)).where(Standard.key == key))
    return last + 1 if beside is None else beside


def _check_numbers(entry: StandardEntry) -> None:
    """Refuse a demand without its numbers, or a range the wrong way round."""
    wrong: dict[str, str] = {}
    for name, number in (("low", entry.low), ("high", entry.high)):
        if number is not None and number != round(number, PLACES):
            wrong[name] = f"最多写 {PLACES} 位小数。"
    if entry.comparison is not Comparison.PRESENT and entry.low is None:
        wrong["low"] = "请填写标准值。"
    if entry.comparison is Comparison.BETWEEN:
        if entry.high is None:
            wrong["high"] = "请填写上限。"
        elif entry.low is not None and entry.high < entry.low:
            wrong["high"] = "上限不能低于下限。"
    elif entry.high is not None:
        wrong["high"] = "只有“介于”需要填写上限。"
    if entry.comparison is Comparison.PRESENT and entry.low is not None:
        wrong["low"] = "“应具备”不填标准值。"
    if wrong:
        raise Rejected(wrong)
