"""Log in, log out, change one's password."""

from flask import flash, redirect, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from portal.blueprints.auth import bp
from portal.blueprints.auth.forms import ChangePasswordForm, LogInForm
from portal.errors import Rejected
from portal.models import User
from portal.services import accounts
from portal.web.accounts import actor, before_password, public
from portal.web.navigation import home_url
from portal.web.requests import leave_to, safe_next, writes, writes_refusals_too


@bp.route("/login", methods=["GET", "POST"])
@public
@writes_refusals_too
def log_in() -> Response | str | tuple[str, int]:
    """Show the log-in form, or log in and go where the visitor wanted to."""
    wanted = safe_next(request.values.get("next"), default="")
    if current_user.is_authenticated and request.method == "GET":
        return redirect(wanted or home_url(actor()))
    form = LogInForm()
    if form.validate_on_submit():
        try:
            user = accounts.log_in(form.username.data, form.password.data)
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            _begin_session(user)
            return leave_to(wanted or home_url(user))
    status = 422 if form.errors else 200
    return render_template("auth/login.html", form=form, next=wanted), status


def _begin_session(user: User) -> None:
    """Log ``user`` in with a fresh session, which ends after a time of idleness."""
    session.clear()
    session.permanent = True
    login_user(user)


@bp.post("/logout")
@before_password
@writes
def log_out() -> Response:
    """End this session."""
    accounts.log_out(actor())
    logout_user()
    session.clear()
    return leave_to(url_for("auth.log_in"))


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
            _begin_session(user)
            flash("密码已修改，其他设备上的登录已退出。", "success")
            return leave_to(home_url(user))
    status = 422 if form.errors else 200
    page = render_template("auth/password.html", form=form, forced=user.must_change_password)
    return page, status
