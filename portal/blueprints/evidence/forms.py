"""Forms around evidence. Their field names differ, because one page shows several."""

from wtforms import (
    DateField,
    FileField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from portal.models import Evidence, EvidenceKind, Task
from portal.policies.evidence_places import Place
from portal.services.evidence_changes import MAX_NOTE, MAX_PROVES, MAX_REASON, MAX_TITLE, Details
from portal.web.forms import MaxLength, PortalForm, choices, keep_despite_warning


class UseEvidenceForm(PortalForm):
    """Which pieces of the library stand for what."""

    requirement = SelectField("用于哪项要求", coerce=int)
    evidence = SelectMultipleField(
        "佐证材料", [InputRequired("请至少勾选一件佐证材料。")], coerce=int
    )

    def offer(self, place: Place, pieces: list[Evidence]) -> None:
        """Offer a task's requirements, and the library's pieces."""
        if isinstance(place.target, Task):
            self.requirement.choices = [
                *(SelectChoice(one.id, one.name) for one in place.requirements),
                SelectChoice(0, "其他材料"),
            ]
        else:
            del self.requirement
        self.evidence.choices = [SelectChoice(one.id, one.title) for one in pieces]


class EditEvidenceForm(PortalForm):
    """What is said of a piece."""

    title = StringField("材料名称", [InputRequired("请填写材料名称。"), MaxLength(MAX_TITLE)])
    kind = SelectField("类别", choices=choices(EvidenceKind))
    proves = StringField(
        "证明事项",
        [MaxLength(MAX_PROVES)],
        description="这份材料证明什么，如“全科医学科已独立建科”。",
    )
    evidence_on = DateField(
        "材料日期",
        [InputRequired("请填写材料日期，如 2021-03-15。")],
        description="材料形成的日期，不是上传的日期。",
    )
    expires_on = DateField(
        "有效期至", [Optional()], description="证书、聘期等到期即失效的材料填写，长期有效的留空。"
    )

    def fill(self, evidence: Evidence) -> None:
        """Show what is kept."""
        self.process(data=vars(Details.of(evidence)))

    @property
    def details(self) -> Details:
        """Return what was typed, once it is valid."""
        return Details(
            self.title.data,
            EvidenceKind(self.kind.data),
            self.proves.data or "",
            self.evidence_on.data,
            self.expires_on.data,
        )


class ReviseEvidenceForm(PortalForm):
    """A new file in the place of the old one, and why."""

    file = FileField("新文件")
    despite_warning = keep_despite_warning()
    warned = False
    note = StringField(
        "换版说明",
        [InputRequired("请写明为什么换新版本。"), MaxLength(MAX_NOTE)],
        description="原文件保留，仍可查阅；新版本须重新审核。",
    )


class RejectEvidenceForm(PortalForm):
    """Why a piece is not accepted."""

    review_reason = TextAreaField(
        "不予认可的理由",
        [InputRequired("请写明不予认可的理由。"), MaxLength(MAX_REASON)],
        description="上传人会看到这段话，请写明缺什么、怎样改。",
    )


class WithdrawEvidenceForm(PortalForm):
    """Why a piece is withdrawn."""

    reason = TextAreaField(
        "撤回理由",
        [InputRequired("请填写撤回的理由。"), MaxLength(MAX_REASON)],
        description="撤回后材料仍可查阅，但不再作为佐证。",
    )
