"""Forms of the programme pages."""

from collections.abc import Iterable
from decimal import Decimal

from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    FieldList,
    Form,
    FormField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional, ValidationError

from portal.models import Scheme, VerificationPolicy
from portal.services.programmes import Band, ProgrammeFields
from portal.web.forms import LineForm, MaxLength, PortalForm, choices

SPARE_BANDS = 2
PLACES = Decimal("0.01")


def two_places(_form: Form, field: DecimalField) -> None:
    """Refuse what is no plain number of at most two decimal places."""
    value = field.data
    if value is None:
        return
    if not value.is_finite() or abs(value) >= 1000:
        raise ValidationError("请填写 0 至 100 之间的数。")
    if value != value.quantize(PLACES):
        raise ValidationError("最多两位小数。")


class BandForm(LineForm):
    """One line of the bonus table. A line with both empty does not count."""

    min_score = DecimalField("考核得分不低于", [Optional(), two_places], places=2)
    points = DecimalField("加分", [Optional(), two_places], places=2)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed into the line."""
        return not any((raw or "").strip() for f in self for raw in f.raw_data or [""])


class EditProgrammeForm(PortalForm):
    """A programme, to be made or changed."""

    name = StringField("名称", [DataRequired("请填写名称。"), MaxLength(100)])
    document = StringField("文件名称", [DataRequired("请填写文件名称。"), MaxLength(200)])
    basis = StringField("依据", [MaxLength(200)])
    issued_on = DateField("印发日期", [Optional()])
    starts_on = DateField("开始日期", [DataRequired("请填写开始日期。")])
    ends_on = DateField("结束日期", [DataRequired("请填写结束日期。")])
    filing_deadline = DateField("协议备案截止日", [DataRequired("请填写协议备案截止日。")])
    meeting_interval_months = IntegerField(
        "领导小组会议间隔（月）",
        [InputRequired("请填写会议间隔。"), NumberRange(1, 12, "会议间隔应为 1 至 12 个月。")],
        default=3,
    )
    verification = SelectField("省中心核验范围", choices=choices(VerificationPolicy))
    sample_percent = IntegerField(
        "其余任务抽查比例（%）",
        [InputRequired("请填写抽查比例。"), NumberRange(0, 100, "抽查比例应为 0 至 100。")],
        default=20,
    )
    scheme_id = SelectField("年度考核指标", coerce=int, default=0)
    bonus_enabled = BooleanField("将考核结果计入帮扶方绩效考核加分")
    bands = FieldList(FormField(BandForm), label="加分表")

    def offer(self, schemes: Iterable[Scheme]) -> None:
        """Offer the editions of the scoring scheme."""
        known = [SelectChoice(scheme.id, scheme.title) for scheme in schemes]
        self.scheme_id.choices = [SelectChoice(0, "暂不选定"), *known]

    def validate_bands(self, field: FieldList) -> None:
        """Ask for both figures of a line."""
        for number, line in enumerate(field, start=1):
            row = line.form
            if (
                not row.is_empty
                and not row.errors
                and None in (row.min_score.data, row.points.data)
            ):
                raise ValidationError(f"第 {number} 档请同时填写得分和加分。")

    def fill(self, fields: ProgrammeFields) -> None:
        """Show what the programme says."""
        for name, value in vars(fields).items():
            if name == "scheme_id":
                self.scheme_id.data = value or 0
            elif name != "bands":
                self[name].data = value
        self.show_bands(fields.bands)

    def show_bands(self, bands: Iterable[Band]) -> None:
        """Show the bonus table and two spare lines."""
        for band in bands:
            self.bands.append_entry({"min_score": band.min_score, "points": band.points})
        for _ in range(SPARE_BANDS):
            self.bands.append_entry()

    def fields(self) -> ProgrammeFields:
        """Return what was typed. Only after validate()."""
        return ProgrammeFields(
            name=self.name.data,
            document=self.document.data,
            basis=self.basis.data or "",
            issued_on=self.issued_on.data,
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            filing_deadline=self.filing_deadline.data,
            meeting_interval_months=self.meeting_interval_months.data,
            verification=VerificationPolicy(self.verification.data),
            sample_percent=self.sample_percent.data,
            bonus_enabled=self.bonus_enabled.data,
            scheme_id=self.scheme_id.data or None,
            bands=[
                Band(line.form.min_score.data, line.form.points.data)
                for line in self.bands
                if not line.form.is_empty
            ],
        )


class ImportTableForm(PortalForm):
    """A file, or text pasted from a document."""

    file = FileField("结对表文件", description="支持 .xlsx 和 .docx，不超过 5 MB。")
    text = TextAreaField(
        "或粘贴表格内容",
        [MaxLength(100_000)],
        description="从 Word、Excel、WPS 或网页中选中整个表格（含表头）复制，粘贴到这里。",
    )

    def validate_text(self, field: TextAreaField) -> None:
        """Ask for one of the two."""
        if not field.data and not self.file.data:
            raise ValidationError("请选择文件，或粘贴表格内容。")
