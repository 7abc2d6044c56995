"""The one list of a task's editable fields: how each is named, shown as text and read from text.

Pages, workbooks and amendments all speak through it: ``parse(show(task))`` gives the value that
the task has, so the text of a field is its neutral form. What text alone cannot decide (a month
counted from a start, whose account a name is) is left to :mod:`portal.policies.task_entries`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.models import Area, Side, Task, Weight
from portal.policies import field_text as read
from portal.policies.field_text import Months, ReadStep

LONG_TEXT = 5000
TITLE_LENGTH = 100
PERSON_LENGTH = 40
LINES = 20
LINE_LENGTH = 100
MAX_YEAR = 9

Value = Area | str | int | date | Months | tuple[str, ...] | tuple[ReadStep, ...] | None


@dataclass(frozen=True)
class Parsed:
    """What a text means, or the sentence that says what is wrong with it."""

    value: Value = None
    wrong: str = ""


@dataclass(frozen=True)
class TaskField:
    """One field. ``limit`` is the most characters (of one line, where there are several)."""

    name: str
    label: str
    show: Callable[[Task], str]
    read: Callable[[str], Value]
    limit: int
    required: bool = False
    # Moved only by an amendment (due dates also by an extension) once the plan is in force.
    is_fixed: bool = True
    # Several lines, or long text: a textarea, a wide column.
    is_long: bool = False
    # Other headings under which a workbook may bring it.
    aliases: tuple[str, ...] = ()

    def parse(self, text: str) -> Parsed:
        """Read ``text`` generously; empty text is None, or wrong where the field is needed."""
        text = read.cleaned(text)
        if not text:
            return Parsed(None, f"请填写{self.label}。" if self.required else "")
        try:
            return Parsed(self.read(text))
        except ValueError as refusal:
            return Parsed(None, str(refusal))


def _plain(limit: int) -> Callable[[str], Value]:
    """Return a reader of plain text of at most ``limit`` characters."""
    return lambda text: read.plain(text, limit)


def _person_on(side: Side) -> Callable[[Task], str]:
    """Return what shows who is in charge on ``side``."""
    return lambda task: task.in_charge_on(side)


def show_day(day: date | None) -> str:
    """Show a day the way it is read back: 2020-05-22."""
    return day.isoformat() if day else ""


def show_steps(steps: Sequence[tuple[date, str]]) -> str:
    """Show milestones, one for each line: the day, then the step."""
    return "\n".join(f"{day.isoformat()} {title}" for day, title in steps)


TASK_FIELDS: tuple[TaskField, ...] = (
    TaskField(
        "area",
        "领域",
        lambda task: task.area.label,
        read.area,
        20,
        required=True,
        aliases=("帮扶领域", "任务类别", "类别"),
    ),
    TaskField(
        "title",
        "任务名称",
        lambda task: task.title,
        _plain(TITLE_LENGTH),
        TITLE_LENGTH,
        required=True,
        aliases=("任务", "任务事项", "名称", "工作任务"),
    ),
    TaskField(
        "description",
        "任务说明",
        lambda task: task.description,
        _plain(LONG_TEXT),
        LONG_TEXT,
        is_long=True,
        aliases=("说明", "任务内容", "工作内容"),
    ),
    TaskField(
        "measures",
        "帮扶措施",
        lambda task: task.measures,
        _plain(LONG_TEXT),
        LONG_TEXT,
        is_long=True,
        aliases=("措施", "工作措施", "主要措施"),
    ),
    TaskField(
        "criteria",
        "验收标准",
        lambda task: task.criteria,
        _plain(LONG_TEXT),
        LONG_TEXT,
        required=True,
        is_long=True,
        aliases=("标准", "完成标准", "销号标准"),
    ),
    TaskField(
        "weight",
        "权重",
        lambda task: Weight(str(task.weight)).label,
        read.weight,
        4,
        required=True,
        aliases=("重要程度", "级别"),
    ),
    TaskField(
        "year",
        "年度",
        lambda task: f"第{task.year}年",
        lambda text: read.year(text, MAX_YEAR),
        6,
        aliases=("计划年度", "年份", "所属年度"),
    ),
    TaskField(
        "starts_on",
        "开始日期",
        lambda task: show_day(task.starts_on),
        lambda text: read.day(text, at_end=False),
        20,
        required=True,
        aliases=("开始时间", "起始日期", "启动日期", "开始"),
    ),
    TaskField(
        "due_on",
        "完成期限",
        lambda task: show_day(task.due_on),
        lambda text: read.day(text, at_end=True),
        20,
        required=True,
        aliases=("完成时限", "期限", "完成日期", "完成时间", "截止日期", "时限"),
    ),
    TaskField(
        "supporting_owner",
        "帮扶方责任人",
        _person_on(Side.SUPPORTING),
        _plain(PERSON_LENGTH),
        PERSON_LENGTH,
        is_fixed=False,
        aliases=("帮扶责任人", "帮扶方负责人"),
    ),
    TaskField(
        "supported_owner",
        "受援方责任人",
        _person_on(Side.SUPPORTED),
        _plain(PERSON_LENGTH),
        PERSON_LENGTH,
        is_fixed=False,
        aliases=("受援责任人", "受援方负责人", "责任人"),
    ),
    TaskField(
        "evidence",
        "佐证材料",
        lambda task: "\n".join(one.name for one in task.requirements),
        lambda text: read.lines(text, LINES, LINE_LENGTH),
        LINE_LENGTH,
        required=True,
        is_long=True,
        aliases=("要求的材料", "佐证", "证明材料", "所需材料"),
    ),
    TaskField(
        "milestones",
        "节点",
        lambda task: show_steps([(one.due_on, one.title) for one in task.milestones]),
        lambda text: read.steps(text, LINES, LINE_LENGTH),
        LINE_LENGTH,
        is_long=True,
        aliases=("时间节点", "里程碑", "阶段节点"),
    ),
)
"""In the order in which pages and workbooks show them."""

FIELDS_BY_NAME: dict[str, TaskField] = {field.name: field for field in TASK_FIELDS}


def task_texts(task: Task) -> dict[str, str]:
    """Return every field of ``task`` as text, by name."""
    return {field.name: field.show(task) for field in TASK_FIELDS}


def parse_texts(texts: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Read some fields: the values by name, and the sentences of those that cannot be read."""
    parsed = {name: FIELDS_BY_NAME[name].parse(text) for name, text in texts.items()}
    values = {name: one.value for name, one in parsed.items() if not one.wrong}
    return values, {name: one.wrong for name, one in parsed.items() if one.wrong}
