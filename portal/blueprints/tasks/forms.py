"""Forms of the task page. Their field names differ, because one page shows several."""

from collections.abc import Iterable
from typing import Any, BinaryIO

from flask_wtf.file import MultipleFileField
from wtforms import DateField, IntegerField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, NumberRange

from portal import clock
from portal.models import EvidenceRequirement, User
from portal.services.tasks import MAX_NOTE
from portal.web.forms import MaxLength, PortalForm, keep_despite_warning

OTHER = "other"
MAX_STATEMENT = 5000


class SubmitEvidenceForm(PortalForm):
    """The one form of the task page: files for each requirement, and the closing statement.

    Its two buttons send the same fields to two addresses: evidence alone, or evidence with an
    application for closure.
    """

    evidence_on = DateField(
        "材料日期",
        [InputRequired("请填写材料日期，如 2021-03-15。")],
        default=clock.today,
        description="材料形成的日期，不是上传的日期；本次所选文件共用。",
    )
    statement = TextAreaField(
        "完成情况说明",
        [MaxLength(MAX_STATEMENT)],
        description="申请销号时填写：对照验收标准，写明做了什么、结果如何。",
    )

    despite_warning = keep_despite_warning()
    warned = False

    @classmethod
    def for_requirements(
        cls, requirements: Iterable[EvidenceRequirement], *, blank: bool = False
    ) -> Any:
        """Return the form with a file field for each requirement and one for other material.

        ``blank`` ignores what the request carries: it answers another form of the page.
        """
        fields: dict[str, Any] = {
            f"file-{one.id}": MultipleFileField(f"上传“{one.name}”") for one in requirements
        }
        fields[f"file-{OTHER}"] = MultipleFileField("上传其他材料")
        kind = type(f"{cls.__name__}OfTask", (cls,), fields)
        return kind(formdata=None) if blank else kind()

    @property
    def uploads(self) -> list[tuple[int | None, str, BinaryIO]]:
        """Return the chosen files as (requirement id, name, stream) each."""
        return [
            (
                None if name == f"file-{OTHER}" else int(name.removeprefix("file-")),
                one.filename,
                one.stream,
            )
            for name, field in self._fields.items()
            if name.startswith("file-")
            for one in field.data or ()
        ]


class AddNoteForm(PortalForm):
    """What was done, and how far the task has come."""

    progress = IntegerField(
        "完成比例（%）",
        [
            InputRequired("请填写完成比例，0 到 100 的整数。"),
            NumberRange(0, 100, "完成比例应在 0 到 100 之间。"),
        ],
    )
    body = TextAreaField(
        "进展情况",
        [InputRequired("请写明进展情况。"), MaxLength(MAX_NOTE)],
        description="做了什么、到哪一步、还有什么困难。",
    )


class AssignOwnerForm(PortalForm):
    """Who in one's own hospital is in charge."""

    owner = SelectField("责任人", coerce=int)

    def offer(self, people: Iterable[User]) -> None:
        """Offer the hospital's staff, and nobody."""
        self.owner.choices = [
            SelectChoice(0, "未指定"),
            *(
                SelectChoice(one.id, f"{one.name}（{one.position or one.role.label}）")
                for one in people
            ),
        ]


class ReachMilestoneForm(PortalForm):
    """On which day a milestone was reached."""

    done_on = DateField("完成日期", [DataRequired("请填写完成日期，如 2020-08-31。")])
