"""Before another way into an account is added: that it is the owner who asks."""

from datetime import timedelta
from typing import TypeVar

from wtforms import PasswordField
from wtforms.validators import DataRequired

from portal import clock
from portal.errors import StepRefused
from portal.services.accounts import check_owner
from portal.web.accounts import actor, present_session
from portal.web.forms import MaxLength, PortalForm

FRESH = timedelta(minutes=10)
"""How recent a log-in by a service must be to stand in for the password."""

NOT_FRESH = "您是用统一身份登录的。请先退出，再用统一身份重新登录，10 分钟内办理这一步。"


class OwnerForm(PortalForm):
    """The password once more."""

    password = PasswordField("当前密码", [DataRequired("请填写当前密码。"), MaxLength(200)])


AnyOwnerForm = TypeVar("AnyOwnerForm", bound=OwnerForm)


def owner_form(kind: type[AnyOwnerForm]) -> AnyOwnerForm:
    """Return the form, without the password's field for those who came in by a service.

    They may never have had a password.
    """
    form, present = kind(), present_session()
    if present is not None and present.way != "password":
        del form.password
    return form


def prove_owner(form: OwnerForm) -> None:
    """Ask the password; of whoever came in by a log-in service, that it was just now.

    Raises Rejected, whose count must be committed, or StepRefused.
    """
    if (present := present_session()) is not None and present.way != "password":
        if clock.now() - present.created_at > FRESH:
            raise StepRefused(NOT_FRESH)
        return
    check_owner(actor(), form.password.data or "")
