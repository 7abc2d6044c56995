"""Which standard tasks may answer a problem, and why each is suggested."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from portal.models import Area

CHINESE_RUN = re.compile(r"[\u4e00-\u9fff]+")
COMMON = frozenset(
    ("全科", "医学", "学科", "医院", "培训", "基地", "没有", "设置")
    + ("要求", "标准", "规范", "示范", "范教", "工作", "开展", "建立")
)
"""Pairs of characters that stand in nearly every problem and task, and so tell nothing."""
MOST_BY_WORDS = 6
"""How many tasks are suggested for their words alone."""
FEWEST_SHARED = 2
"""One pair in common is chance."""


class StandardTask(Protocol):
    """A standard task of the library."""

    @property
    def area(self) -> Area: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def item_keys(self) -> list[Any]: ...
    @property
    def base_kinds(self) -> list[Any]: ...


@dataclass(frozen=True)
class Told:
    """What is known of the problem: its area, its words, and the item it was found at."""

    area: Area
    text: str
    item_key: str = ""


@dataclass(frozen=True)
class Suggestion:
    """A standard task with the reason it is suggested."""

    task: Any
    why: str
    by_item: bool


def suggest(
    told: Told, library: Sequence[StandardTask], base_kinds: Collection[str] = ()
) -> list[Suggestion]:
    """Return the standard tasks that may answer a problem, the likeliest first.

    First those that mend the item the problem was found at; then, of the same area, those whose
    title and description share the most words with the problem. A "word" is a pair of
    neighbouring Chinese characters, so that no dictionary is needed: 全科病房 shares 病房 with
    独立病房. Pairs that stand everywhere (COMMON) are left out, and one pair alone is taken for
    chance. Ties keep the library's order.
    """
    own = pairs_in(told.text)
    fitting = [task for task in library if _fits(task, base_kinds)]
    mending = [task for task in fitting if mends(task.item_keys, told.item_key)]
    mending.sort(key=lambda task: -len(own & _pairs_of(task)))
    alike = [
        (shared, task)
        for task in fitting
        if task.area is told.area and task not in mending
        if len(shared := own & _pairs_of(task)) >= FEWEST_SHARED
    ]
    alike.sort(key=lambda pair: -len(pair[0]))
    return [
        *(Suggestion(task, "改进调研中的这一项", True) for task in mending),
        *(
            Suggestion(task, f"同一领域，都提到{_quoted(shared, told.text)}", False)
            for shared, task in alike[:MOST_BY_WORDS]
        ),
    ]


def mends(item_keys: Iterable[Any], item_key: str) -> bool:
    """Whether a task with ``item_keys`` mends the item, or a cell of it."""
    return bool(item_key) and any(
        key == item_key or str(key).startswith(f"{item_key}.") for key in item_keys
    )


def pairs_in(text: str) -> set[str]:
    """Return the telling pairs of neighbouring Chinese characters in ``text``."""
    runs = CHINESE_RUN.findall(text)
    return {run[at : at + 2] for run in runs for at in range(len(run) - 1)} - COMMON


def _pairs_of(task: StandardTask) -> set[str]:
    return pairs_in(f"{task.title} {task.description}")


def _fits(task: StandardTask, base_kinds: Collection[str]) -> bool:
    return not base_kinds or not task.base_kinds or bool(set(task.base_kinds) & set(base_kinds))


def _quoted(shared: Collection[str], text: str) -> str:
    """Name at most two stretches of the problem's own words that are shared, the longest first."""
    stretches: list[str] = []
    for run in CHINESE_RUN.findall(text):
        grown = ""
        for at in range(len(run) - 1):
            if run[at : at + 2] in shared:
                grown = grown + run[at + 1] if grown else run[at : at + 2]
            elif grown:
                stretches.append(grown)
                grown = ""
        stretches += [grown] if grown else []
    longest = sorted(dict.fromkeys(stretches), key=len, reverse=True)[:2]
    return "、".join(f"“{stretch}”" for stretch in longest)
