"""Forms of the agreement pages."""

from collections.abc import Sequence
from typing import Any

from wtforms import DateField, FileField, TextAreaField
from wtforms.validators import DataRequired

from portal.models import AgreementClause, AgreementRevision
from portal.policies.agreement_text import Article, Remark, required_keys
from portal.web.forms import MaxLength, PortalForm, keep_despite_warning

CLAUSE_LENGTH = 5000
REMARK_LENGTH = 1000


class EditAgreementForm(PortalForm):
    """Term and clauses on one page; :func:`edit_form` adds a field for each clause."""

    starts_on = DateField("起始日期", [DataRequired("请填写起始日期。")])
    ends_on = DateField("终止日期", [DataRequired("请填写终止日期。")])

    def bodies(self) -> dict[str, str]:
        """Return the texts by the key of their clause."""
        return {
            name.removeprefix("clause_"): field.data or ""
            for name, field in self._fields.items()
            if name.startswith("clause_")
        }

    def fill(self, revision: AgreementRevision) -> None:
        """Show the revision as it stands."""
        self.starts_on.data, self.ends_on.data = revision.starts_on, revision.ends_on
        for clause in revision.clauses:
            self[f"clause_{clause.key}"].data = clause.body


def edit_form(clauses: Sequence[AgreementClause]) -> EditAgreementForm:
    """Return the form with a text field ``clause_<key>`` for each clause."""
    required = required_keys()
    fields: dict[str, Any] = {
        f"clause_{clause.key}": TextAreaField(
            clause.title,
            [MaxLength(CLAUSE_LENGTH)],
            description="必备条款，可以修改，不能清空。"
            if clause.key in required
            else "可由双方协商删改；清空即不作约定。",
        )
        for clause in clauses
    }
    form: type[EditAgreementForm] = type("EditThisAgreementForm", (EditAgreementForm,), fields)
    return form()


class WithdrawForm(PortalForm):
    """Taking the agreement back from signing, with an optional word why."""

    comment = TextAreaField("撤回原因", [MaxLength(500)])


class AttachScanForm(PortalForm):
    """The signed and sealed scan."""

    file = FileField("签字盖章后的协议扫描件", description="PDF 或图片（JPG、PNG），一个文件。")
    despite_warning = keep_despite_warning()
    warned = False


class ReturnForm(PortalForm):
    """Why the agreement goes back; :func:`return_form` adds a remark for each article."""

    comment = TextAreaField(
        "退回意见",
        [MaxLength(2000)],
        description="写明需要修改的内容；对某一条的意见也可以写在该条下方，会一并退回。",
    )

    def remarks(self, articles: Sequence[Article]) -> list[Remark]:
        """Return what was said about single clauses."""
        said = [(a.clause.title, self[f"remark_{a.clause.key}"].data or "") for a in articles]
        return [Remark(title, text) for title, text in said if text]


def return_form(articles: Sequence[Article]) -> ReturnForm:
    """Return the form with a text field ``remark_<key>`` for each article."""
    fields: dict[str, Any] = {
        f"remark_{article.clause.key}": TextAreaField(
            f"对{article.label}的意见", [MaxLength(REMARK_LENGTH)]
        )
        for article in articles
    }
    form: type[ReturnForm] = type("ReturnThisAgreementForm", (ReturnForm,), fields)
    return form()
