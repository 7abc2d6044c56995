"""Which standard tasks the library suggests for a problem."""

from dataclasses import dataclass, field

import pytest

from portal import reference_data
from portal.models import Area
from portal.policies.suggestions import Told, mends, pairs_in, suggest


@dataclass
class Standard:
    code: str
    title: str = ""
    area: Area = Area.DEPARTMENT
    description: str = ""
    item_keys: list[str] = field(default_factory=list)
    base_kinds: list[str] = field(default_factory=list)


LIBRARY = [
    Standard(
        entry["code"],
        entry["title"],
        Area(entry["area"]),
        entry["description"],
        entry["item_keys"],
        entry["base_kinds"],
    )
    for entry in reference_data.load("task_library_2020")["task"]
]


def codes(told: Told, library: list[Standard] = LIBRARY, kinds: set[str] | None = None) -> list:
    return [one.task.code for one in suggest(told, library, kinds or set())]


@pytest.mark.parametrize(
    ("told", "first"),
    [
        (Told(Area.DEPARTMENT, "没有单独的病房", "gp_ward"), "A-04"),
        (Told(Area.DEPARTMENT, "诊室只有一间", "gp_clinic_rooms"), "A-03"),
        (Told(Area.TEACHING, "教学查房次数不够", "activities"), "D-08"),
        (Told(Area.TEACHING, "小讲课没有教案", "activities"), "D-10"),
        (Told(Area.TEACHING, "结业考核合格率低", "pass_rates"), "D-14"),
        (Told(Area.MANAGEMENT, "院级督导没有反馈和整改"), "B-06"),
        (Told(Area.FACULTY, "带教师资没有持证上岗"), "E-02"),
        (Told(Area.INCENTIVES, "带教补贴没有按时发放"), "C-05"),
    ],
)
def test_likeliest_task_of_the_shipped_library_comes_first(told: Told, first: str) -> None:
    assert codes(told)[0] == first


def test_tasks_that_mend_the_item_come_before_those_with_like_words() -> None:
    library = [
        Standard("W", "独立病房床位", description="床位和病房的设置"),
        Standard("I", "别的名称", item_keys=["gp_beds"]),
        Standard("X", "独立病房", Area.FACULTY),
        Standard("N", "门诊"),
    ]
    found = suggest(Told(Area.DEPARTMENT, "独立病房床位少", "gp_beds"), library)
    assert [(one.task.code, one.by_item) for one in found] == [("I", True), ("W", False)]
    assert found[0].why == "改进调研中的这一项"
    long = suggest(Told(Area.DEPARTMENT, "床位不足，独立病房也没有"), library)
    assert long[0].why == "同一领域，都提到“独立病房”、“床位”"
    assert found[1].why == "同一领域，都提到“独立病房床位”"


def test_words_alone_bring_no_more_than_six() -> None:
    library = [Standard(str(n), "独立病房床位") for n in range(9)]
    assert codes(Told(Area.DEPARTMENT, "独立病房"), library) == list("012345")


def test_tasks_for_other_kinds_of_bases_are_left_out() -> None:
    library = [
        Standard("R", "独立病房", base_kinds=["gp_residency"]),
        Standard("A", "独立病房", base_kinds=["assistant_gp"]),
        Standard("E", "独立病房"),
    ]
    told = Told(Area.DEPARTMENT, "独立病房")
    assert codes(told, library, {"assistant_gp"}) == ["A", "E"]
    assert codes(told, library) == ["R", "A", "E"]


@pytest.mark.parametrize(
    ("keys", "item", "expected"),
    [
        (["gp_beds"], "gp_beds", True),
        (["activities.rounds.times"], "activities", True),
        (["gp_beds"], "gp_bed", False),
        (["gp_beds"], "", False),
        ([], "gp_beds", False),
    ],
)
def test_task_mends_an_item_or_a_cell_of_it(keys: list[str], item: str, expected: bool) -> None:
    assert mends(keys, item) is expected


def test_words_are_pairs_of_chinese_characters_without_what_stands_everywhere() -> None:
    assert pairs_in("全科病房，12张 beds：床位") == {"科病", "病房", "床位"}
