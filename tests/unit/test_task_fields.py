"""Every field of a task: read from whatever people type, shown so that it reads back the same."""

from datetime import date

import pytest

from portal.models import (
    Area,
    EvidenceRequirement,
    Milestone,
    Organisation,
    OrganisationKind,
    Role,
    Side,
    Task,
    User,
)
from portal.policies.field_text import Months, ReadStep
from portal.policies.task_entries import Charge, Term, read_task
from portal.policies.task_fields import (
    FIELDS_BY_NAME,
    TASK_FIELDS,
    parse_texts,
    task_texts,
)

TERM = Term(date(2020, 5, 22), date(2023, 5, 21), 3)
MAY_1 = date(2020, 5, 1)
COLUMNS = {
    "area": Area.TEACHING,
    "title": "规范教学查房",
    "description": "按三阶段开展。\n每两周一次。",
    "measures": "帮扶方示教四次；受援方跟岗。",
    "criteria": "平均得分不低于 80 分。",
    "weight": 3,
    "year": 2,
    "starts_on": date(2020, 6, 1),
    "due_on": date(2021, 5, 21),
}


def a_task(**more: object) -> Task:
    return Task(
        **{**COLUMNS, **more},
        requirements=[
            EvidenceRequirement(position=1, name="查房计划"),
            EvidenceRequirement(position=2, name="签到表、照片"),
        ],
        milestones=[
            Milestone(position=1, title="首次示教", due_on=date(2020, 8, 31)),
            Milestone(position=2, title="中期小结", due_on=date(2020, 12, 31)),
        ],
        supporting_person="吴某",
        supported_person="",
    )


def person(number: int, name: str, username: str) -> User:
    hospital = Organisation(id=9, name="省医院", kind=OrganisationKind.HOSPITAL)
    return User(
        id=number, name=name, username=username, role=Role.CONTRIBUTOR, organisation=hospital
    )


PEOPLE = {
    Side.SUPPORTING: [person(1, "陈一", "chenyi"), person(2, "林二", "liner")],
    Side.SUPPORTED: [person(3, "符三", "fusan"), person(4, "符三", "fusan2")],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2020-05-01", MAY_1),
        ("2020-5-1", MAY_1),
        ("2020/5/1", MAY_1),
        ("2020.5.1", MAY_1),
        ("2020年5月1日", MAY_1),
        ("2020年5月1", MAY_1),
        ("2020 年 5 月 1 日", MAY_1),
        ("20200501", MAY_1),
        ("２０２０年５月１日", MAY_1),
        ("２０２０／５／１", MAY_1),
        ("2020-05-01 00:00:00", MAY_1),
        ("2020-5-1 0:00", MAY_1),
        ("2020-05-01T00:00:00", MAY_1),
        ("2020年5月", date(2020, 5, 31)),
        ("2020-2", date(2020, 2, 29)),
        ("2020年6月底", date(2020, 6, 30)),
        ("2020年6月初", date(2020, 6, 1)),
        ("第6个月", Months(6)),
        ("6个月内", Months(6)),
        ("第６个月末", Months(6)),
        ("开始后3个月", Months(3)),
        ("M18", Months(18)),
        ("m18", Months(18)),
        ("+2", Months(2)),
    ],
)
def test_due_date_is_read_however_it_is_written(text: str, value: object) -> None:
    parsed = FIELDS_BY_NAME["due_on"].parse(text)
    assert (parsed.value, parsed.wrong) == (value, "")


