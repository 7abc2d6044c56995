"""Forms for what becomes of an agreement in force, and for signing in a leader's place."""

from collections.abc import Iterable

from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from portal.models import AgreementKind, User
from portal.web.forms import MaxLength, PortalForm, choices


class ChangeForm(PortalForm):
    """An amendment or a renewal of the agreement in force."""

    kind = SelectField(
        "办理事项",
        choices=choices([AgreementKind.AMENDMENT, AgreementKind.RENEWAL]),
    )
    reason = TextAreaField(
        "原因",
        [DataRequired("请说明变更或续签的原因。"), MaxLength(1000)],
        description="写明变更内容和理由；备案前原协议继续有效。",
    )

    def offer(self, *, renews: bool) -> None:
        """Offer a renewal only once it is time for one, and then first."""
        kinds = [AgreementKind.AMENDMENT]
        self.kind.choices = choices([AgreementKind.RENEWAL, *kinds] if renews else kinds)


class AbandonForm(PortalForm):
    """Giving up a change that is being drafted."""

    abandon_reason = TextAreaField("放弃原因", [DataRequired("请填写放弃的原因。"), MaxLength(500)])


class EndForm(PortalForm):
    """Asking for the early end of an agreement."""

    ends_on = DateField("终止日期", [DataRequired("请填写终止日期。")])
    reason = TextAreaField("终止原因", [DataRequired("请说明提前终止的原因。"), MaxLength(1000)])


class EndWordForm(PortalForm):
    """The answer to such a request."""

    word = TextAreaField("意见", [MaxLength(1000)], description="不同意的，须写明理由。")


class DelegateForm(PortalForm):
    """Who may sign in the leader's place, on which days and why."""

    deputy = SelectField("代签人", [DataRequired("请选择代签人。")])
    starts_on = DateField("开始日期", [DataRequired("请填写开始日期。")])
    ends_on = DateField("截止日期", [DataRequired("请填写截止日期。")])
    reason = StringField(
        "授权原因",
        [DataRequired("请填写授权原因。"), MaxLength(200)],
        description="例如：外出培训。",
    )

    def offer(self, people: Iterable[User]) -> None:
        """Fill the choice of deputies."""
        self.deputy.choices = [
            SelectChoice("", "请选择"),
            *(
                SelectChoice(str(one.id), f"{one.name}（{one.position or one.role.label}）")
                for one in people
            ),
        ]
