"""Forms of the library's editor."""

import re
from collections.abc import Mapping
from typing import Any

from wtforms import (
    BooleanField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, NumberRange, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.models import Area, BaseKind, CheckKind, LibraryTask, Recurrence, Weight
from portal.policies.library_fields import FIELDS, milestone_lines, values_of
from portal.services.library_tasks import StandardEntry
from portal.web.forms import MaxLength, PortalForm, choices

LONG_TEXT = 5000
LINES, LINE_LENGTH, LONGEST_TERM = 20, 100, 60
MILESTONE = re.compile(r"(?P<title>.{1,100}?)\s*[|｜]\s*(?P<months>\d{1,2})")


class TickField(SelectMultipleField):
    """Several of a list, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class EditionForm(PortalForm):
    """What an edition is called."""

    title = StringField("名称", [DataRequired("请填写名称。"), MaxLength(100)])


class PublishForm(PortalForm):
    """Why the new edition is what it is."""

    note = TextAreaField(
        "发布说明",
        [DataRequired("请填写发布说明，供各基地了解改了什么、为什么改。"), MaxLength(2000)],
    )


class ExampleForm(PortalForm):
    """What others read of a good closed task."""

    summary = TextAreaField(
        "做法摘要",
        [DataRequired("请写明做法和成效，其他基地只看到这段文字。"), MaxLength(2000)],
        description="写怎样做、用了多久、有什么成效；不写人名、患者信息和联系方式",
    )
    names_hospitals = BooleanField(
        "向其他基地显示两家医院的名称", description="不勾选时只显示摘要和数字"
    )


class StandardTaskForm(PortalForm):
    """One standard task of a draft."""

    title = StringField("任务名称", [DataRequired("请填写任务名称。"), MaxLength(100)])
    area = SelectField("领域", choices=choices(Area))
    criteria = TextAreaField("验收标准", [DataRequired("请填写验收标准。"), MaxLength(LONG_TEXT)])
    description = TextAreaField("任务说明", [MaxLength(LONG_TEXT)])
    measures = TextAreaField("帮扶措施", [MaxLength(LONG_TEXT)])
    evidence = TextAreaField(
        "佐证材料",
        [DataRequired("请至少写一项佐证材料，销号时逐项核对。"), MaxLength(LONG_TEXT)],
        description="每行一项",
    )
    weight = SelectField("权重", choices=choices(Weight))
    due_months = IntegerField(
        "完成月数",
        [
            InputRequired("请填写完成月数。"),
            NumberRange(1, LONGEST_TERM, f"完成月数应为 1 至 {LONGEST_TERM}。"),
        ],
        description="自帮扶开始之日起第几个月到期",
    )
    recurrence = SelectField("频次", choices=choices(Recurrence))
    milestones = TextAreaField(
        "节点",
        [MaxLength(LONG_TEXT)],
        description="每行一个，写“名称|第几个月”，如：完成选址|3；可以不填",
    )
    checks = TickField("核验方式", choices=choices(CheckKind))
    base_kinds = TickField("适用基地", choices=choices(BaseKind))
    basis = StringField("依据", [MaxLength(200)])
    verified = BooleanField("标准中的数值均已核实", description="不勾选时各处标注“待核实”")
    item_keys = TickField("对应的调研项目", description="这些项目未达标时，向基地推荐这项标准任务")

    def offer(self, labels: Mapping[str, str], kept: tuple[str, ...] = ()) -> None:
        """Offer the items of the current survey sheet, and those the task names already."""
        old = {key: f"{key}（现行调研表已无此项）" for key in kept if key not in labels}
        self.item_keys.choices = [
            SelectChoice(key, label) for key, label in {**labels, **old}.items()
        ]

    def fill(self, task: LibraryTask) -> None:
        """Show ``task`` as it stands."""
        for name, value in values_of(task).items():
            self[name].data = _typed(name, value)

    def validate_evidence(self, field: TextAreaField) -> None:
        """Keep the list and each of its lines within what a task can hold."""
        lines = lines_of(field.data)
        if len(lines) > LINES:
            raise ValidationError(f"最多 {LINES} 项，现有 {len(lines)} 项。")
        for at, line in enumerate(lines, 1):
            if len(line) > LINE_LENGTH:
                raise ValidationError(f"第 {at} 项最多 {LINE_LENGTH} 个字，现有 {len(line)} 个字。")

    def validate_milestones(self, field: TextAreaField) -> None:
        """Ask for a name and a month in every line."""
        lines = lines_of(field.data)
        if len(lines) > LINES:
            raise ValidationError(f"最多 {LINES} 个，现有 {len(lines)} 个。")
        for at, line in enumerate(lines, 1):
            found = MILESTONE.fullmatch(line)
            if found is None or int(found["months"]) == 0:
                raise ValidationError(f"第 {at} 行请写成“名称|第几个月”，如：完成选址|3。")

    def entry(self, code: str) -> StandardEntry:
        """Return what the form says. Only after it was found valid."""
        return StandardEntry(
            code=code,
            area=Area(self.area.data),
            title=self.title.data,
            description=self.description.data or "",
            criteria=self.criteria.data,
            measures=self.measures.data or "",
            evidence=lines_of(self.evidence.data),
            weight=int(self.weight.data),
            due_months=self.due_months.data,
            recurrence=Recurrence(self.recurrence.data),
            milestones=tuple(_milestone(line) for line in lines_of(self.milestones.data)),
            checks=tuple(self.checks.data or ()),
            base_kinds=tuple(self.base_kinds.data or ()),
            basis=self.basis.data or "",
            verified=self.verified.data,
            item_keys=tuple(self.item_keys.data or ()),
        )


class AddStandardTaskForm(StandardTaskForm):
    """A standard task that no edition had before."""

    task_code = StringField("编号", [DataRequired("请填写编号，如 A-11。"), MaxLength(20)])


def lines_of(text: str | None) -> tuple[str, ...]:
    """Return the lines that say something."""
    return tuple(line.strip() for line in (text or "").splitlines() if line.strip())


def described(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (label, text) of every field, to lay two texts side by side."""
    return [(field.label, field.shown(values[field.name])) for field in FIELDS]


def _milestone(line: str) -> tuple[str, int]:
    found = MILESTONE.fullmatch(line)
    if found is None:
        raise ValueError(line)
    return found["title"], int(found["months"])


def _typed(name: str, value: Any) -> Any:
    """Return a column's value as the form shows it."""
    if name == "evidence":
        return "\n".join(value)
    if name == "milestones":
        return milestone_lines(value)
    return str(value) if name == "weight" else value
