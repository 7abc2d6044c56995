"""The figures that the goals of a plan should move: baselines and targets of each year."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from portal.errors import Rejected, StaleEdit
from portal.extensions import db
from portal.models import Area, GoalFigure, Plan, User
from portal.policies.goal_figures import (
    MAX_FIGURES,
    NAME_LENGTH,
    UNIT_LENGTH,
    read_number,
    show_number,
)
from portal.services.plan_changes import note_change, open_for_change


@dataclass(frozen=True)
class FigureEntry:
    """One line of the form, as typed. A line without a name is none."""

    area: Area
    name: str
    unit: str = ""
    baseline: str = ""
    targets: tuple[str, ...] = ()
    item_key: str = ""


def figures_mark(plan: Plan) -> str:
    """Return a mark of the figures as they stand, for the hidden field of their form."""
    lines = ["\t".join(map(str, told)) for told in map(_told, plan.figures)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def save_figures(
    plan: Plan, entries: Sequence[FigureEntry], *, seen: str | None, actor: User
) -> int:
    """Make the plan's figures those of ``entries``; return how many lines changed.

    Raises Forbidden, StepRefused, StaleEdit, or Rejected with the fields ``<field>-<line>``.
    """
    open_for_change(plan, actor=actor)
    if seen is not None and seen != figures_mark(plan):
        raise StaleEdit()
    wanted = [_read(at, entry) for at, entry in enumerate(entries) if entry.name]
    _refuse([fault for _, faults in wanted for fault in faults], entries)
    details: list[tuple[str, str]] = []
    for area in Area:
        details += _write(plan, area, [one for one, _ in wanted if one.area is area])
    if details:
        db.session.flush()
        db.session.expire(plan, ["figures"])
        note_change(plan, "修改量化目标", details, actor=actor)
    return len(details)


def _read(at: int, entry: FigureEntry) -> tuple[GoalFigure, list[tuple[str, str]]]:
    """Return the row that a line becomes, and what is wrong with it by field."""
    faults: list[tuple[str, str]] = []

    def number(field: str, text: str) -> Decimal | None:
        try:
            return read_number(text)
        except ValueError as refusal:
            faults.append((f"{field}-{at}", str(refusal)))
            return None

    limits = ((f"name-{at}", entry.name, NAME_LENGTH), (f"unit-{at}", entry.unit, UNIT_LENGTH))
    faults += [(field, f"最多 {most} 个字。") for field, text, most in limits if len(text) > most]
    targets = {
        str(year): show_number(number(f"target{year}", text))
        for year, text in enumerate(entry.targets, 1)
    }
    row = GoalFigure(
        area=entry.area,
        name=entry.name,
        unit=entry.unit,
        baseline=number("baseline", entry.baseline),
        targets={year: text for year, text in targets.items() if text},
        item_key=entry.item_key[:60],
    )
    return row, faults


def _refuse(faults: Sequence[tuple[str, str]], entries: Sequence[FigureEntry]) -> None:
    """Raise Rejected for faults, a nameless line with figures, or too many lines of an area."""
    wrong = dict(faults)
    for at, entry in enumerate(entries):
        if not entry.name and (entry.baseline or any(entry.targets)):
            wrong[f"name-{at}"] = "请填写指标名称。"
        named = [other.name for other in entries[:at] if other.area is entry.area]
        if entry.name and entry.name in named:
            wrong[f"name-{at}"] = "本类别已有同名指标，请合并或改名。"
    for area in Area:
        count = sum(entry.area is area and bool(entry.name) for entry in entries)
        if count > MAX_FIGURES:
            wrong["figures"] = f"“{area.label}”最多 {MAX_FIGURES} 项指标。"
    if wrong:
        raise Rejected(wrong)


def _write(plan: Plan, area: Area, wanted: Sequence[GoalFigure]) -> list[tuple[str, str]]:
    """Bring the rows of an area in line, place by place; return what changed, in words."""
    rows = [row for row in plan.figures if row.area is area]
    details = []
    for at, new in enumerate(wanted, 1):
        row = rows[at - 1] if at <= len(rows) else None
        if row is None:
            new.position, new.plan_id = at, plan.id
            db.session.add(new)
        elif _told(row) == _told(new):
            continue
        else:
            row.name, row.unit, row.baseline = new.name, new.unit, new.baseline
            row.targets, row.item_key = new.targets, new.item_key
        details.append((area.label, _in_words(new)))
    for row in rows[len(wanted) :]:
        db.session.delete(row)
        details.append((area.label, f"移除“{row.name}”"))
    return details


def _told(row: GoalFigure) -> tuple[object, ...]:
    """Return what makes a row what it is."""
    targets = sorted((year, show_number(text)) for year, text in row.targets.items())
    return row.area.value, row.name, row.unit, show_number(row.baseline), str(targets), row.item_key


def _in_words(row: GoalFigure) -> str:
    """Return a row for the history."""
    line = [show_number(row.baseline) or "—"]
    line += [show_number(row.targets.get(year)) or "—" for year in sorted(row.targets)]
    return f"{row.name}：{' → '.join(line)}{row.unit}"
