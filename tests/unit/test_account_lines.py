"""Reading a pasted list of people who need accounts."""

import pytest

from portal.models import Role
from portal.policies.account_lines import AccountLine, read_lines


def read(text: str, *, taken: tuple[str, ...] = (), known: tuple[str, ...] = ()) -> AccountLine:
    lines = read_lines(text, prefix="yy07-", taken=taken, known_names=known)
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    ("text", "name", "position", "role", "username"),
    [
        (
            "符文静\t科教科科长\t基地管理员",
            "符文静",
            "科教科科长",
            Role.BASE_COORDINATOR,
            "yy07-01",
        ),
        ("符文静，科教科科长，管理员", "符文静", "科教科科长", Role.BASE_COORDINATOR, "yy07-01"),
        ("符文静,副院长,基地负责人,fu.wj", "符文静", "副院长", Role.BASE_LEADER, "fu.wj"),
        ("符文静、主治医师、带教师资", "符文静", "主治医师", Role.CONTRIBUTOR, "yy07-01"),
        ("符文静　主任 科室人员", "符文静", "主任", Role.CONTRIBUTOR, "yy07-01"),
        ("符文静\t\t科室人员", "符文静", "", Role.CONTRIBUTOR, "yy07-01"),
        ("符文静，负责人", "符文静", "", Role.BASE_LEADER, "yy07-01"),
        (
            "符文静\t分管领导 副院长\t分管领导",
            "符文静",
            "分管领导 副院长",
            Role.BASE_LEADER,
            "yy07-01",
        ),
        ("符文静，主任，科室人员，FU.WJ", "符文静", "主任", Role.CONTRIBUTOR, "fu.wj"),
        ("  符文静，主任，科室人员，，  ", "符文静", "主任", Role.CONTRIBUTOR, "yy07-01"),
    ],
)
def test_line_is_read_however_it_is_separated(
    text: str, name: str, position: str, role: Role, username: str
) -> None:
    line = read(text)
    assert (line.name, line.position, line.role, line.username) == (name, position, role, username)
    assert (line.faults, line.remarks) == ([], [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("符文静", "应有三列"),
        ("符文静，科教科", "应有三列"),
        ("符文静，科教科，院长", "不认识角色“院长”"),
        ("符文静，科教科，系统管理员", "不认识角色“系统管理员”"),
        ("符文静，科教科，评审专家", "不认识角色“评审专家”"),
        ("，科教科，科室人员", "姓名应为"),
        (f"{'符' * 41}，科教科，科室人员", "姓名应为"),
        (f"符文静，{'长' * 61}，科室人员", "职务最多 60 个字"),
        ("符文静，科教科，科室人员，12", "用户名以小写字母开头"),
        ("符文静，科教科，科室人员，fu.wj", "fu.wj 已被使用"),
        ("符文静，科教科，科室人员，fu，备注", "列数过多"),
    ],
)
def test_unfit_line_says_what_is_wrong_with_it(text: str, says: str) -> None:
    assert says in "".join(read(text, taken=("fu.wj",)).faults)


def test_blank_lines_do_not_count_but_keep_their_number() -> None:
    text = "\n符文静，主任，科室人员\n\n  \n林一川，主任，科室人员\n"
    lines = read_lines(text, prefix="yy07-", taken=["yy07-02"], known_names=[])
    assert [(line.number, line.username) for line in lines] == [(2, "yy07-01"), (5, "yy07-03")]


def test_user_name_twice_in_one_list_is_found() -> None:
    text = "符文静，主任，科室人员，same\n林一川，主任，科室人员，same"
    lines = read_lines(text, prefix="yy07-", taken=[], known_names=[])
    assert [line.faults for line in lines] == [[], ["用户名 same 在名单中重复。"]]


def test_given_number_is_not_given_out_again() -> None:
    text = "符文静，主任，科室人员\n林一川，主任，科室人员，yy07-01"
    lines = read_lines(text, prefix="yy07-", taken=[], known_names=[])
    assert [line.username for line in lines] == ["yy07-02", "yy07-01"]


@pytest.mark.parametrize(
    ("text", "known"),
    [("符文静，主任，科室人员", ("符文静",)), ("符 文静\t主任\t科室人员", ("符文静",))],
)
def test_namesake_is_remarked_and_not_refused(text: str, known: tuple[str, ...]) -> None:
    line = read(text, known=known)
    assert "同名" in line.remarks[0]
    assert line.faults == []


def test_namesakes_are_told_apart_by_where_the_other_one_is() -> None:
    text = "符文静，主任，科室人员\n林一川，主任，科室人员\n符文静，护士，科室人员"
    lines = read_lines(text, prefix="yy07-", taken=[], known_names=["林一川"])
    assert [line.remarks for line in lines] == [
        [],
        ["本单位已有同名的在用账号，请确认不是同一人。"],
        ["与名单第 1 行同名，请确认不是同一人。"],
    ]


@pytest.mark.parametrize(
    "heading", ["姓名\t职务\t角色", "姓名，职务，角色，用户名（可不填）", " 姓名 职务 角色"]
)
def test_heading_that_was_copied_along_is_nobody(heading: str) -> None:
    text = f"{heading}\n符文静，主任，科室人员"
    lines = read_lines(text, prefix="yy07-", taken=[], known_names=[])
    assert [(line.number, line.name, line.faults) for line in lines] == [(2, "符文静", [])]
