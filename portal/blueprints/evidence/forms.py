"""Forms around evidence. Their field names differ, because one page shows several."""

from wtforms import SelectField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from portal.models import Evidence, Task
from portal.web.forms import MaxLength, PortalForm

MAX_TEXT = 5000


class TickBoxes(SelectMultipleField):
    """Several choices, each with its own box."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class UseEvidenceForm(PortalForm):
    """Which pieces of the library stand for which requirement."""

    requirement = SelectField("用于哪项要求", coerce=int)
    evidence = TickBoxes("佐证材料", [InputRequired("请至少勾选一件佐证材料。")], coerce=int)

    def offer(self, task: Task, pieces: list[Evidence]) -> None:
        """Offer the task's requirements and the library's pieces."""
        self.requirement.choices = [
            *(SelectChoice(one.id, one.name) for one in task.requirements),
            SelectChoice(0, "其他材料"),
        ]
        self.evidence.choices = [
            SelectChoice(
                one.id,
                f"{one.title}（{one.file.name}，{one.evidence_on.isoformat()}，"
                f"{one.added_by.name}上传）",
            )
            for one in pieces
        ]


class WithdrawEvidenceForm(PortalForm):
    """Why a piece is withdrawn."""

    reason = TextAreaField(
        "撤回理由",
        [InputRequired("请填写撤回的理由。"), MaxLength(MAX_TEXT)],
        description="撤回后材料仍可查阅，但不再作为佐证。",
    )
