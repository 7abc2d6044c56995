"""The form by which a new account gets its first password."""

from wtforms import PasswordField
from wtforms.validators import DataRequired, EqualTo

from portal.web.forms import PasswordLength, PortalForm


class FirstPasswordForm(PortalForm):
    """The first password, twice."""

    new = PasswordField("设置密码", [DataRequired("请设置密码。"), PasswordLength()])
    again = PasswordField(
        "再次输入密码",
        [DataRequired("请再输入一次密码。"), EqualTo("new", "两次输入的密码不一致。")],
    )
