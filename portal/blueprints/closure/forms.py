"""Forms of those who decide. Their field names differ, because one page shows several.

The application itself is the task page's form (blueprints.tasks.forms.SubmitEvidenceForm).
"""

from typing import Any

from wtforms import SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice

from portal.reference_data import load
from portal.services.closure import MAX_TEXT
from portal.web.forms import MaxLength, PortalForm


def _common(kind: str) -> list[SelectChoice]:
    """Return the common reasons of the data file as choices."""
    reasons = load("return_reasons")[kind]
    return [SelectChoice("", "选择常见理由"), *(SelectChoice(one, one) for one in reasons)]


class ApproveForm(PortalForm):
    """Confirm or verify, with a remark if there is one."""

    comment = TextAreaField("意见（可不填）", [MaxLength(MAX_TEXT)], id="closure-comment")


class ReturnForm(PortalForm):
    """Why it goes back: a common reason, own words, or both."""

    common_reason = SelectField(
        "常见理由", choices=_common("return"), default="", id="closure-common-reason"
    )
    reason = TextAreaField(
        "退回理由",
        [MaxLength(MAX_TEXT)],
        description="写明需要补充或修改什么，对方据此修改。",
        id="closure-reason",
    )

    @property
    def text(self) -> str:
        """Both parts in one."""
        return _joined(self.common_reason.data, self.reason.data)


class ReopenForm(PortalForm):
    """What the look-back found."""

    common_finding = SelectField(
        "常见问题", choices=_common("look_back"), default="", id="closure-finding"
    )
    reopen_reason = TextAreaField(
        "发现的问题",
        [MaxLength(MAX_TEXT)],
        description="作为重启任务的理由，对方据此整改。",
        id="closure-reopen-reason",
    )

    @property
    def text(self) -> str:
        """Both parts in one."""
        return _joined(self.common_finding.data, self.reopen_reason.data)


class LookBackForm(PortalForm):
    """What the look-back saw, if there is something to say."""

    lookback_comment = TextAreaField(
        "回头看情况（可不填）", [MaxLength(MAX_TEXT)], id="closure-lookback-comment"
    )


def _joined(*parts: str | None) -> str:
    return "\n".join(part for part in parts if part)


class ClosureForms:
    """The forms of one page, each made when the template asks for it.

    A refused form is handed in under its name, and comes back with its errors and all that
    was typed.
    """

    def __init__(self, **bound: PortalForm) -> None:
        self._bound = bound

    def has(self, name: str) -> bool:
        """Whether the form of that name came back, and so must be open."""
        return name in self._bound

    @property
    def approve(self) -> Any:
        """The form behind 确认 and 核验通过."""
        return self._bound.get("approve") or ApproveForm()

    @property
    def send_back(self) -> Any:
        """The form behind 退回."""
        return self._bound.get("send_back") or ReturnForm()

    @property
    def reopen(self) -> Any:
        """The form behind 回头看不通过."""
        return self._bound.get("reopen") or ReopenForm()

    @property
    def look_back(self) -> Any:
        """The form behind 回头看通过."""
        return self._bound.get("look_back") or LookBackForm()
