"""Forms of amendments."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from wtforms import DateField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Optional

from portal.models import Area, Resolution, Weight
from portal.policies.amendment_lines import FIXED_FIELDS, NEW_TASK_FIELDS
from portal.policies.goal_texts import FIGURE_FORM, FIGURES, goal_labels
from portal.policies.task_fields import LONG_TEXT, TaskField
from portal.queries.amendments import resolution_title
from portal.services.amendment_drafts import MAX_REASON
from portal.web.forms import MaxLength, PortalForm

HINTS = {
    "evidence": "每行一项；已有材料的一项不能去掉",
    "milestones": "每行一个，如“2020-08-31 完成选址”或“第3个月 完成选址”（自任务开始起算）",
    "starts_on": "如 2021-03-01",
    "due_on": "如 2021-12-31",
    "year": "如 第2年",
    "supporting_owner": "填写姓名；有账号的人员批准后即可办理",
    "supported_owner": "填写姓名；有账号的人员批准后即可办理",
}


class ReasonForm(PortalForm):
    """Why the plan is changed, and by which resolution."""

    reason = TextAreaField(
        "调整理由",
        [DataRequired("请写明为什么调整。"), MaxLength(MAX_REASON)],
        description="写明情况有什么变化、原安排为什么不再可行。双方负责人和省中心据此判断。",
    )
    resolution = SelectField(
        "领导小组会议决议",
        description="暂停或取消任务必须有已批准纪要中的议定事项；其他调整可以不选",
    )

    def offer(self, resolutions: Sequence[Resolution], *, minutes: bool) -> None:
        """Offer the resolutions; ``minutes`` says whether any minutes are approved at all."""
        none = "已批准的纪要中没有议定事项" if minutes else "还没有已批准的会议纪要"
        self.resolution.choices = [
            SelectChoice("", "无" if resolutions else none),
            *(SelectChoice(str(one.id), resolution_title(one)) for one in resolutions),
        ]


class TaskTextsForm(PortalForm):
    """The fields of a task as texts; they are added by :func:`task_form`."""

    names: tuple[str, ...] = ()

    def texts(self) -> dict[str, str]:
        """Return what was typed, by the name of the field."""
        return {name: self[name].data or "" for name in self.names}

    def fill(self, texts: dict[str, str]) -> None:
        """Show ``texts``."""
        for name in self.names:
            self[name].data = texts.get(name, "")


@cache
def task_form(*, new: bool) -> type[TaskTextsForm]:
    """Return the form of a task: all its fixed fields, the due date only for a ``new`` one."""
    fields = NEW_TASK_FIELDS if new else FIXED_FIELDS
    members: dict[str, Any] = {"names": tuple(field.name for field in fields)}
    for field in fields:
        members[field.name] = _input(field)
    if not new:
        members["note"] = TextAreaField(
            "说明（可不填）", [MaxLength(500)], description="这一项为什么改，供审批时对照"
        )
    return type("NewTaskForm" if new else "ChangeTaskForm", (TaskTextsForm,), members)


def _input(field: TaskField) -> Any:
    """Return the input of one field; the rule about its text is the field's own."""
    if field.name in ("area", "weight"):
        offered = [member.label for member in (Area if field.name == "area" else Weight)]
        choices = [SelectChoice(label, label) for label in offered]
        return SelectField(field.label, choices=choices)
    kind = TextAreaField if field.is_long else StringField
    limit = LONG_TEXT if field.is_long else field.limit
    return kind(field.label, [MaxLength(limit)], description=HINTS.get(field.name, ""))


@cache
def goals_form(years: tuple[int, ...]) -> type[TaskTextsForm]:
    """Return the form of one area's goals and figures."""
    labels = goal_labels(years)
    members: dict[str, Any] = {"names": tuple(labels)}
    for name, label in labels.items():
        hint = f"每行一项：{FIGURE_FORM}" if name == FIGURES else ""
        members[name] = TextAreaField(label, [MaxLength(LONG_TEXT)], description=hint)
    return type("AmendGoalsForm", (TaskTextsForm,), members)


class RestForm(PortalForm):
    """Which tasks are suspended, resumed or cancelled; ids are checked against the plan."""

    task = SelectMultipleField("任务", coerce=int, validate_choice=False, choices=[])


class PickForm(PortalForm):
    """Which standard tasks are added, and from which day their dates count."""

    task = SelectMultipleField("标准任务", coerce=int, validate_choice=False, choices=[])
    starts_on = DateField(
        "起算日", [Optional()], description="期限自这一天起按月推算；留空则从今天起算"
    )


class SendBackForm(PortalForm):
    """Why an amendment is sent back."""

    reason = TextAreaField("退回理由", [DataRequired("请填写退回的理由。"), MaxLength(MAX_REASON)])


class ApproveForm(PortalForm):
    """A remark to what is approved."""

    comment = TextAreaField("审批意见（可不填）", [MaxLength(MAX_REASON)])
