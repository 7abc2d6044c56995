"""The base of every form: Chinese messages, trimmed text, errors from the rules."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import BooleanField, Form, PasswordField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from portal.models import LabelledEnum
from portal.plain_text import printable


def trimmed(value: Any) -> Any:
    """Return text without the space around it, and without control characters."""
    return printable(value).strip() if isinstance(value, str) else value


class Habits:
    """What every form does: Chinese messages without Flask-Babel, and trimmed text."""

    locales = ("zh",)

    def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
        """Trim every text field, so that a blank is no answer."""
        kind = unbound_field.field_class
        if issubclass(kind, StringField) and not issubclass(kind, PasswordField):
            own = unbound_field.kwargs.get("filters", ())
            unbound_field.kwargs["filters"] = [f for f in own if f is not trimmed] + [trimmed]
        return unbound_field.bind(form=form, **options)


class LineForm(Form):
    """One line of a FieldList: the habits of a form without a token of its own."""

    class Meta(Habits):
        """Chinese messages, trimmed text."""


class PortalForm(FlaskForm):
    """A form whose own messages are Chinese."""

    form_errors: list[str]

    class Meta(Habits, FlaskForm.Meta):
        """Chinese messages, trimmed text, and no other body than that of a form."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Read what a form sent. JSON, which Flask-WTF would read, may be of any shape."""
            asked = formdata is not None and not hasattr(formdata, "getlist")
            if asked and request.is_json:
                return None
            return super().wrap_formdata(form, formdata)

    def add_errors(self, fields: Mapping[str, str]) -> None:
        """Put the sentences of a Rejected beside their fields; unknown names go on top."""
        for name, sentence in fields.items():
            if name in self:
                self[name].errors = [*self[name].errors, sentence]
            else:
                self.form_errors = [*self.form_errors, sentence]


def choices(members: Iterable[LabelledEnum], *, blank: str | None = None) -> list[SelectChoice]:
    """Return the choices of a select field: slug and label of each member.

    ``blank`` adds a first choice with an empty value and that label.
    """
    first = [] if blank is None else [SelectChoice("", blank)]
    return [*first, *(SelectChoice(member.value, member.label) for member in members)]


def keep_despite_warning() -> BooleanField:
    """Return the box by which a file is kept though it holds numbers of people.

    Drawn only in a form that was refused for it.
    """
    return BooleanField(
        "其中的个人信息确需保留，仍然保存", description="请重新选择这个文件，勾选后再次上传。"
    )


class MaxLength:
    """Refuse text longer than ``limit`` characters, saying how many there are."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.field_flags = {"maxlength": limit}

    def __call__(self, form: Any, field: Any) -> None:
        length = len(field.data or "")
        if length > self.limit:
            raise ValidationError(f"最多 {self.limit} 个字，现有 {length} 个字。")


class PasswordLength(MaxLength):
    """The same of a password, which nobody sees: a browser must not cut it without a word."""

    def __init__(self, limit: int = 200) -> None:
        super().__init__(limit)
        self.field_flags = {}
