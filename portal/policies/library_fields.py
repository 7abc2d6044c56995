"""The fields of a standard task: what they are called, how they read, how two texts differ."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.models import Area, BaseKind, CheckKind, LibraryTask, Recurrence, Weight


@dataclass(frozen=True)
class LibraryField:
    """One field of LibraryTask; ``shown`` turns its value into what a reader sees."""

    name: str
    label: str
    shown: Callable[[Any], str] = str


@dataclass(frozen=True)
class Difference:
    """One field that differs, in words."""

    name: str
    label: str
    before: str
    after: str


def milestone_lines(value: Any) -> str:
    """Return milestones as they are typed: one a line, 名称|月数."""
    return "\n".join(f"{title}|{months}" for title, months in value or [])


def _listed(value: Any) -> str:
    return "、".join(value or [])


def _kinds(value: Any) -> str:
    return "、".join(BaseKind(one).label for one in value or [])


def _checks(value: Any) -> str:
    return "、".join(CheckKind(one).label for one in value or [])


def _milestones(value: Any) -> str:
    return "\n".join(f"{title}（第 {months} 个月）" for title, months in value or [])


FIELDS = (
    LibraryField("area", "领域", lambda value: Area(value).label),
    LibraryField("title", "任务名称"),
    LibraryField("description", "任务说明"),
    LibraryField("criteria", "验收标准"),
    LibraryField("measures", "帮扶措施"),
    LibraryField("evidence", "佐证材料", _listed),
    LibraryField("weight", "权重", lambda value: Weight(str(value)).label),
    LibraryField("due_months", "完成月数", lambda value: f"第 {value} 个月"),
    LibraryField("recurrence", "频次", lambda value: Recurrence(value).label),
    LibraryField("milestones", "节点", _milestones),
    LibraryField("checks", "核验方式", _checks),
    LibraryField("base_kinds", "适用基地", _kinds),
    LibraryField("basis", "依据"),
    LibraryField("verified", "数值已核实", lambda value: "是" if value else "否，待核实"),
    LibraryField("item_keys", "对应的调研项目", _listed),
)
"""Everything of a standard task but its code and place, in the order a form shows it."""


def values_of(task: LibraryTask) -> dict[str, Any]:
    """Return the values of FIELDS, by name."""
    return {field.name: getattr(task, field.name) for field in FIELDS}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return the fields whose value is another one in ``after``."""
    return [
        Difference(
            field.name, field.label, field.shown(before[field.name]), field.shown(after[field.name])
        )
        for field in FIELDS
        if before[field.name] != after[field.name]
    ]
