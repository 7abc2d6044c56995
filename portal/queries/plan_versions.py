"""Versions of a plan: the list, one as it stood, and two beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload, load_only

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Area, PlanVersion, User
from portal.policies.goal_texts import goal_labels
from portal.policies.plan_snapshot import STANDING, TASK_LABELS
from portal.queries.amendments import FieldDiff, figure_table
from portal.queries.text_diff import Piece, compare_texts

LEFT_OUT = frozenset({"code", "supporting_owner", "supported_owner"})
"""What says nothing about the plan itself: a code never changes, persons come and go."""


@dataclass(frozen=True)
class Difference:
    """What happened to one task, or to one area's goals, from one version to the other."""

    title: str
    what: str
    tone: str
    fields: list[FieldDiff]


def versions_of(plan_id: int) -> list[PlanVersion]:
    """Return the versions, newest first, without their content. The plan was loaded in scope."""
    return list(
        db.session.scalars(
            sa.select(PlanVersion)
            .where(PlanVersion.plan_id == plan_id)
            .options(
                load_only(
                    PlanVersion.number,
                    PlanVersion.plan_id,
                    PlanVersion.title,
                    PlanVersion.taken_at,
                    PlanVersion.amendment_id,
                    PlanVersion.taken_by_id,
                ),
                joinedload(PlanVersion.taken_by).options(
                    load_only(User.name), lazyload(User.organisation)
                ),
            )
            .order_by(PlanVersion.number.desc())
        )
    )


def get_version(plan_id: int, number: int) -> PlanVersion:
    """Return one version; the plan was loaded in scope. Raises NotVisible where there is none."""
    found = db.session.scalar(
        sa.select(PlanVersion)
        .where(PlanVersion.plan_id == plan_id, PlanVersion.number == number)
        .options(joinedload(PlanVersion.taken_by))
    )
    if found is None:
        raise NotVisible()
    return found


def tasks_by_area(version: PlanVersion) -> list[tuple[Area, list[dict[str, Any]]]]:
    """Return the tasks of a version by area."""
    tasks = version.content.get("tasks", [])
    return [(area, [one for one in tasks if one.get("area") == area.label]) for area in Area]


def compare_versions(before: PlanVersion, after: PlanVersion, years: list[int]) -> list[Difference]:
    """Return what differs: goals by area, then tasks in the order of the list."""
    return [*_goals(before, after, years), *_tasks(before, after)]


def _goals(before: PlanVersion, after: PlanVersion, years: list[int]) -> list[Difference]:
    labels = goal_labels(years)
    found = []
    for area in Area:
        old = before.content.get("goals", {}).get(area.value, {})
        new = after.content.get("goals", {}).get(area.value, {})
        if fields := _fields(old, new, labels, years):
            found.append(Difference(area.label, "修改目标", "info", fields))
    return found


def _tasks(before: PlanVersion, after: PlanVersion) -> list[Difference]:
    old = {one["number"]: one for one in before.content.get("tasks", [])}
    new = {one["number"]: one for one in after.content.get("tasks", [])}
    labels = {name: label for name, label in TASK_LABELS.items() if name not in LEFT_OUT}
    found = []
    for number in sorted({*old, *new}):
        was, now = old.get(number), new.get(number)
        name = _name(now or was or {})
        if was is None and now is not None:
            fields = [
                FieldDiff(label, [], [Piece(now[key])])
                for key, label in labels.items()
                if now.get(key)
            ]
            found.append(Difference(name, "新增任务", "success", fields))
        elif now is None:
            found.append(Difference(name, "不再列入", "danger", []))
        elif fields := _fields(was or {}, now, labels):
            moved = (was or {}).get(STANDING) != now.get(STANDING)
            what = f"{now[STANDING] or '恢复执行'}" if moved else "修改任务"
            found.append(Difference(name, what, "warning" if moved else "info", fields))
    return found


def _name(task: Mapping[str, Any]) -> str:
    return f"{task.get('code', '')} {task.get('title', '')}"


def _fields(
    old: Mapping[str, str],
    new: Mapping[str, str],
    labels: Mapping[str, str],
    years: Sequence[int] = (),
) -> list[FieldDiff]:
    return [
        FieldDiff(
            label,
            *compare_texts(old.get(name, ""), new.get(name, "")),
            *figure_table(name, old.get(name, ""), new.get(name, ""), years),
        )
        for name, label in labels.items()
        if old.get(name, "") != new.get(name, "")
    ]
