"""What each area should reach in each year of the plan."""

import hashlib
from collections.abc import Mapping, Sequence

from portal.errors import StaleEdit
from portal.extensions import db
from portal.models import Area, Plan, User, YearGoal
from portal.services.plan_changes import note_change, open_for_change

Goals = Mapping[tuple[int, Area], str]


def goals_of(plan: Plan) -> dict[tuple[int, Area], str]:
    """Return the plan's goals by year and area; what is not written is not there."""
    return {(goal.year, goal.area): goal.goal for goal in plan.goals}


def goals_mark(plan: Plan) -> str:
    """Return a mark of the goals as they stand, for the hidden field of their form.

    The plan's version would do, but it also rises with every task, and would tell
    somebody who edits goals of changes that do not touch them.
    """
    lines = [f"{year}\t{area.value}\t{text}" for (year, area), text in goals_of(plan).items()]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def save_goals(plan: Plan, goals: Goals, *, seen: str | None, actor: User) -> int:
    """Make the plan's goals those of ``goals`` (empty text removes one); return how many changed.

    ``seen`` is the mark the page was drawn with. Raises Forbidden, StepRefused or StaleEdit.
    """
    open_for_change(plan, actor=actor)
    if seen is not None and seen != goals_mark(plan):
        raise StaleEdit()
    return _write(plan, goals, actor=actor)


def copy_goals(source: Plan, targets: Sequence[Plan], *, actor: User) -> int:
    """Write the goals of ``source`` wherever a target has none; return how many plans changed."""
    wanted = goals_of(source)
    changed = 0
    for target in targets:
        open_for_change(target, actor=actor)
        there = goals_of(target)
        changed += _write(target, {**wanted, **there}, actor=actor) > 0
    return changed


def _write(plan: Plan, goals: Goals, *, actor: User) -> int:
    """Bring the rows in line with ``goals``."""
    rows = {(goal.year, goal.area): goal for goal in plan.goals}
    details: list[tuple[str, str]] = []
    for (year, area), text in goals.items():
        row = rows.get((year, area))
        if text == (row.goal if row else ""):
            continue
        details.append((f"第{year}年 {area.label}", text or "（清空）"))
        put_goal(plan, row, year, area, text)
    if details:
        db.session.flush()
        note_change(plan, "修改年度目标", details, actor=actor)
    return len(details)


def put_goal(plan: Plan, row: YearGoal | None, year: int, area: Area, text: str) -> None:
    """Make the goal of one area and year, now ``row``, say ``text``; an empty one goes."""
    if row is None:
        plan.goals.append(YearGoal(year=year, area=area, goal=text))
    elif text:
        row.goal = text
    else:
        plan.goals.remove(row)
