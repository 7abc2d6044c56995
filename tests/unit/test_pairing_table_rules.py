"""What the preview says about each row, without a database."""

import pytest

from portal.models import Organisation, OrganisationKind, Pairing, Side
from portal.policies.hospital_names import directory_of, name_key
from portal.policies.pairing_table import (
    Corrections,
    NameChoice,
    NewHospital,
    PairLine,
    check_table,
)

H, K = Side.SUPPORTING, Side.SUPPORTED


def organisation(number, name, short="", kind=OrganisationKind.HOSPITAL, active=True):
    return Organisation(
        id=number, name=name, short_name=short or name, kind=kind, city="海口市", is_active=active
    )


HAIKOU = organisation(1, "海口市人民医院", "海口医院")
SANYA = organisation(2, "三亚中心医院", "三亚医院")
WENCHANG = organisation(3, "文昌市人民医院", "文昌医院")
WANNING = organisation(4, "万宁市人民医院", "万宁医院")
CLOSED = organisation(5, "旧县医院", active=False)
CENTRE = organisation(6, "省医学交流中心", kind=OrganisationKind.CENTRE)
TWIN_A = organisation(7, "东方市人民医院", "人民医院")
TWIN_B = organisation(8, "屯昌县人民医院", "人民医院")
DIRECTORY = directory_of([HAIKOU, SANYA, WENCHANG, WANNING, CLOSED, CENTRE, TWIN_A, TWIN_B])


NOTHING = Corrections()


def check(rows, existing=(), corrections=NOTHING):
    lines = [PairLine(number, *row) for number, row in enumerate(rows, start=2)]
    taken = [Pairing(supporting=left, supported=right) for left, right in existing]
    return check_table(lines, DIRECTORY, taken, corrections)


def test_good_rows_are_ready():
    table = check([("海口市人民医院", "三亚中心医院"), ("海口市人民医院", "文昌市人民医院")])
    assert [row.ready for row in table.rows] == [True, True]
    assert (table.count_on(H), table.count_on(K), table.unknown) == (1, 2, [])
    assert table.rows[0].supporting.hospital is HAIKOU


@pytest.mark.parametrize(
    ("rows", "existing", "problems"),
    [
        ([("", "三亚中心医院")], (), {0: ["帮扶方为空。"]}),
        ([("海口市人民医院", "")], (), {0: ["受援方为空。"]}),
        ([("", "")], (), {0: ["帮扶方为空。", "受援方为空。"]}),
        (
            [("海口市人民医院", "三亚市中心医院")],
            (),
            {0: ["系统中没有“三亚市中心医院”，是否为“三亚中心医院”？"]},
        ),
        (
            [("海口市人民医院", "某某诊所")],
            (),
            {0: ["系统中没有“某某诊所”，请核对名称或新增该医院。"]},
        ),
        (
            [("海口市人民医院", "海口医院")],
            (),
            {0: ["帮扶方与受援方是同一家医院。"]},
        ),
        (
            [("海口市人民医院", "三亚中心医院"), ("文昌市人民医院", "三亚医院")],
            (),
            {1: ["“三亚中心医院”在第 2 行已是受援方，不能重复受援。"]},
        ),
        (
            [("海口市人民医院", "三亚中心医院"), ("三亚中心医院", "文昌市人民医院")],
            (),
            {
                0: ["“三亚中心医院”在第 3 行又是帮扶方。"],
                1: ["“三亚中心医院”在第 2 行又是受援方。"],
            },
        ),
        (
            [("海口市人民医院", "三亚中心医院")],
            [(WENCHANG, SANYA)],
            {0: ["“三亚中心医院”本周期已由“文昌市人民医院”帮扶，不能重复受援。"]},
        ),
        (
            [("海口市人民医院", "三亚中心医院")],
            [(SANYA, WENCHANG)],
            {0: ["“三亚中心医院”在本周期已有结对中是帮扶方。"]},
        ),
        (
            [("海口市人民医院", "三亚中心医院")],
            [(WENCHANG, HAIKOU)],
            {0: ["“海口市人民医院”本周期已由“文昌市人民医院”帮扶，不能同时作为帮扶方。"]},
        ),
        ([("旧县医院", "三亚中心医院")], (), {0: ["“旧县医院”已停用，不能列入结对。"]}),
        (
            [("省医学交流中心", "三亚中心医院")],
            (),
            {0: ["“省医学交流中心”不是医院，不能列入结对。"]},
        ),
        ([("海口市人民医院", "长" * 101)], (), {0: ["受援方名称超过 100 个字。"]}),
        (
            [("海口市人民医院", "人民医院")],
            (),
            {0: ["系统中没有“人民医院”，是否为“东方市人民医院”？"]},
        ),
    ],
)
def test_each_fault_is_told_where_it_is(rows, existing, problems):
    table = check(rows, existing)
    told = {row.index: row.problems for row in table.rows if row.problems}
    assert {key: told[key] for key in problems} == problems
    assert set(told) == set(problems)