def test_a_whole_month_begins_on_its_first_day() -> None:
    assert FIELDS_BY_NAME["starts_on"].parse("2020年6月").value == date(2020, 6, 1)


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("due_on", "", "请填写完成期限"),
        ("due_on", "尽快", "看不出是哪一天"),
        ("due_on", "5月1日", "看不出是哪一天"),
        ("due_on", "6", "看不出是哪一天"),
        ("due_on", "2020-02-30", "日历上没有 2020 年 2 月 30 日"),
        ("due_on", "2020-13-01", "日历上没有"),
        ("due_on", "1920-05-01", "不在合理范围内"),
        ("due_on", "第61个月", "月数应在 1 到 60 之间"),
        ("due_on", "第0个月", "月数应在"),
        ("weight", "很重要", "权重应为"),
        ("weight", "4", "权重应为"),
        ("weight", "", "请填写权重"),
        ("area", "科研", "没有这个领域"),
        ("area", "6", "没有这个领域"),
        ("year", "第10年", "年度应写成"),
        ("year", "2020", "年度应写成"),
        ("title", "", "请填写任务名称"),
        ("title", "长" * 101, "最多 100 个字，现有 101 个字"),
        ("criteria", "长" * 5001, "最多 5000 个字"),
        ("supporting_owner", "长" * 41, "最多 40 个字"),
        ("evidence", "", "请填写佐证材料"),
        ("evidence", "\n".join(f"材料{n}号" for n in range(21)), "最多 20 项，现有 21 项"),
        ("evidence", "好\n" + "长" * 101, "第 2 项最多 100 个字"),
        ("milestones", "完成选址", "第 1 个节点没有日期"),
        ("milestones", "2020-08-31", "第 1 个节点只有日期"),
        ("milestones", "2020-02-31 完成选址", "日历上没有"),
    ],
)
def test_what_cannot_be_meant_is_answered_by_a_sentence(name: str, text: str, part: str) -> None:
    parsed = FIELDS_BY_NAME[name].parse(text)
    assert parsed.value is None
    assert part in parsed.wrong


@pytest.mark.parametrize(
    ("text", "value"),
    [("核心", 3), ("核心任务", 3), ("3", 3), ("３", 3), ("3.0", 3), ("重点", 2), (" 一般 ", 1)],
)
def test_weight_is_read_as_word_or_figure(text: str, value: int) -> None:
    assert FIELDS_BY_NAME["weight"].parse(text).value == value


@pytest.mark.parametrize(
    "text",
    [
        "规范培训教学活动",
        "教学活动",
        "teaching_activities",
        "4 规范培训教学活动",
        "④规范培训教学活动",
        "四、规范培训教学活动",
        "（四）规范培训教学活动",
        "D",
        "d",
        "④",
        "4",
        "４",
        "四",
    ],
)
def test_area_is_read_by_name_number_or_letter(text: str) -> None:
    assert FIELDS_BY_NAME["area"].parse(text).value is Area.TEACHING


@pytest.mark.parametrize("text", ["第2年", "第二年", "2", "２", "第2年度", "2.0"])
def test_year_is_read_by_number(text: str) -> None:
    assert FIELDS_BY_NAME["year"].parse(text).value == 2


@pytest.mark.parametrize(
    "text",
    [
        "成立文件\n任命文件",
        "成立文件；任命文件",
        "1. 成立文件\n2. 任命文件",
        "1、成立文件\r\n\r\n2、任命文件\r\n",
        "（1）成立文件;（2）任命文件",
        "①成立文件\n②任命文件",
    ],
)
def test_evidence_is_read_line_by_line_without_numbers(text: str) -> None:
    assert FIELDS_BY_NAME["evidence"].parse(text).value == ("成立文件", "任命文件")


def test_a_figure_that_belongs_to_the_name_is_no_number() -> None:
    assert FIELDS_BY_NAME["evidence"].parse("360度评估表\n12.5 学时证明").value == (
        "360度评估表",
        "12.5 学时证明",
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2020-08-31 完成选址", ReadStep("完成选址", date(2020, 8, 31))),
        ("完成选址（2020年8月31日）", ReadStep("完成选址", date(2020, 8, 31))),
        ("完成选址：2020/8/31", ReadStep("完成选址", date(2020, 8, 31))),
        ("２０２０－８－３１　完成选址", ReadStep("完成选址", date(2020, 8, 31))),
        ("2020年8月 完成选址", ReadStep("完成选址", date(2020, 8, 31))),
        ("第3个月 完成选址", ReadStep("完成选址", Months(3))),
        ("开始后3个月内完成选址", ReadStep("完成选址", Months(3))),
        ("1、M3 完成选址", ReadStep("完成选址", Months(3))),
    ],
)
def test_milestone_is_a_day_or_month_and_what_is_reached(text: str, value: ReadStep) -> None:
    assert FIELDS_BY_NAME["milestones"].parse(text).value == (value,)


