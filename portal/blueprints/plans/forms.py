"""Forms of the plan's pages."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from wtforms import DateField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Optional, ValidationError

from portal.models import Area, BaseKind, Side, Task, User, Weight
from portal.services.plan_tasks import TaskEntry
from portal.web.forms import MaxLength, PortalForm, choices

LONG_TEXT = 5000
EVIDENCE_LINES = 20
EVIDENCE_LENGTH = 100
GOAL_LENGTH = 1000

People = Mapping[Side, Sequence[User]]


class WithdrawForm(PortalForm):
    """Why an endorsement is taken back."""

    reason = TextAreaField("撤回原因", [DataRequired("请填写撤回原因。"), MaxLength(500)])


class OwnersForm(PortalForm):
    """Who is in charge of a whole area's tasks, on both sides at once."""

    area = SelectField("领域", choices=choices(Area, blank="全部领域"))
    supporting_owner = SelectField("帮扶方责任人")
    supported_owner = SelectField("受援方责任人")

    def offer(self, people: People) -> None:
        """Offer the people of each hospital; the first choice changes nothing."""
        self.supporting_owner.choices = _people_choices(people[Side.SUPPORTING], "不改动")
        self.supported_owner.choices = _people_choices(people[Side.SUPPORTED], "不改动")


class EditTaskForm(PortalForm):
    """One task of a plan that is being drawn up."""

    title = StringField("任务名称", [DataRequired("请填写任务名称。"), MaxLength(100)])
    description = TextAreaField("任务说明", [MaxLength(LONG_TEXT)])
    criteria = TextAreaField("验收标准", [DataRequired("请填写验收标准。"), MaxLength(LONG_TEXT)])
    evidence = TextAreaField(
        "佐证材料",
        [DataRequired("请至少写一项佐证材料，销号时逐项核对。"), MaxLength(LONG_TEXT)],
        description="每行一项，申请销号时每一项都要有材料",
    )
    weight = SelectField("权重", choices=choices(Weight))
    starts_on = DateField("开始日期", [DataRequired("请填写开始日期，如 2020-06-01。")])
    due_on = DateField("完成期限", [DataRequired("请填写完成期限，如 2020-12-31。")])
    supporting_owner = SelectField("帮扶方责任人")
    supported_owner = SelectField("受援方责任人")

    def offer(self, people: People) -> None:
        """Offer the people of each hospital."""
        self.supporting_owner.choices = _people_choices(people[Side.SUPPORTING], "暂不指定")
        self.supported_owner.choices = _people_choices(people[Side.SUPPORTED], "暂不指定")

    def validate_evidence(self, field: TextAreaField) -> None:
        """Keep the list and each of its lines within what a task can hold."""
        lines = self.evidence_lines()
        if len(lines) > EVIDENCE_LINES:
            raise ValidationError(f"最多 {EVIDENCE_LINES} 项，现有 {len(lines)} 项。")
        for at, line in enumerate(lines, 1):
            if len(line) > EVIDENCE_LENGTH:
                raise ValidationError(
                    f"第 {at} 项最多 {EVIDENCE_LENGTH} 个字，现有 {len(line)} 个字。"
                )

    def evidence_lines(self) -> tuple[str, ...]:
        """Return the required evidence, one for each line that says something."""
        return tuple(
            line.strip() for line in (self.evidence.data or "").splitlines() if line.strip()
        )

    def fill(self, task: Task) -> None:
        """Show ``task`` as it stands."""
        for label, value in task_values(task).items():
            self[label].data = value

    def entry(self, area: Area) -> TaskEntry:
        """Return what the form says. Only after it was found valid."""
        return TaskEntry(
            area=area,
            title=self.title.data,
            criteria=self.criteria.data,
            description=self.description.data or "",
            evidence=self.evidence_lines(),
            weight=int(self.weight.data),
            starts_on=self.starts_on.data,
            due_on=self.due_on.data,
            supporting_owner_id=chosen_id(self.supporting_owner),
            supported_owner_id=chosen_id(self.supported_owner),
        )

    def shown(self) -> list[tuple[str, str]]:
        """Return what was typed, field by field, to be laid beside what was saved."""
        return [(field.label.text, _shown(field, field.data)) for field in _typed(self)]

    def shown_of(self, task: Task) -> list[tuple[str, str]]:
        """Return what ``task`` says now, in the same order as :meth:`shown`."""
        values = task_values(task)
        return [(field.label.text, _shown(field, values[field.name])) for field in _typed(self)]


