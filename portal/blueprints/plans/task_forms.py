"""Forms of tasks, made from the one list of a task's fields (portal.policies.task_fields)."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from flask import request
from wtforms import (
    BooleanField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Optional

from portal.models import Area, Task, Weight
from portal.policies.task_fields import FIELDS_BY_NAME, LONG_TEXT, PERSON_LENGTH, TaskField
from portal.services.plan_rows import RowsChange
from portal.web.forms import MaxLength, PortalForm, choices

EDITED = (
    "title",
    "weight",
    "starts_on",
    "due_on",
    "supporting_owner",
    "supported_owner",
    "measures",
    "criteria",
    "evidence",
    "milestones",
    "description",
)
"""What the form of a task shows. The area gives the code its letter and is chosen once; the
year follows the due date."""

HINTS = {
    "starts_on": "日期，或“第7个月”",
    "due_on": "日期，或“第12个月”",
    "supporting_owner": "选本单位人员，或直接写姓名",
    "supported_owner": "选本单位人员，或直接写姓名",
    "evidence": "每行一项，申请销号时每一项都要有材料",
    "milestones": "每行一个，如“2020-08-31 完成选址”或“第3个月 完成选址”（自任务开始起算）",
}


class Needed:
    """Mark a field as needed; that it is filled is asked where its text is read."""

    def __init__(self) -> None:
        self.field_flags = {"required": True}

    def __call__(self, form: Any, field: Any) -> None:
        """Leave the judgement to :func:`portal.policies.task_entries.read_task`."""


class TaskForm(PortalForm):
    """One task of a plan that is being drawn up; the fields come from :func:`task_form`."""

    names: tuple[str, ...] = ()

    def texts(self) -> dict[str, str]:
        """Return what was typed, by field name."""
        return {name: self[name].data or "" for name in self.names}

    def fill(self, task: Task) -> None:
        """Show ``task`` as it stands."""
        for name, text in texts_of(task, self.names).items():
            self[name].data = text

    def shown(self, texts: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return texts with their labels, to be laid beside others."""
        return [(str(self[name].label.text), self._said(name, texts[name])) for name in self.names]

    def _said(self, name: str, text: str) -> str:
        """Return the label of a choice, else the text itself."""
        labels = {str(one.value): str(one.label) for one in getattr(self[name], "choices", ())}
        return labels.get(text, text)

    def tell_apart(self, task: Task) -> None:
        """Give the fields ids of their own: several rows of a page may be edited at once."""
        for field in self:
            field.id = f"t{task.id}-{field.name}"
            field.label.field_id = field.id


def texts_of(task: Task, names: tuple[str, ...] = EDITED) -> dict[str, str]:
    """Return a task's fields as the form holds them: slugs where there is a choice."""
    held = {"area": task.area.value, "weight": str(task.weight)}
    return {name: held.get(name) or FIELDS_BY_NAME[name].show(task) for name in names}


@cache
def task_form(*, with_area: bool) -> type[TaskForm]:
    """Return the form of a task; a new one also chooses its area."""
    names = (("area",) if with_area else ()) + EDITED
    fields: dict[str, Any] = {name: _field(FIELDS_BY_NAME[name]) for name in names}
    return type("PlanTaskForm", (TaskForm,), {**fields, "names": names})


def _field(field: TaskField) -> Any:
    """Return the form's field for one of a task's."""
    needed: list[Any] = [Needed()] if field.required else []
    options = {"area": Area, "weight": Weight}.get(field.name)
    if options is not None:
        return SelectField(field.label, needed, choices=choices(options))
    kind = TextAreaField if field.is_long else StringField
    limit = LONG_TEXT if field.is_long else field.limit
    return kind(field.label, [*needed, MaxLength(limit)], description=HINTS.get(field.name, ""))


class RowsForm(PortalForm):
    """What is to happen to all ticked tasks; also to the same ones of other pairings."""

    supporting_person = StringField("帮扶方责任人", [MaxLength(PERSON_LENGTH)])
    supported_person = StringField("受援方责任人", [MaxLength(PERSON_LENGTH)])
    weight = SelectField("权重", choices=choices(Weight, blank="不改动"))
    months = IntegerField("起止日期移动几个月", [Optional()], description="推后写 1，提前写 -1")
    remove = BooleanField("移除所选任务")
    also = SelectMultipleField("其他结对", coerce=int, validate_choice=False, choices=[])

    def change(self) -> RowsChange:
        """Return what was asked for. Only after the form was found valid."""
        return RowsChange(
            supporting_person=self.supporting_person.data or "",
            supported_person=self.supported_person.data or "",
            weight=int(self.weight.data) if self.weight.data else None,
            months=self.months.data or 0,
            remove=bool(self.remove.data),
        )


def ticked_rows() -> dict[int, int]:
    """Return the ticked tasks with the versions the page showed: ``12.3`` is version 3 of 12."""
    found = {}
    for mark in request.form.getlist("task"):
        task_id, _, version = mark.partition(".")
        if task_id.isdecimal() and version.isdecimal() and len(mark) < 30:
            found[int(task_id)] = int(version)
    return found
