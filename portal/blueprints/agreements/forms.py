"""Forms of the agreement pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    FileField,
    SelectField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Optional

from portal.errors import Rejected
from portal.models import (
    AgreementClause,
    AgreementRemark,
    AgreementRevision,
    AnnexKind,
    Side,
)
from portal.policies.agreement_checks import ByEye
from portal.policies.agreement_text import Remark, articles, required_keys
from portal.web.forms import MaxLength, PortalForm, choices, keep_despite_warning

CLAUSE_LENGTH = 5000
REMARK_LENGTH = 1000


@dataclass(frozen=True)
class Place:
    """An article or an annex that a remark can be made on."""

    key: str
    title: str
    label: str = ""


def places_of(revision: AgreementRevision) -> list[Place]:
    """Return every article of ``revision`` and the annexes kept with it."""
    text = [Place(a.clause.key, a.clause.title, a.label) for a in articles(revision.clauses)]
    kept = {one.kind for one in revision.annexes}
    return text + [Place(k.remark_key, k.numbered) for k in AnnexKind if k in kept]


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

    def answers(self) -> dict[str, str]:
        """Return the answers by the key of the clause or annex that was remarked on."""
        return {
            name.removeprefix("answer_"): field.data or ""
            for name, field in self._fields.items()
            if name.startswith("answer_")
        }

    def fill(self, revision: AgreementRevision, remarks: Mapping[str, AgreementRemark]) -> None:
        """Show the revision as it stands, and what was answered so far."""
        for key, remark in remarks.items():
            self[f"answer_{key}"].data = remark.answer
        self.starts_on.data, self.ends_on.data = revision.starts_on, revision.ends_on
        for clause in revision.clauses:
            self[f"clause_{clause.key}"].data = clause.body


def edit_form(
    clauses: Sequence[AgreementClause], remarks: Mapping[str, AgreementRemark]
) -> EditAgreementForm:
    """Return the form with a text field ``clause_<key>`` for each clause, and a field
    ``answer_<key>`` for each remark of the last return."""
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
    for key, remark in remarks.items():
        fields[f"answer_{key}"] = TextAreaField(
            f"对“{remark.clause_title}”意见的答复", [MaxLength(REMARK_LENGTH)]
        )
    form: type[EditAgreementForm] = type("EditThisAgreementForm", (EditAgreementForm,), fields)
    return form()


class ClauseForm(PortalForm):
    """One clause, and the answer to what the centre asked for there."""

    body = TextAreaField("条款内容", [MaxLength(CLAUSE_LENGTH)])
    answer = TextAreaField(
        "对省中心意见的答复",
        [MaxLength(REMARK_LENGTH)],
        description="已按意见修改的可以不填；没有修改的须说明理由。重新报送后与修改一并显示。",
    )

    def fill(self, clause: AgreementClause, remark: AgreementRemark | None) -> None:
        """Show the clause as it stands."""
        self.body.data = clause.body
        self.answer.data = remark.answer if remark else ""


class WithdrawForm(PortalForm):
    """Taking the agreement back from signing, with an optional word why."""

    comment = TextAreaField("撤回原因", [MaxLength(500)])


class OrderForm(PortalForm):
    """In which order the two sides sign, chosen when signing is opened."""

    first = SelectField(
        "签署顺序", choices=choices(Side, blank="不限先后"), validators=[Optional()]
    )

    @property
    def side(self) -> Side | None:
        """The side that signs first; None where the order is free."""
        return next((side for side in Side if side.value == self.first.data), None)


class TakeBackForm(PortalForm):
    """Taking a submitted agreement back."""

    take_back_reason = TextAreaField(
        "撤回原因", [DataRequired("请填写撤回报送的原因。"), MaxLength(500)]
    )


class AttachScanForm(PortalForm):
    """The signed and sealed scan."""

    file = FileField("签字盖章后的协议扫描件", description="PDF 或图片（JPG、PNG），一个文件。")
    despite_warning = keep_despite_warning()
    warned = False


class FileForm(PortalForm):
    """Filing: what only the reviewer's eye can judge; the service asks for both ticks."""

    seal = BooleanField("已对照扫描件核对：双方已加盖单位公章")
    legible = BooleanField("已打开扫描件逐页查看：扫描件清晰可读")

    @property
    def checked(self) -> list[ByEye]:
        """The points that were ticked."""
        return [point for point in ByEye if self[point.value].data]


class ReturnForm(PortalForm):
    """Why the agreement goes back; :func:`return_form` adds a tick and a remark for each
    article and annex."""

    comment = TextAreaField(
        "退回意见",
        [MaxLength(2000)],
        description="写明总的修改要求；要退回的条款在正文中勾选并逐条写明理由，一并退回。",
    )

    def remarks(self, places: Sequence[Place]) -> list[Remark]:
        """Return what was said about the ticked clauses and annexes.

        Raises Rejected where something is ticked and nothing is said about it.
        """
        ticked = [one for one in places if self[f"return_{one.key}"].data]
        said = {one.key: (self[f"remark_{one.key}"].data or "").strip() for one in ticked}
        silent = {f"remark_{key}": "请写明退回的理由。" for key, text in said.items() if not text}
        if silent:
            raise Rejected(silent)
        return [Remark(one.title, said[one.key], one.key) for one in ticked]


def return_form(places: Sequence[Place]) -> ReturnForm:
    """Return the form with ``return_<key>`` and ``remark_<key>`` for each place."""
    fields: dict[str, Any] = {}
    for one in places:
        fields[f"return_{one.key}"] = BooleanField("退回本条" if one.label else "退回此项")
        fields[f"remark_{one.key}"] = TextAreaField(
            f"对{one.label or one.title}的意见", [MaxLength(REMARK_LENGTH)]
        )
    form: type[ReturnForm] = type("ReturnThisAgreementForm", (ReturnForm,), fields)
    return form()
