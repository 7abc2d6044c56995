"""Forms of the templates' pages."""

from flask_wtf.file import FileField
from wtforms import StringField
from wtforms.validators import ValidationError

from portal.documents.official import limits
from portal.models import OutputFormat
from portal.web.forms import MaxLength, PortalForm

ENDINGS = {OutputFormat.DOCX: ".docx", OutputFormat.PDF: ".typ"}


class AddTemplateForm(PortalForm):
    """A new version of one template."""

    file = FileField("模板文件")
    note = StringField("修改说明", [MaxLength(200)], description="例如：按省中心版头调整。")

    def __init__(self, fmt: OutputFormat) -> None:
        super().__init__()
        self._ending = ENDINGS[fmt]
        self._largest = limits.TEMPLATE if fmt is OutputFormat.DOCX else limits.TEXT_TEMPLATE
        self.file.description = f"{self._ending} 文件，不超过 {self._largest // 1024} KB。"
        self.content = b""

    def validate_file(self, field: FileField) -> None:
        """Ask for a file of the right name and size; its content is tried out afterwards."""
        if not field.data or not field.data.filename:
            raise ValidationError("请选择模板文件。")
        if not field.data.filename.lower().endswith(self._ending):
            raise ValidationError(f"请上传 {self._ending} 文件。")
        self.content = field.data.stream.read(self._largest + 1)
        field.data.close()
        if len(self.content) > self._largest:
            raise ValidationError(f"模板不能超过 {self._largest // 1024} KB。")
        if self._ending == ".typ":
            try:
                self.content.decode("utf-8")
            except UnicodeDecodeError:
                raise ValidationError("模板应为 UTF-8 编码的文本文件。") from None
