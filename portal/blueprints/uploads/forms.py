"""Forms of pages that take files: of the phone, of a meeting and of a library."""

from typing import Any

from flask_wtf.file import MultipleFileField
from wtforms import DateField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal import clock
from portal.models import EvidenceRequirement, Task
from portal.web.forms import PortalForm


class UploadForm(PortalForm):
    """Files of one day."""

    files = MultipleFileField("选择文件")
    evidence_on = DateField(
        "材料日期",
        [InputRequired("请填写材料日期，如 2021-03-15。")],
        default=clock.today,
        description="材料形成的日期，不是上传的日期。",
    )


class PhoneForm(UploadForm):
    """The same, for one requirement of one task."""

    requirement = SelectField("用于哪项要求", coerce=int)

    @classmethod
    def of(cls, task: Task, *, blank: bool = False) -> Any:
        """Return the form with the task's requirements to choose from."""
        form = cls(formdata=None) if blank else cls()
        form.task = task
        form.requirement.choices = [
            *(SelectChoice(one.id, one.name) for one in task.requirements),
            SelectChoice(0, "其他材料"),
        ]
        if blank:
            form.requirement.data = task.requirements[0].id if task.requirements else 0
        return form

    @property
    def chosen_requirement(self) -> EvidenceRequirement | None:
        """The requirement that was chosen; None is further material."""
        wanted = self.requirement.data
        return next((one for one in self.task.requirements if one.id == wanted), None)

    task: Task
