"""Forms of extensions."""

from wtforms import DateField, SelectField, TextAreaField
from wtforms.validators import DataRequired, InputRequired

from portal.models import ExtensionReason
from portal.services.extensions import MAX_REASON
from portal.web.forms import MaxLength, PortalForm, choices


class RequestExtensionForm(PortalForm):
    """Until when, and why."""

    to_due_on = DateField("新的完成时限", [InputRequired("请填写新的完成时限，如 2021-06-30。")])
    reason_class = SelectField(
        "延期事由",
        [DataRequired("请选择延期事由。")],
        choices=choices(ExtensionReason, blank="请选择"),
    )
    reason = TextAreaField(
        "具体理由",
        [DataRequired("请写明延期理由。"), MaxLength(MAX_REASON)],
        description="写明现在进展到哪里、为什么赶不上原时限、接下来怎样保证按新时限完成。",
    )


class GrantExtensionForm(PortalForm):
    """A remark to what is granted."""

    comment = TextAreaField("审批意见（可不填）", [MaxLength(MAX_REASON)])


class RefuseExtensionForm(PortalForm):
    """Why it is refused."""

    reason = TextAreaField(
        "不同意的理由", [DataRequired("请填写不同意延期的理由。"), MaxLength(MAX_REASON)]
    )
