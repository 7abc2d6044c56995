"""Forms of the standards' page."""

from collections.abc import Sequence

from wtforms import (
    BooleanField,
    DecimalField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from portal.models import BaseKind, Comparison
from portal.services.standards import StandardEntry
from portal.web.forms import MaxLength, PortalForm, choices

LARGEST = 10**9


class StandardForm(PortalForm):
    """A standard of another edition."""

    key = SelectField("调研项目")
    title = StringField("标准名称", [DataRequired("请填写标准名称。"), MaxLength(200)])
    edition = StringField(
        "版本",
        [DataRequired("请填写版本。"), MaxLength(60)],
        description="如“全科专业基地评估指标2021年版”",
    )
    comparison = SelectField("要求", choices=choices(Comparison))
    low = DecimalField("标准值", [Optional(), NumberRange(0, LARGEST)], places=None)
    high = DecimalField(
        "上限", [Optional(), NumberRange(0, LARGEST)], places=None, description="只用于“介于”"
    )
    unit = StringField("单位", [MaxLength(20)])
    base_kinds = SelectMultipleField(
        "适用的基地类型",
        choices=choices(BaseKind),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        description="不选即适用于各类基地",
    )
    source = StringField(
        "来源",
        [DataRequired("请写明来源。"), MaxLength(200)],
        description="文件名称、文号和条目",
    )
    verified = BooleanField("已对照文件原文核实")
    note = TextAreaField("说明", [MaxLength(1000)])

    def offer(self, fields: Sequence[tuple[str, str]]) -> None:
        """Offer the fields of the current sheet."""
        self.key.choices = [SelectChoice(key, label) for key, label in fields]

    def entry(self) -> StandardEntry:
        """Return what the form says. Only after it was found valid."""
        return StandardEntry(
            key=self.key.data,
            edition=self.edition.data,
            title=self.title.data,
            comparison=Comparison(self.comparison.data),
            low=self.low.data,
            high=self.high.data,
            unit=self.unit.data or "",
            base_kinds=tuple(self.base_kinds.data or ()),
            source=self.source.data,
            verified=self.verified.data,
            note=self.note.data or "",
        )


class VerifyForm(PortalForm):
    """Which official text the number was compared with."""

    source = StringField(
        "核对的文件", [DataRequired("请写明核对的文件名称和位置。"), MaxLength(200)]
    )
