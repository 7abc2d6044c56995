"""Log in, log out, change one's password."""

from flask import flash, redirect, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from portal.blueprints.auth import bp
from portal.blueprints.auth.forms import ChangePasswordForm, LogInForm
from portal.errors import Rejected
from portal.services import accounts
from portal.web.accounts import actor, before_password, public
from portal.web.requests import leave_to, safe_next, writes, writes_refusals_too
from portal.workflow import record


@bp.route("/login", methods=["GET", "POST"])
@public
@writes_refusals_too
def log_in() -> Response | str | tuple[str, int]:
    """Show the log-in form, or log in and go where the visitor wanted to."""
    wanted = safe_next(request.values.get("next"))
    if current_user.is_authenticated and request.method == "GET":
        return redirect(wanted)
    form = LogInForm()
    if form.validate_on_submit():
        try:
            user = accounts.log_in(form.username.data, form.password.data)
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            session.clear()
            login_user(user)
            return leave_to(wanted)
    status = 422 if form.errors else 200
    return render_template("auth/login.html", form=form, next=wanted), status


@bp.post("/logout")
@before_password
@writes
def log_out() -> Response:
    """End this session."""
    user = actor()
    record(user, "user", action="log_out", title="退出登录", actor=user)
    logout_user()
    session.clear()
    return leave_to(url_for("auth.log_in"))


@bp.route("/account/password", methods=["GET", "POST"])
@before_password
@writes
def change_password() -> Response | str | tuple[str, int]:
    """Let the visitor set a new password; forced at the first log-in of an issued account."""
    user, form = actor(), ChangePasswordForm()
    if form.validate_on_submit():
        try:
            accounts.change_password(user, current=form.current.data, new=form.new.data)
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            login_user(user)
            flash("密码已修改，其他设备上的登录已退出。", "success")
            return leave_to("/")
    status = 422 if form.errors else 200
    page = render_template("auth/password.html", form=form, forced=user.must_change_password)
    return page, status
