"""Change one's password."""

from flask import flash, render_template
from werkzeug.wrappers import Response

from portal.blueprints.auth import bp
from portal.blueprints.auth.forms import ChangePasswordForm
from portal.errors import Rejected
from portal.services import accounts
from portal.web.accounts import actor, before_password
from portal.web.navigation import home_url
from portal.web.requests import leave_to, writes_refusals_too
from portal.web.sign_in import go_on


@bp.route("/account/password", methods=["GET", "POST"])
@before_password
@writes_refusals_too
def change_password() -> Response | str | tuple[str, int]:
    """Let the visitor set a new password; forced at the first log-in of an issued account."""
    user, form = actor(), ChangePasswordForm()
    if form.validate_on_submit():
        try:
            accounts.change_password(user, current=form.current.data, new=form.new.data)
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            go_on(user)
            flash("密码已修改，其他设备上的登录已退出。", "success")
            return leave_to(home_url(user))
    status = 422 if form.errors else 200
    page = render_template("auth/password.html", form=form, forced=user.must_change_password)
    return page, status
