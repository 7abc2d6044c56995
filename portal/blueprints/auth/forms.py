"""Forms of the log-in pages."""

from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo

from portal.web.forms import MaxLength, PasswordLength, PortalForm
from portal.web.ownership import OwnerForm


class LogInForm(PortalForm):
    """User name and password."""

    username = StringField("用户名", [DataRequired("请填写用户名。"), MaxLength(64)])
    password = PasswordField("密码", [DataRequired("请填写密码。"), PasswordLength()])


class CodeForm(PortalForm):
    """A code of the authenticator app, or one of the recovery codes."""

    code = StringField("验证码", [DataRequired("请填写验证码。"), MaxLength(20)])


class FirstCodeForm(OwnerForm, CodeForm):
    """The first code, with the password."""


class ChangePasswordForm(PortalForm):
    """The old password, and the new one twice."""

    current = PasswordField("当前密码", [DataRequired("请填写当前密码。"), PasswordLength()])
    new = PasswordField("新密码", [DataRequired("请填写新密码。"), PasswordLength()])
    again = PasswordField(
        "再次输入新密码",
        [DataRequired("请再输入一次新密码。"), EqualTo("new", "两次输入的新密码不一致。")],
    )