class AddTaskForm(EditTaskForm):
    """A task of the pairing's own."""

    area = SelectField("领域", choices=choices(Area))


class PickForm(PortalForm):
    """Which pairings get which standard tasks, counted from which day.

    The ids are checked against what the viewer may see, not against a list of choices:
    a foreign pairing is a thing that does not exist.
    """

    pairing = SelectMultipleField("结对", coerce=int, validate_choice=False, choices=[])
    task = SelectMultipleField("标准任务", coerce=int, validate_choice=False, choices=[])
    starts_on = DateField(
        "起算日",
        [Optional()],
        description="各项期限自这一天起按月推算；留空则从各计划的起始日起算",
    )
    kind = SelectField(
        "适用基地",
        choices=choices(BaseKind, blank="受援基地的类型"),
        default="",
        description="只列出适用于这类基地的标准任务",
    )


class GoalsForm(PortalForm):
    """A text for each year and area; the fields are added by :func:`goals_form`."""

    years: tuple[int, ...] = ()

    def field_of(self, year: int, area: Area) -> TextAreaField:
        """Return the field of one year and area."""
        return self[f"goal-{year}-{area.value}"]

    def goals(self) -> dict[tuple[int, Area], str]:
        """Return what was typed, by year and area."""
        return {
            (year, area): self.field_of(year, area).data or ""
            for year in self.years
            for area in Area
        }


@cache
def goals_form(years: tuple[int, ...]) -> type[GoalsForm]:
    """Return the form for a plan of ``years``."""
    fields: dict[str, Any] = {"years": years}
    for year in years:
        for area in Area:
            fields[f"goal-{year}-{area.value}"] = TextAreaField(
                f"{area.label}：第{year}年", [MaxLength(GOAL_LENGTH)]
            )
    fields["also"] = SelectMultipleField(
        "同时用于其他结对", coerce=int, validate_choice=False, choices=[]
    )
    return type("PlanGoalsForm", (GoalsForm,), fields)


def task_values(task: Task) -> dict[str, Any]:
    """Return a task's values by the name of their form field."""
    return {
        "title": task.title,
        "description": task.description,
        "criteria": task.criteria,
        "evidence": "\n".join(one.name for one in task.requirements),
        "weight": str(task.weight),
        "starts_on": task.starts_on,
        "due_on": task.due_on,
        "supporting_owner": str(task.supporting_owner_id or ""),
        "supported_owner": str(task.supported_owner_id or ""),
    }


def chosen_id(field: SelectField) -> int | None:
    """Return the person chosen, or None."""
    return int(field.data) if field.data else None


def _people_choices(people: Sequence[User], blank: str) -> list[SelectChoice]:
    """Return the choices of a select of people."""
    offered = [
        SelectChoice(str(user.id), f"{user.name}（{user.position or user.role.label}）")
        for user in people
    ]
    return [SelectChoice("", blank), *offered]


def _typed(form: EditTaskForm) -> list[Any]:
    """Return the fields a task keeps, in their order."""
    return [field for field in form if field.name not in ("area", "csrf_token")]


def _shown(field: Any, value: Any) -> str:
    """Return a field's value in words: the label of a choice, the day of a date."""
    if isinstance(field, SelectField):
        labels = {str(choice.value): choice.label for choice in field.choices}
        return str(labels.get(str(value or ""), value))
    return str(value or "")
