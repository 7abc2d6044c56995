"""Which items of a scoring scheme a task feeds: the end of the chain 需求 → … → 得分."""

from portal.models import Area, ItemMode, ScoreItem

TASK_RULES = frozenset({"weighted_closure", "on_time", "supporting_review_time", "first_pass"})
"""The automatic rules that count tasks and their rounds of closure (scoring/rules.py)."""


def area_group(area: Area) -> str:
    """Return the code of the group that judges an area's results: 3A to 3E (§10.2)."""
    return f"3{'ABCDE'[area.number - 1]}"


def counts_tasks(item: ScoreItem) -> bool:
    """Whether the item's figure is computed from tasks."""
    return item.mode is ItemMode.AUTOMATIC and item.rule in TASK_RULES


def judges_area(item: ScoreItem, area: Area) -> bool:
    """Whether the item judges what came of ``area``."""
    return item.is_leaf and item.parent is not None and item.parent.code == area_group(area)
