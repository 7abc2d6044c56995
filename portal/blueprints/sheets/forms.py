"""The form that sends a workbook back."""

from collections.abc import Sequence

from flask_wtf.file import FileField
from wtforms import SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from portal.models import Pairing
from portal.web.forms import PortalForm


class UploadSheetForm(PortalForm):
    """A workbook, and for a plan the pairings it may touch.

    The ids are checked against what the viewer may import into, not against a list of choices: a
    foreign pairing is a thing that does not exist.
    """

    file = FileField("表格文件", description="支持 .xlsx、.xls 和 .csv，不超过 10 MB、10,000 行。")
    pairing = SelectMultipleField("导入到哪些结对", coerce=int, validate_choice=False, choices=[])

    def offer(self, pairings: Sequence[Pairing]) -> None:
        """Offer these pairings."""
        self.pairing.choices = [SelectChoice(one.id, one.title) for one in pairings]

    def validate_file(self, field: FileField) -> None:
        """Ask for the file."""
        if not field.data:
            raise ValidationError("请选择要上传的表格文件。")