def test_what_a_task_shows_reads_back_as_what_it_has() -> None:
    values, wrong = parse_texts(task_texts(a_task()))
    assert wrong == {}
    assert {name: values[name] for name in COLUMNS} == COLUMNS
    assert values["evidence"] == ("查房计划", "签到表、照片")
    assert values["milestones"] == (
        ReadStep("首次示教", date(2020, 8, 31)),
        ReadStep("中期小结", date(2020, 12, 31)),
    )
    assert (values["supporting_owner"], values["supported_owner"]) == ("吴某", None)


def test_the_name_of_an_account_goes_before_a_typed_one() -> None:
    owner = PEOPLE[Side.SUPPORTING][0]
    assert task_texts(a_task(supporting_owner=owner))["supporting_owner"] == "陈一"


def test_only_the_people_stay_free_once_the_plan_is_in_force() -> None:
    assert [field.name for field in TASK_FIELDS if not field.is_fixed] == [
        "supporting_owner",
        "supported_owner",
    ]


def test_no_heading_means_two_fields() -> None:
    said = [word for field in TASK_FIELDS for word in (field.label, *field.aliases)]
    assert len(said) == len(set(said))


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (
            {"starts_on": "第7个月", "due_on": "第12个月"},
            {"starts_on": date(2020, 11, 22), "due_on": date(2021, 5, 21)},
        ),
        ({"due_on": "第36个月"}, {"due_on": date(2023, 5, 21)}),
        ({"due_on": "第40个月"}, {"due_on": date(2023, 5, 21)}),
        ({"supporting_owner": "陈一"}, {"supporting_owner": Charge(1, "")}),
        ({"supporting_owner": "外聘 王某"}, {"supporting_owner": Charge(None, "外聘 王某")}),
        ({"supported_owner": "符三（fusan2）"}, {"supported_owner": Charge(4, "")}),
        ({"supported_owner": ""}, {"supported_owner": Charge()}),
        ({"description": "", "year": ""}, {"description": "", "year": None}),
        (
            {"milestones": "第3个月 示教\n2020-07-01 启动"},
            {"milestones": ((date(2020, 7, 1), "启动"), (date(2020, 8, 31), "示教"))},
        ),
        ({"milestones": "第36个月 收尾"}, {"milestones": ((date(2021, 5, 21), "收尾"),)}),
    ],
)
def test_fields_come_to_days_and_people_of_the_plan(
    texts: dict[str, str], values: dict[str, object]
) -> None:
    assert read_task(texts, term=TERM, people=PEOPLE, task=a_task()) == (values, {})


@pytest.mark.parametrize(
    ("texts", "name", "part"),
    [
        ({"starts_on": "2020-05-21"}, "starts_on", "开始日期应在计划期内"),
        ({"due_on": "2023-05-22"}, "due_on", "完成期限应在计划期内"),
        ({"due_on": "2020-05-25"}, "due_on", "完成期限不能早于开始日期"),
        ({"starts_on": "2021-06-01"}, "starts_on", "完成期限不能早于开始日期"),
        ({"supported_owner": "符三"}, "supported_owner", "2 位同名人员"),
        ({"milestones": "2020-05-25 早了"}, "milestones", "不在任务的起止日期之内"),
        ({"milestones": "2022-01-01 晚了"}, "milestones", "不在任务的起止日期之内"),
    ],
)
def test_what_the_plan_cannot_hold_is_answered_by_a_sentence(
    texts: dict[str, str], name: str, part: str
) -> None:
    _, wrong = read_task(texts, term=TERM, people=PEOPLE, task=a_task())
    assert list(wrong) == [name]
    assert part in wrong[name]
