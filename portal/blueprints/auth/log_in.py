"""Log in and out."""

from flask import redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.blueprints.auth import bp
from portal.blueprints.auth.forms import LogInForm
from portal.errors import Rejected
from portal.services import accounts
from portal.web import audit
from portal.web.accounts import actor, before_password, public
from portal.web.landing import landing_for
from portal.web.requests import leave_to, safe_next, writes, writes_refusals_too
from portal.web.sign_in import come_in, leave


@bp.route("/login", methods=["GET", "POST"])
@public
@writes_refusals_too
def log_in() -> Response | str | tuple[str, int]:
    """Show the log-in form, or log in and go where the visitor wanted to."""
    wanted = safe_next(request.values.get("next"), default="")
    if current_user.is_authenticated and request.method == "GET":
        return redirect(landing_for(actor(), wanted))
    form = LogInForm()
    if form.validate_on_submit():
        try:
            user = accounts.check_password(form.username.data, form.password.data)
        except Rejected as refusal:
            audit.note_refusal("登录失败：无此用户，或账号已锁定")
            form.add_errors(refusal.fields)
        else:
            return come_in(user, wanted=wanted)
    status = 422 if form.errors else 200
    return render_template("auth/login.html", form=form, next=wanted), status


@bp.post("/logout")
@before_password
@writes
def log_out() -> Response:
    """End this session."""
    leave()
    return leave_to(url_for("auth.log_in"))