@pytest.mark.parametrize(
    "written", ["三亚中心医院", "三亚医院", "三亚 中心医院", "（三亚中心医院"[1:]]
)
def test_full_and_short_names_are_known(written):
    assert check([("海口医院", written)]).rows[0].supported.hospital is SANYA


def test_unknown_name_is_asked_about_once_with_its_rows():
    table = check([("琼海医院", "三亚中心医院"), ("琼海医院", "文昌市人民医院")])
    assert [(entry.name, entry.lines) for entry in table.unknown] == [("琼海医院", [2, 3])]
    assert len(table.wrong) == 2


def test_choosing_a_hospital_for_a_name_mends_every_row_that_has_it():
    names = {name_key("海口一院"): NameChoice(organisation_id=1)}
    table = check(
        [("海口一院", "三亚中心医院"), ("海口一院", "文昌市人民医院")],
        corrections=Corrections(names=names),
    )
    assert [row.supporting.hospital for row in table.ready] == [HAIKOU, HAIKOU]
    assert table.unknown[0].choice.organisation_id == 1


@pytest.mark.parametrize(
    ("choice", "problem"),
    [
        (NameChoice(is_new=True, city="琼海市"), ""),
        (NameChoice(is_new=True), "请填写所在市。"),
        (NameChoice(is_new=True, city="市" * 41), "所在市最多 40 个字。"),
    ],
)
def test_new_hospital_needs_its_city(choice, problem):
    names = {name_key("琼海医院"): choice}
    table = check([("海口市人民医院", "琼海医院")], corrections=Corrections(names=names))
    assert table.unknown[0].problem == problem
    assert bool(table.ready) is (problem == "")
    new = [NewHospital("琼海医院", "琼海市")] if table.ready else []
    assert table.new_hospitals == new


def test_new_hospital_on_both_sides_is_found_too():
    names = {name_key("琼海医院"): NameChoice(is_new=True, city="琼海市")}
    rows = [("海口市人民医院", "琼海医院"), ("琼海 医院", "三亚中心医院")]
    table = check(rows, corrections=Corrections(names=names))
    assert len(table.wrong) == 2
    assert len(table.unknown) == 1


def test_choosing_a_hospital_for_one_cell_mends_that_cell_only():
    rows = [("海口市人民医院", "三亚中心医院"), ("海口市人民医院", "三亚中心医院")]
    table = check(rows, corrections=Corrections(cells={(1, K): 3}))
    assert [row.supported.hospital for row in table.ready] == [SANYA, WENCHANG]


def test_choosing_what_does_not_exist_changes_nothing():
    rows = [("海口市人民医院", "三亚中心医院")]
    choices = Corrections(cells={(0, K): 999, (7, H): 1}, names={"x": NameChoice(999)})
    assert check(rows, corrections=choices).rows[0].supported.hospital is SANYA


def test_row_left_out_disturbs_no_other():
    rows = [("海口市人民医院", "三亚中心医院"), ("文昌市人民医院", "三亚中心医院")]
    table = check(rows, corrections=Corrections(skipped=frozenset({0})))
    assert [row.index for row in table.ready] == [1]
    assert [row.index for row in table.skipped] == [0]
    assert table.wrong == []


def test_row_the_programme_has_already_is_left_out_at_first_look_only():
    existing = [(HAIKOU, SANYA)]
    first = check([("海口医院", "三亚医院")], existing, corrections=None)
    assert (first.rows[0].skipped, first.rows[0].exists, first.wrong) == (True, True, [])
    again = check([("海口医院", "三亚医院")], existing)
    assert (again.rows[0].skipped, again.rows[0].exists) == (False, True)
    assert "已由“海口市人民医院”帮扶" in again.rows[0].problems[0]
